"""Quotas of customer managed policies, and their deletion while they are attached.

Sources: "IAM and AWS STS quotas"; the errors of CreatePolicy, AttachRolePolicy and DeletePolicy in
the IAM API reference.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import iam

from rehearsal.ministack.registry import resource_handler

_MAX_POLICY_SIZE = 6_144
_MAX_ATTACHED_POLICIES = 10
_POLICY = "AWS::IAM::ManagedPolicy"
_SIZE = {
    "why": "A policy of any size is accepted.",
    "until": "ministack validates the size of managed policies.",
}
_ATTACHED = {
    "why": "A role of a stack accepts policies that do not exist, and any number of them.",
    "until": "ministack validates the managed policies of a role.",
    "after": "corrections.roles",
}


@resource_handler(_POLICY, "create", **_SIZE)
def create_policy(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    _check_size(props)
    return previous(logical_id, props, stack_name)


@resource_handler(_POLICY, "update", **_SIZE)
def update_policy(
    previous: Callable[..., Any],
    physical_id: str,
    old_props: Mapping[str, Any],
    new_props: Mapping[str, Any],
    stack_name: str,
    logical_id: str | None = None,
) -> Any:
    _check_size(new_props)
    return previous(physical_id, old_props, new_props, stack_name, logical_id)


@resource_handler(
    _POLICY,
    "delete",
    why="A policy is deleted although entities outside of its resource still use it.",
    until="ministack rejects the deletion of a policy that is attached.",
)
def delete_policy(previous: Callable[..., Any], physical_id: str, props: Mapping[str, Any]) -> Any:
    own = {kind: set(props.get(kind) or []) for kind in ("Roles", "Users", "Groups")}
    stores = {"Roles": iam._roles, "Users": iam._users, "Groups": iam._groups}
    others = [
        name
        for kind, store in stores.items()
        for name, entity in store.items()
        if (physical_id in entity.get("AttachedPolicies", ()) and name not in own[kind])
        or entity.get("PermissionsBoundary") == physical_id
    ]
    if others:
        raise _failure("DeleteConflict", "Cannot delete a policy attached to entities.")
    return previous(physical_id, props)


@resource_handler("AWS::IAM::Role", "create", **_ATTACHED)
def create_role(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    _check_attached(props)
    return previous(logical_id, props, stack_name)


@resource_handler("AWS::IAM::Role", "update", **_ATTACHED)
def update_role(
    previous: Callable[..., Any],
    physical_id: str,
    old_props: Mapping[str, Any],
    new_props: Mapping[str, Any],
    stack_name: str,
    logical_id: str | None = None,
) -> Any:
    _check_attached(new_props)
    return previous(physical_id, old_props, new_props, stack_name, logical_id)


def _check_size(properties: Mapping[str, Any]) -> None:
    document = properties.get("PolicyDocument", {})
    text = document if isinstance(document, str) else json.dumps(document)
    if len("".join(text.split())) > _MAX_POLICY_SIZE:
        message = f"Cannot exceed quota for PolicySize: {_MAX_POLICY_SIZE}"
        raise _failure("LimitExceeded", message)


def _check_attached(properties: Mapping[str, Any]) -> None:
    attached = properties.get("ManagedPolicyArns") or []
    for arn in attached:
        # AWS has more managed policies than ministack; an unknown one allows nothing.
        if ":iam::aws:" not in arn and not iam.policy_known(arn):
            message = f"Policy {arn} does not exist or is not attachable."
            raise _failure("NoSuchEntity", message)
    if len(set(attached)) > _MAX_ATTACHED_POLICIES:
        message = f"Cannot exceed quota for PoliciesPerRole: {_MAX_ATTACHED_POLICIES}"
        raise _failure("LimitExceeded", message)


def _failure(code: str, message: str) -> ValueError:
    status = 404 if code == "NoSuchEntity" else 409
    return ValueError(
        f'Resource handler returned message: "{message} (Service: Iam, Status Code: {status}, '
        f'Error Code: {code})"'
    )
