"""The endpoints through which a network reaches AWS, and whom they let through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from ._package_buckets import package_objects
from .network_use_case import EndpointService

_HTTPS = 443


class Endpoints(Construct):
    """Defines gateway and interface endpoints with policies: own principals, own resources.

    Credentials of another account lead nowhere from the network, so nothing can be carried out
    with them.

    Source: "Control access to VPC endpoints using endpoint policies" in the PrivateLink guide;
    "Amazon S3 bucket policies" of Amazon ECR's guide to interface endpoints, for image layers.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        cidrs: Sequence[str],
        services: Sequence[EndpointService],
        dynamodb: bool,
        cloudformation: bool,
        packages: bool,
        accounts: Sequence[str],
    ) -> None:
        """Creates the endpoints.

        Args:
            vpc: the network.
            cidrs: addresses from which alone the interface endpoints are reached: the network's
                first.
            services: the interface endpoints.
            dynamodb: whether there is a gateway endpoint for DynamoDB beside the one for S3.
            cloudformation: whether functions in the network may answer CloudFormation.
            packages: whether what CodeArtifact keeps in buckets of AWS can be read.
            accounts: whose principals may pass, and in S3 and DynamoDB whose resources.
        """
        super().__init__(scope, construct_id)
        self._vpc = vpc
        self._own_principals = {"aws:PrincipalAccount": list(accounts)}
        self._own = {**self._own_principals, "aws:ResourceAccount": list(accounts)}
        self._cloudformation, self._packages = cloudformation, packages
        self._gateway("S3", ec2.GatewayVpcEndpointAwsService.S3, "s3:*")
        if dynamodb:
            self._gateway("DynamoDb", ec2.GatewayVpcEndpointAwsService.DYNAMODB, "dynamodb:*")
        if services:
            group = self._security_group(cidrs)
            for service in services:
                self._interface(service, group)

    def _gateway(
        self, construct_id: str, service: ec2.GatewayVpcEndpointAwsService, actions: str
    ) -> None:
        endpoint = ec2.GatewayVpcEndpoint(self, construct_id, vpc=self._vpc, service=service)
        endpoint.add_to_policy(_allow(actions, conditions={"StringEquals": self._own}))
        if construct_id == "S3":
            for statement in self._buckets_of_aws():
                endpoint.add_to_policy(statement)

    def _buckets_of_aws(self) -> list[iam.PolicyStatement]:
        """Image layers of ECR, and models of JumpStart, lie in buckets of AWS; answers go there."""
        stack = cdk.Stack.of(self)
        layers = f"prod-{stack.region}-starport-layer-bucket"
        models = f"jumpstart-cache-prod-{stack.region}"
        objects = [f"arn:{stack.partition}:s3:::{bucket}/*" for bucket in (layers, models)]
        models_arn = f"arn:{stack.partition}:s3:::{models}"
        statements = [
            _allow("s3:GetObject", resources=objects),
            _allow("s3:ListBucket", resources=[models_arn]),
        ]
        if self._cloudformation:
            # "Access CloudFormation using an interface endpoint": a region without its hyphens.
            region = cdk.Fn.join("", cdk.Fn.split("-", stack.region))
            answers = f"cloudformation-custom-resource-response-{region}"
            arn = f"arn:{stack.partition}:s3:::{answers}/*"
            statements.append(_allow("s3:PutObject", resources=[arn]))
        if self._packages and (packages := package_objects(stack)):
            statements.append(_allow("s3:GetObject", resources=packages))
        return statements

    def _interface(self, service: EndpointService, group: ec2.ISecurityGroup) -> None:
        endpoint = ec2.InterfaceVpcEndpoint(
            self,
            service.name,
            vpc=self._vpc,
            service=service.service,
            security_groups=[group],
            open=False,  # the group says who may come
            private_dns_enabled=True,
        )
        if service.restricted:
            endpoint.add_to_policy(_allow("*", conditions={"StringEquals": self._own_principals}))

    def _security_group(self, cidrs: Sequence[str]) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=self._vpc,
            description="Interface endpoints of AWS services",
            allow_all_outbound=False,
        )
        own, *others = cidrs
        group.add_ingress_rule(
            ec2.Peer.ipv4(own), ec2.Port.tcp(_HTTPS), "HTTPS from the network itself"
        )
        for other in others:
            group.add_ingress_rule(
                ec2.Peer.ipv4(other), ec2.Port.tcp(_HTTPS), "HTTPS from a network that was named"
            )
        return group


def _allow(
    actions: str, *, resources: Sequence[str] = ("*",), conditions: dict[str, Any] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.AnyPrincipal()],
        actions=[actions],
        resources=list(resources),
        conditions=conditions or {},
    )
