"""Snapshots of resources that an update replaces.

Source: "UpdateReplacePolicy attribute" in the CloudFormation template reference.
"""

import contextvars
from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

from rehearsal.ministack.registry import CLOUDFORMATION, patch

_WHY = "A resource with the UpdateReplacePolicy Snapshot is deleted without a snapshot."
_UNTIL = "ministack makes a snapshot of a resource that an update replaces."
_REPLACED = ("UpdateReplacePolicy", "Snapshot")

# The policy that is about to be applied: the attribute and its value.
_policy: contextvars.ContextVar[tuple[str, str]] = contextvars.ContextVar(
    "policy", default=("", "")
)


@patch(f"{CLOUDFORMATION}.stacks:_resource_policy", why=_WHY, until=_UNTIL)
def resource_policy(
    previous: Callable[..., str],
    res_def: Any,
    attribute: str,
    resources: Any,
    params: Any,
    conditions: Any,
    mappings: Any,
    stack_name: str,
    stack_id: str,
) -> str:
    policy = previous(
        res_def, attribute, resources, params, conditions, mappings, stack_name, stack_id
    )
    _policy.set((attribute, policy))
    return policy


@patch(
    f"{CLOUDFORMATION}.provisioners:_delete_resource",
    why=_WHY,
    until=_UNTIL,
    after="corrections.stack_deletions",
)
def delete_resource(
    previous: Callable[..., Any],
    resource_type: str,
    physical_id: str,
    props: Any,
    stack_name: str | None = None,
    logical_id: str | None = None,
) -> Any:
    if _policy.get() == _REPLACED:
        provisioners._snapshot_resource(resource_type, physical_id, props)
    return previous(resource_type, physical_id, props, stack_name, logical_id)
