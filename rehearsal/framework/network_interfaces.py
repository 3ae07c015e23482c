"""The permissions of a role to attach its jobs, models and builds to a VPC.

SageMaker and CodeBuild create the network interfaces of a VPC configuration with the execution
role. The rehearsal has no VPC, but it rejects a role that lacks the permissions.

Sources: "How to use SageMaker AI execution roles", permissions for a VPC; "Allow CodeBuild access
to AWS services required to create a VPC network interface" in CodeBuild's guide.
"""

from __future__ import annotations

from collections.abc import Iterable

from rehearsal.framework.platform import Platform, Scope

_INTERFACE = "network-interface/eni-0a1b2c3d4e5f60718"
_DESCRIBED = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")


def check_attachment(
    platform: Platform,
    role_arn: str,
    scope: Scope,
    *,
    subnet_ids: Iterable[str],
    security_group_ids: Iterable[str],
    service: str,
) -> None:
    """Checks the permissions of a role to create network interfaces.

    Args:
        platform: the AWS around the service.
        role_arn: the execution role.
        scope: the account and region of the VPC.
        subnet_ids: the subnets.
        security_group_ids: the security groups.
        service: the service principal that gets permission to attach the interfaces, such as
            `codebuild.amazonaws.com`.

    Raises:
        AwsError: AccessDeniedException, for the first permission that the role lacks.
    """
    subnets = [scope.arn("ec2", f"subnet/{name}") for name in subnet_ids]
    groups = [scope.arn("ec2", f"security-group/{name}") for name in security_group_ids]
    interface = scope.arn("ec2", _INTERFACE)
    for kind in _DESCRIBED:
        platform.authorize(role_arn, f"ec2:Describe{kind}", "*", scope)
    for resource in (interface, *subnets, *groups):
        platform.authorize(role_arn, "ec2:CreateNetworkInterface", resource, scope)
    platform.authorize(role_arn, "ec2:DeleteNetworkInterface", interface, scope)
    for subnet in subnets:
        keys = {"ec2:AuthorizedService": service, "ec2:Subnet": subnet}
        action = "ec2:CreateNetworkInterfacePermission"
        platform.authorize(role_arn, action, interface, scope, keys)
