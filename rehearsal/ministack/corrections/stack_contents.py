"""Resources of a stack that hold or serve something else: their deletion fails.

Source: DeleteConflict of DeleteRole in the IAM API reference; DependencyViolation in "Error codes
for the Amazon EC2 API"; DeleteWorkGroup in the Athena API reference.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import athena, ec2, iam

from rehearsal.ministack.registry import resource_handler

_WHY = "A resource is deleted although other resources use it, or with what it holds."
_UNTIL = "ministack fails the deletion of a resource that is in use."


@resource_handler("AWS::IAM::Role", "delete", why=_WHY, until=_UNTIL)
def delete_role(previous: Callable[..., Any], physical_id: str, props: Mapping[str, Any]) -> Any:
    role = iam._roles.get(physical_id)
    if role is not None:
        inline = {policy.get("PolicyName") for policy in props.get("Policies") or []}
        attached = set(props.get("ManagedPolicyArns") or [])
        if set(role.get("AttachedPolicies", [])) - attached:
            raise _conflict("Cannot delete entity, must detach all policies first.")
        if set(role.get("InlinePolicies", {})) - inline:
            raise _conflict("Cannot delete entity, must delete policies first.")
        if any(physical_id in one.get("Roles", []) for one in iam._instance_profiles.values()):
            raise _conflict("Cannot delete entity, must remove roles from instance profile first.")
    return previous(physical_id, props)


@resource_handler("AWS::EC2::Subnet", "delete", why=_WHY, until=_UNTIL)
def delete_subnet(previous: Callable[..., Any], physical_id: str, props: Mapping[str, Any]) -> Any:
    if any(one.get("SubnetId") == physical_id for one in ec2._network_interfaces.values()):
        raise _dependency("subnet", physical_id)
    return previous(physical_id, props)


@resource_handler("AWS::EC2::SecurityGroup", "delete", why=_WHY, until=_UNTIL)
def delete_group(previous: Callable[..., Any], physical_id: str, props: Mapping[str, Any]) -> Any:
    interfaces = ec2._network_interfaces.values()
    groups = [group.get("GroupId") for one in interfaces for group in one.get("Groups", [])]
    peers = [
        pair.get("GroupId")
        for group_id, group in ec2._security_groups.items()
        if group_id != physical_id
        for kind in ("IpPermissions", "IpPermissionsEgress")
        for permission in group.get(kind, [])
        for pair in permission.get("UserIdGroupPairs", [])
    ]
    if physical_id in (*groups, *peers):
        raise ValueError(
            f"resource {physical_id} has a dependent object (Service: Ec2, Status Code: 400, "
            "Error Code: DependencyViolation)"
        )
    return previous(physical_id, props)


@resource_handler("AWS::Athena::WorkGroup", "delete", why=_WHY, until=_UNTIL)
def delete_work_group(previous: object, physical_id: str, props: Mapping[str, Any]) -> None:
    request = {
        "WorkGroup": physical_id,
        "RecursiveDeleteOption": bool(props.get("RecursiveDeleteOption")),
    }
    status, _, body = athena._delete_workgroup(request)
    if status >= 400:
        message = str(json.loads(body).get("message"))
        if "not found" not in message.lower():
            raise ValueError(f"{message} (Service: Athena, Status Code: {status})")


def _conflict(message: str) -> ValueError:
    return ValueError(f"{message} (Service: Iam, Status Code: 409, Error Code: DeleteConflict)")


def _dependency(kind: str, name: str) -> ValueError:
    return ValueError(
        f"The {kind} '{name}' has dependencies and cannot be deleted. (Service: Ec2, Status Code: "
        "400, Error Code: DependencyViolation)"
    )
