"""VPC endpoints of a network, and their policies."""

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
    """Defines VPC endpoints that allow only the account's principals and resources.

    Credentials of another account do not work from the network, so data cannot be exfiltrated with
    them.

    Args:
        vpc: VPC of the endpoints.
        cidrs: CIDR blocks that reach the interface endpoints: the network's own first.
        services: interface endpoints.
        dynamodb: True adds the gateway endpoint of DynamoDB.
        cloudformation: True if functions in the network respond to CloudFormation.
        packages: True if packages in CodeArtifact's buckets are readable.
        accounts: accounts whose principals are allowed, and for S3 and DynamoDB whose resources.

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
        """Allows buckets of AWS: ECR layers, JumpStart models and CloudFormation responses."""
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
            responses = f"cloudformation-custom-resource-response-{region}"
            arn = f"arn:{stack.partition}:s3:::{responses}/*"
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
            open=False,  # the security group restricts the sources
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
