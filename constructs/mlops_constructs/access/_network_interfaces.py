"""What SageMaker and CodeBuild need to attach containers to a network."""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import IConstruct

from .permission import Permission

_ATTACH = tuple(
    f"ec2:{verb}NetworkInterface{what}"
    for verb in ("Create", "Delete")
    for what in ("", "Permission")
)
_LOOKED_AT = "the authorisation reference has no resource level for them"
_NUMBERED = "SageMaker numbers the network interfaces when it makes them"
_BUILDS = "codebuild.amazonaws.com"
_LOOK = tuple(
    f"ec2:Describe{what}"
    for what in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
)


def network_interface_permissions(
    scope: IConstruct, *, subnet_ids: Sequence[str], security_group_ids: Sequence[str]
) -> list[Permission]:
    """Lets SageMaker make network interfaces in given subnets, with given security groups.

    Args:
        scope: whose account and region the network is in.
        subnet_ids: where the interfaces are made.
        security_group_ids: which groups they have.

    Source: "How to use SageMaker AI execution roles", permissions for a VPC.
    """
    return [
        Permission(
            actions=_ATTACH,
            resources=[
                _arn(scope, "network-interface", "*"),
                *_places(scope, subnet_ids, security_group_ids),
            ],
            because=_NUMBERED,
        ),
        Permission(actions=_LOOK, resources=["*"], because=_LOOKED_AT),
    ]


def build_network_permissions(
    scope: IConstruct, *, subnet_ids: Sequence[str], security_group_ids: Sequence[str]
) -> list[Permission]:
    """Lets CodeBuild attach a build to given subnets, and nobody else use its interfaces.

    Args:
        scope: whose account and region the network is in.
        subnet_ids: where the interfaces are made.
        security_group_ids: which groups they have.

    Source: "Allow CodeBuild access to AWS services required to create a VPC network interface" in
    CodeBuild's guide.
    """
    interfaces = _arn(scope, "network-interface", "*")
    numbered = "CodeBuild numbers the network interfaces when it makes them"
    return [
        Permission(
            actions=["ec2:CreateNetworkInterface"],
            resources=[interfaces, *_places(scope, subnet_ids, security_group_ids)],
            because=numbered,
        ),
        Permission(
            actions=["ec2:DeleteNetworkInterface"], resources=[interfaces], because=numbered
        ),
        Permission(
            actions=["ec2:CreateNetworkInterfacePermission"],
            resources=[interfaces],
            conditions={
                "StringEquals": {"ec2:AuthorizedService": _BUILDS},
                "ArnEquals": {"ec2:Subnet": [_arn(scope, "subnet", one) for one in subnet_ids]},
            },
            because=numbered,
        ),
        Permission(actions=_LOOK, resources=["*"], because=_LOOKED_AT),
    ]


def _places(
    scope: IConstruct, subnet_ids: Sequence[str], security_group_ids: Sequence[str]
) -> list[str]:
    return [
        *(_arn(scope, "subnet", subnet) for subnet in subnet_ids),
        *(_arn(scope, "security-group", group) for group in security_group_ids),
    ]


def _arn(scope: IConstruct, resource: str, name: str) -> str:
    return cdk.Stack.of(scope).format_arn(service="ec2", resource=resource, resource_name=name)
