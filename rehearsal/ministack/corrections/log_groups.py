"""The generated name of a log group of a stack."""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from rehearsal.ministack.registry import resource_handler

_MAX_NAME_LENGTH = 512
_NAME = {
    "why": "A log group without a name gets one that AWS does not generate.",
    "until": "ministack generates the names of log groups from the stack and the logical id.",
}


@resource_handler("AWS::Logs::LogGroup", "create", **_NAME)
def create_log_group(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    generated = provisioners._physical_name(stack_name, logical_id, max_len=_MAX_NAME_LENGTH)
    return previous(logical_id, {"LogGroupName": generated, **props}, stack_name)


@resource_handler("AWS::Logs::LogGroup", "update", **_NAME)
def update_log_group(
    previous: Callable[..., Any],
    physical_id: str,
    old_props: Mapping[str, Any],
    new_props: Mapping[str, Any],
    stack_name: str,
    logical_id: str | None = None,
) -> Any:
    name = {"LogGroupName": physical_id}
    return previous(physical_id, name | {**old_props}, name | {**new_props}, stack_name, logical_id)
