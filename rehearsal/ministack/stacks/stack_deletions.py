"""What a resource depends on stays while the resource cannot be deleted, as in CloudFormation.

ministack goes on to delete it: the role that a retry needs, or the key of a bucket that is kept.

Source: CloudFormation User Guide, "DependsOn attribute" (the order of a deletion), "Delete stack
fails" in its troubleshooting.
"""

from __future__ import annotations

from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, provisioners, stacks

Records = dict[str, dict[str, Any]]

# By the id of a stack that is being deleted: what the loop over its resources is not to see.
_set_aside: dict[str, Records] = {}


def install() -> None:
    """Wraps the deletion of a stack, and of each resource in it."""
    delete_stack, delete_resource = stacks._delete_stack_async, stacks._delete_resource

    async def delete_stack_keeping(
        stack_name: str, stack_id: str, retain_resources: Any = (), force: bool = False
    ) -> None:
        if not force:  # a forced deletion keeps dependencies itself
            _set_aside[stack_id] = {}
        try:
            await delete_stack(stack_name, stack_id, retain_resources, force)
        finally:
            kept = _set_aside.pop(stack_id, {})
            stack = cloudformation._stacks.get(stack_name)
            if stack and kept:
                stack["_resources"].update(kept)

    def delete_resource_keeping(
        type_name: str, physical_id: str, properties: Any, stack_name: str = "", *rest: Any
    ) -> Any:
        try:
            return delete_resource(type_name, physical_id, properties, stack_name, *rest)
        except Exception:
            _keep_dependencies(stack_name, *rest[:1])
            raise

    for module in (stacks, handlers):
        module._delete_stack_async = delete_stack_keeping
    for module in (stacks, provisioners):
        module._delete_resource = delete_resource_keeping


def _keep_dependencies(stack_name: str, logical_id: str = "") -> None:
    stack = cloudformation._stacks.get(stack_name) or {}
    kept = _set_aside.get(stack.get("StackId", ""))
    if kept is None:
        return  # not a stack's deletion: an update cleans up, or a creation is rolled back
    resources: Records = stack["_resources"]
    definitions = (stack.get("_template") or {}).get("Resources", {})
    for one in stacks._with_dependencies([logical_id], definitions, set(resources)):
        if one != logical_id and one in resources:
            kept[one] = resources.pop(one)
