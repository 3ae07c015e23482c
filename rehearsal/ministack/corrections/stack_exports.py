"""Exports of a stack that another stack imports: they can neither change nor be deleted."""

from collections.abc import Callable
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers

from rehearsal.ministack.registry import CLOUDFORMATION, patch


@patch(
    f"{CLOUDFORMATION}.stacks:_resolve_stack_outputs",
    why="An update changes or removes an export that another stack imports.",
    until="ministack rejects updates of exports that are in use.",
)
def resolve(
    previous: Callable[..., Any],
    outputs_defs: Any,
    conditions: Any,
    resources: Any,
    param_values: Any,
    mappings: Any,
    stack_name: str,
    stack_id: str,
) -> Any:
    outputs, exports = previous(
        outputs_defs, conditions, resources, param_values, mappings, stack_name, stack_id
    )
    for name in exports:
        owner = (cloudformation._exports.get(name) or {}).get("StackId", stack_id)
        if owner != stack_id:
            raise ValueError(
                f"Export with name {name} is already exported by stack {owner.split('/')[1]}"
            )
    for name, kept in list(cloudformation._exports.items()):
        if kept["StackId"] != stack_id:
            continue
        if name in exports and exports[name]["Value"] == kept["Value"]:
            continue
        for other in cloudformation._stacks.values():
            if _imports(other, stack_id, name):
                verb = "updated" if name in exports else "deleted"
                raise ValueError(
                    f"Export {name} cannot be {verb} as it is in use by {other['StackName']}"
                )
    return outputs, exports


def _imports(stack: dict[str, Any], exporter: str, name: str) -> bool:
    if stack["StackId"] == exporter or stack.get("StackStatus") == "DELETE_COMPLETE":
        return False
    return name in handlers._imported_export_names(stack, stack["StackName"])
