"""Permissions to attach containers of SageMaker and CodeBuild to a network."""

from collections.abc import Sequence

from constructs import IConstruct

from mlops_constructs._environment import environment_of

from .permission import Permission

_ATTACH = tuple(
    f"ec2:{verb}NetworkInterface{what}"
    for verb in ("Create", "Delete")
    for what in ("", "Permission")
)
_NO_LEVEL = "the actions have no resource level"
_GENERATED_IDS = "SageMaker generates the ids of the network interfaces"
_BUILDS = "codebuild.amazonaws.com"
_DESCRIBE = tuple(
    f"ec2:Describe{what}"
    for what in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
)


def network_interface_permissions(
    scope: IConstruct, *, subnet_ids: Sequence[str], security_group_ids: Sequence[str]
) -> list[Permission]:
    """Lets SageMaker create network interfaces in given subnets, with given security groups.

    Args:
        scope: construct in the account and region of the network.
        subnet_ids: ids of the subnets of the interfaces.
        security_group_ids: ids of their security groups.

    Source: "How to use SageMaker AI execution roles", permissions for a VPC.
    """
    return [
        Permission(
            actions=_ATTACH,
            resources=[
                _arn(scope, "network-interface", "*"),
                *_places(scope, subnet_ids, security_group_ids),
            ],
            because=_GENERATED_IDS,
        ),
        Permission(actions=_DESCRIBE, resources=["*"], because=_NO_LEVEL),
    ]


def build_network_permissions(
    scope: IConstruct, *, subnet_ids: Sequence[str], security_group_ids: Sequence[str]
) -> list[Permission]:
    """Lets CodeBuild, and only CodeBuild, attach a build to given subnets.

    Args:
        scope: construct in the account and region of the network.
        subnet_ids: ids of the subnets of the interfaces.
        security_group_ids: ids of their security groups.

    Source: "Allow CodeBuild access to AWS services required to create a VPC network interface" in
    CodeBuild's guide.
    """
    interfaces = _arn(scope, "network-interface", "*")
    generated = "CodeBuild generates the ids of the network interfaces"
    return [
        Permission(
            actions=["ec2:CreateNetworkInterface"],
            resources=[interfaces, *_places(scope, subnet_ids, security_group_ids)],
            because=generated,
        ),
        Permission(
            actions=["ec2:DeleteNetworkInterface"], resources=[interfaces], because=generated
        ),
        Permission(
            actions=["ec2:CreateNetworkInterfacePermission"],
            resources=[interfaces],
            conditions={
                "StringEquals": {"ec2:AuthorizedService": _BUILDS},
                "ArnEquals": {"ec2:Subnet": [_arn(scope, "subnet", one) for one in subnet_ids]},
            },
            because=generated,
        ),
        Permission(actions=_DESCRIBE, resources=["*"], because=_NO_LEVEL),
    ]


def _places(
    scope: IConstruct, subnet_ids: Sequence[str], security_group_ids: Sequence[str]
) -> list[str]:
    return [
        *(_arn(scope, "subnet", subnet) for subnet in subnet_ids),
        *(_arn(scope, "security-group", group) for group in security_group_ids),
    ]


def _arn(scope: IConstruct, resource: str, name: str) -> str:
    return environment_of(scope).arn(service="ec2", resource=resource, name=name)
