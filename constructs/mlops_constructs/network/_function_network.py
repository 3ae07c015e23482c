"""Functions that CloudFormation calls, inside of a network.

An organisation may demand that each function is in a VPC. Inside, a function calls AWS and answers
CloudFormation through the network's endpoints, so these have to be there before the function and
longer than it. Its log takes no endpoint: Lambda writes it from outside.
"""

from __future__ import annotations

from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct

from .network_base import NetworkBase

INTERFACE_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda does with a function's role to attach it to a network; on `interface_resources`."""

LOOK_ACTIONS = (
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
"""What it looks at; the authorisation reference has no resource level for it."""

_WAYS = (
    "AWS::EC2::Route",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCEndpoint",
)
INTERFACES_REASON = "Lambda numbers the interfaces, and asks for all resources to delete one"


def interface_resources(scope: IConstruct) -> str:
    """The resources of `INTERFACE_ACTIONS`, for a function of the stack of `scope`.

    Source: "Giving Lambda functions access to resources in an Amazon VPC" in Lambda's guide.
    """
    return cdk.Stack.of(scope).format_arn(service="ec2", resource="*", resource_name="*")


def placed_in(network: NetworkBase | None) -> dict[str, Any]:
    """The parameters of a `lambda_.Function` that place it; none for None."""
    if network is None:
        return {}
    return {
        "vpc": network.vpc,
        "vpc_subnets": network.subnet_selection,
        "security_groups": network.security_groups,
    }


def wait_for_network(function: lambda_.Function, network: NetworkBase | None) -> None:
    """Makes the function after what it is reached and heard through, and deletes it before.

    It waits for nothing else: the CDK would have it wait for its role, which the role's ARN in it
    does already.
    """
    resource = cast(lambda_.CfnFunction, function.node.default_child)
    own_stack = resource.stack.node.addr
    ways = [
        way.logical_id
        for construct in (network.ways_to_aws if network else ())
        for way in construct.node.find_all()
        if isinstance(way, cdk.CfnResource)
        and way.cfn_resource_type in _WAYS
        # References to the subnets make a stack wait for the stack of its network.
        and way.stack.node.addr == own_stack
    ]
    if ways:
        resource.add_override("DependsOn", ways)
    else:
        resource.add_deletion_override("DependsOn")
