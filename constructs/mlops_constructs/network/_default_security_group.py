"""Closing of the default security group of a VPC."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_constructs._findings import acknowledge, seldom_called_function

from ._function_network import (
    DESCRIBE_ACTIONS,
    INTERFACE_ACTIONS,
    INTERFACES_REASON,
    interface_resources,
    placed_in,
    wait_for_network,
)
from ._service_role import network_service_role
from .network_base import NetworkBase

_CODE = Path(__file__).parent / "runtime" / "close_default_security_group.py"

# The names by which cdk-nag recognizes that the group is closed: those of the CDK's function, which
# uses Node.js, shares one role in a stack and has an inline policy.
_CONSTRUCT_ID = "RestrictDefaultSecurityGroupCustomResource"
_ROLE = "DefaultSecurityGroupRole"
_RESOURCE_TYPE = "Custom::VpcRestrictDefaultSG"

_OUTSIDE = "the function calls only the API of EC2 and uses no resource in the network"


def close_default_security_group(
    scope: Construct, vpc: ec2.CfnVPC, key: kms.IKey, *, network: NetworkBase | None
) -> None:
    """Closes the default security group of a VPC when the VPC is created; `key` encrypts the logs.

    CloudFormation has no resource type for the group, so a function removes its rules, in `network`
    or, without one, outside of any VPC; its role allows nothing else (ADR 7).
    """
    group_arn = cdk.Stack.of(scope).format_arn(
        service="ec2", resource="security-group", resource_name=vpc.attr_default_security_group
    )
    log = logs.LogGroup(
        scope,
        "DefaultSecurityGroupLog",
        encryption_key=key,
        retention=logs.RetentionDays.THREE_MONTHS,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    role = network_service_role(
        scope,
        _ROLE,
        service="lambda.amazonaws.com",
        description="Lambda: closes the default security group of a VPC",
        statements=[
            iam.PolicyStatement(
                actions=["ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"],
                resources=[group_arn],
            ),
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[log.log_group_arn],
            ),
            *(_attaching(scope) if network else []),
        ],
    )
    if network:
        _acknowledge_attaching(scope)
    function = lambda_.Function(
        scope,
        "DefaultSecurityGroupFunction",
        description="Closes the default security group of a VPC",
        runtime=lambda_.Runtime.PYTHON_3_14,
        handler="index.handler",
        code=lambda_.Code.from_inline(_CODE.read_text()),
        role=role.without_policy_updates(),
        log_group=log,
        timeout=cdk.Duration.minutes(1),
        memory_size=256,
        **placed_in(network),
    )
    wait_for_network(function, network)
    acknowledge(
        function,
        seldom_called_function(
            concurrency="CloudFormation invokes the function once per deployment",
            dead_letters="the function responds to CloudFormation with its error",
            tracing="the function makes two calls when a network is created, which it logs",
            outside=_OUTSIDE if network is None else None,
        ),
    )
    cdk.CustomResource(
        scope,
        _CONSTRUCT_ID,
        resource_type=_RESOURCE_TYPE,
        service_token=function.function_arn,
        service_timeout=cdk.Duration.minutes(5),
        properties={"DefaultSecurityGroupId": vpc.attr_default_security_group},
    )


def _attaching(scope: Construct) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            actions=list(INTERFACE_ACTIONS), resources=[interface_resources(scope)]
        ),
        iam.PolicyStatement(actions=list(DESCRIBE_ACTIONS), resources=["*"]),
    ]


def _acknowledge_attaching(scope: Construct) -> None:
    stack = cdk.Stack.of(scope)
    # In the notation of the packs; a feature flag makes the partition known.
    partition, region, account = (
        f"<AWS::{name}>" if cdk.Token.is_unresolved(value) else value
        for name, value in (
            ("Partition", stack.partition),
            ("Region", stack.region),
            ("AccountId", stack.account),
        )
    )
    acknowledge(
        scope.node.find_child(f"{_ROLE}Permissions"),
        {
            f"AwsSolutions-IAM5[Resource::{resource}]": INTERFACES_REASON
            for resource in ("*", f"arn:{partition}:ec2:{region}:{account}:*/*")
        },
    )
