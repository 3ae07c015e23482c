"""Lambda functions of custom resources in a network.

An organization may require that each function is in a VPC. There it calls AWS and CloudFormation
through the network's endpoints, which must exist before the function and be deleted after it. Its
logs require no endpoint: Lambda writes them from outside.
"""

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
"""Actions with which Lambda attaches a function to a network; on `interface_resources`."""

DESCRIBE_ACTIONS = (
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
"""Read actions of Lambda, which have no resource level."""

_CONNECTIVITY_TYPES = (
    "AWS::EC2::Route",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCEndpoint",
)
INTERFACES_REASON = "Lambda generates the ids of interfaces, and deletes them on all resources"


def interface_resources(scope: IConstruct) -> str:
    """Returns the resources of `INTERFACE_ACTIONS` for a function of the stack of `scope`.

    Source: "Giving Lambda functions access to resources in an Amazon VPC" in Lambda's guide.
    """
    return cdk.Stack.of(scope).format_arn(service="ec2", resource="*", resource_name="*")


def placed_in(network: NetworkBase | None) -> dict[str, Any]:
    """Returns the VPC parameters of a `lambda_.Function`; none without a network."""
    if network is None:
        return {}
    return {
        "vpc": network.vpc,
        "vpc_subnets": network.subnet_selection,
        "security_groups": network.security_groups,
    }


def wait_for_network(function: lambda_.Function, network: NetworkBase | None) -> None:
    """Makes the function depend on the routes and endpoints of its network.

    It depends on nothing else: the CDK would add a dependency on its role, which the ARN of the
    role already implies.
    """
    resource = cast(lambda_.CfnFunction, function.node.default_child)
    own_stack = resource.stack.node.addr
    dependencies = [
        resource_.logical_id
        for construct in (network.aws_connectivity if network else ())
        for resource_ in construct.node.find_all()
        if isinstance(resource_, cdk.CfnResource)
        and resource_.cfn_resource_type in _CONNECTIVITY_TYPES
        # References to the subnets make a stack wait for the stack of its network.
        and resource_.stack.node.addr == own_stack
    ]
    if dependencies:
        resource.add_override("DependsOn", dependencies)
    else:
        resource.add_deletion_override("DependsOn")
