"""The right of a role to attach what runs with it to a VPC.

SageMaker and CodeBuild make the network interfaces of a VPC configuration with the execution role.
The rehearsal has no network to attach anything to, but a role that could not do it is refused.

Sources: "How to use SageMaker AI execution roles", permissions for a VPC; "Allow CodeBuild access
to AWS services required to create a VPC network interface" in CodeBuild's guide.
"""

from __future__ import annotations

from collections.abc import Iterable

from rehearsal.framework.platform import Platform, Scope

_INTERFACE = "network-interface/eni-0a1b2c3d4e5f60718"
_LOOK = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")


def check_attachment(
    platform: Platform,
    role_arn: str,
    scope: Scope,
    *,
    subnet_ids: Iterable[str],
    security_group_ids: Iterable[str],
    service: str,
) -> None:
    """Raises AwsError (AccessDeniedException) for the first right that the role lacks.

    `service` is the one that the interfaces are handed over to, `codebuild.amazonaws.com` say.
    """
    subnets = [scope.arn("ec2", f"subnet/{name}") for name in subnet_ids]
    groups = [scope.arn("ec2", f"security-group/{name}") for name in security_group_ids]
    interface = scope.arn("ec2", _INTERFACE)
    for what in _LOOK:
        platform.authorize(role_arn, f"ec2:Describe{what}", "*", scope)
    for resource in (interface, *subnets, *groups):
        platform.authorize(role_arn, "ec2:CreateNetworkInterface", resource, scope)
    platform.authorize(role_arn, "ec2:DeleteNetworkInterface", interface, scope)
    for subnet in subnets:
        keys = {"ec2:AuthorizedService": service, "ec2:Subnet": subnet}
        action = "ec2:CreateNetworkInterfacePermission"
        platform.authorize(role_arn, action, interface, scope, keys)
