"""Deletions of stacks keep the dependencies of a resource that cannot be deleted.

Source: CloudFormation User Guide, "DependsOn attribute" (the order of a deletion), "Delete stack
fails" in its troubleshooting.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import stacks

from rehearsal.ministack.registry import CLOUDFORMATION, patch

Records = dict[str, dict[str, Any]]
_WHY = (
    "The deletion of a stack goes on after a failure and deletes what the failed resource depends "
    "on: the role that a retry needs, or the key of a bucket that stays."
)
_UNTIL = "ministack keeps the dependencies of a resource whose deletion fails."

# The records that the loop over the resources must not see, by the id of the stack.
_set_aside: dict[str, Records] = {}


@patch(f"{CLOUDFORMATION}.stacks:_delete_stack_async", why=_WHY, until=_UNTIL)
async def delete_stack(
    previous: Callable[..., Any],
    stack_name: str,
    stack_id: str,
    retain_resources: Any = (),
    force: bool = False,
) -> None:
    if not force:  # a forced deletion keeps dependencies itself
        _set_aside[stack_id] = {}
    try:
        await previous(stack_name, stack_id, retain_resources, force)
    finally:
        kept = _set_aside.pop(stack_id, {})
        stack = cloudformation._stacks.get(stack_name)
        if stack and kept:
            stack["_resources"].update(kept)


@patch(
    f"{CLOUDFORMATION}.provisioners:_delete_resource",
    why=_WHY,
    until=_UNTIL,
    after="stacks.resource_authorization",
)
def delete_resource(
    previous: Callable[..., Any],
    resource_type: str,
    physical_id: str,
    props: Any,
    stack_name: str | None = None,
    logical_id: str | None = None,
) -> Any:
    try:
        return previous(resource_type, physical_id, props, stack_name, logical_id)
    except Exception:
        _keep_dependencies(stack_name or "", logical_id or "")
        raise


def _keep_dependencies(stack_name: str, logical_id: str) -> None:
    stack = cloudformation._stacks.get(stack_name) or {}
    kept = _set_aside.get(stack.get("StackId", ""))
    if kept is None:
        return  # no deletion of a stack: an update cleans up, or a creation is rolled back
    resources: Records = stack["_resources"]
    definitions = (stack.get("_template") or {}).get("Resources", {})
    for one in stacks._with_dependencies([logical_id], definitions, set(resources)):
        if one != logical_id and one in resources:
            kept[one] = resources.pop(one)
