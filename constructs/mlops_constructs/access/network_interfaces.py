"""What SageMaker needs to attach containers to a network."""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import IConstruct

from .permission import Permission

_ATTACH = tuple(
    f"ec2:{verb}NetworkInterface{what}"
    for verb in ("Create", "Delete")
    for what in ("", "Permission")
)
_LOOK = tuple(
    f"ec2:Describe{what}"
    for what in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
)


def network_interface_permissions(
    scope: IConstruct, *, subnet_ids: Sequence[str], security_group_ids: Sequence[str]
) -> list[Permission]:
    """Lets SageMaker make network interfaces in given subnets, with given security groups.

    Parameters:
        scope: whose account and region the network is in.
        subnet_ids: where the interfaces are made.
        security_group_ids: which groups they have.

    Source: "How to use SageMaker AI execution roles", permissions for a VPC.
    """
    stack = cdk.Stack.of(scope)

    def arn(resource: str, name: str) -> str:
        return stack.format_arn(service="ec2", resource=resource, resource_name=name)

    return [
        Permission(
            actions=_ATTACH,
            resources=[
                arn("network-interface", "*"),
                *(arn("subnet", subnet) for subnet in subnet_ids),
                *(arn("security-group", group) for group in security_group_ids),
            ],
            because="SageMaker numbers the network interfaces when it makes them",
        ),
        Permission(
            actions=_LOOK,
            resources=["*"],
            because="the authorisation reference has no resource level for them",
        ),
    ]
