"""Nested stacks: separate stacks, made by the operations that the API has.

Source: CloudFormation User Guide, "Split a template into reusable pieces using nested stacks";
template reference, AWS::CloudFormation::Stack.
"""

import asyncio
import re
import secrets
import string
import time
from collections.abc import Callable, Iterable, Mapping
from html import unescape
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers

from rehearsal.cloudformation.resource_requests import tag_map
from rehearsal.ministack.registry import CLOUDFORMATION, patch, resource_handler

Stack = dict[str, Any]
_MAX_NAME_LENGTH = 128
_SUFFIX_LENGTH = 12
_ALPHABET = string.ascii_uppercase + string.digits
_POLL_SECONDS = 0.02
_START_SECONDS = 60
_TYPE = "AWS::CloudFormation::Stack"
_NESTED = {
    "why": (
        "A nested stack that fails leaves its resources, its deletion ignores DeletionPolicy and "
        "failures, and its template is neither validated nor transformed."
    ),
    "until": "ministack runs a nested stack with the operations of a stack.",
}

# The event loop of the server, on which operations of stacks run.
_loops: list[asyncio.AbstractEventLoop] = []


@patch(f"{CLOUDFORMATION}.stacks:_create_stack_task_in_region", **_NESTED)
def create_task(
    previous: Callable[..., None], coro: Any, stack: Stack | None, stack_id: str | None = None
) -> None:
    _loops[:] = [asyncio.get_running_loop()]
    previous(coro, stack, stack_id)


@resource_handler(_TYPE, "create", **_NESTED)
def create(
    previous: object, logical_id: str, props: Mapping[str, Any], stack_name: str
) -> tuple[str, dict[str, Any]]:
    name = _child_name(stack_name, logical_id)
    parent = cloudformation._stacks.get(stack_name) or {}

    def begin() -> Any:
        parameters = {**_parameters(props, parent), "StackName": [name]}
        response = handlers._create_stack({**parameters, "DisableRollback": ["true"]})
        if child := cloudformation._stacks.get(name):
            child["_parent_stack_name"] = stack_name
            child["ParentId"] = parent.get("StackId", "")
            child["RootId"] = parent.get("RootId") or parent.get("StackId", "")
            child["_role_arn"] = parent.get("_role_arn")
        return response

    _require_success(_on_loop(begin))
    child = _settled(name)
    if child["StackStatus"] != "CREATE_COMPLETE":
        reason = (
            f"Embedded stack {child['StackId']} was not successfully created: "
            f"{_failures(child, 'create')}"
        )
        _remove(name)
        raise ValueError(reason)
    return child["StackId"], _outputs(child)


@resource_handler(_TYPE, "update", **_NESTED)
def update(
    previous: object,
    physical_id: str,
    old_props: Mapping[str, Any],
    new_props: Mapping[str, Any],
    stack_name: str,
) -> tuple[str, dict[str, Any]]:
    parent = cloudformation._stacks.get(stack_name) or {}
    parameters = {**_parameters(new_props, parent), "StackName": [physical_id]}
    response = _on_loop(lambda: handlers._update_stack(parameters))
    if response[0] != 200 and "No updates are to be performed" not in _message(response):
        raise ValueError(_message(response))
    child = _settled(physical_id)
    if response[0] == 200 and child["StackStatus"] != "UPDATE_COMPLETE":
        raise ValueError(
            f"Embedded stack {physical_id} was not successfully updated. Currently in "
            f"{child['StackStatus']} with reason: {_failures(child, 'update')}"
        )
    return physical_id, _outputs(child)


@resource_handler(_TYPE, "delete", **_NESTED)
def delete(previous: object, physical_id: str, props: Mapping[str, Any]) -> None:
    _remove(physical_id)


def _remove(name: str) -> None:
    child = handlers._resolve_stack(name)
    if child is None or child["StackStatus"] == "DELETE_COMPLETE":
        return
    _require_success(_on_loop(lambda: handlers._delete_stack({"StackName": [child["StackId"]]})))
    child = _settled(child["StackId"])
    if child["StackStatus"] != "DELETE_COMPLETE":
        raise ValueError(
            f"Embedded stack {child['StackId']} was not successfully deleted: "
            f"{_failures(child, 'delete')}"
        )


def _child_name(stack_name: str, logical_id: str) -> str:
    suffix = "".join(secrets.choice(_ALPHABET) for _ in range(_SUFFIX_LENGTH))
    prefix = f"{stack_name}-{logical_id}"[: _MAX_NAME_LENGTH - len(suffix) - 1]
    return f"{prefix}-{suffix}"


def _parameters(props: Mapping[str, Any], parent: Stack) -> dict[str, list[str]]:
    """Returns the parameters of CreateStack and UpdateStack; the parent has the capabilities."""
    given = props.get("Parameters") or {}
    if not isinstance(given, Mapping) or any(isinstance(one, list) for one in given.values()):
        raise ValueError(
            "Value of property Parameters must be an object with String (or simple type) properties"
        )
    request = {"TemplateURL": [str(props["TemplateURL"])]}
    for position, (name, value) in enumerate(given.items(), 1):
        request[f"Parameters.member.{position}.ParameterKey"] = [name]
        request[f"Parameters.member.{position}.ParameterValue"] = [str(value)]
    tags = {k: v for k, v in tag_map(props.get("Tags")).items() if not k.startswith("aws:")}
    for position, (key, value) in enumerate(tags.items(), 1):
        request[f"Tags.member.{position}.Key"] = [key]
        request[f"Tags.member.{position}.Value"] = [str(value)]
    for position, capability in enumerate(parent.get("Capabilities") or [], 1):
        request[f"Capabilities.member.{position}"] = [capability]
    return request


def _on_loop(operation: Callable[[], Any]) -> Any:
    """Runs an operation on the event loop, in the context of this thread: its principal, region."""

    async def run() -> Any:
        return operation()

    return asyncio.run_coroutine_threadsafe(run(), _loops[0]).result(_START_SECONDS)


def _settled(name: str) -> Stack:
    while True:
        stack: Stack = handlers._resolve_stack(name)
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        time.sleep(_POLL_SECONDS)


def _require_success(response: Any) -> None:
    if response[0] != 200:
        raise ValueError(_message(response))


def _message(response: Any) -> str:
    found = re.search(rb"<Message>(.*?)</Message>", response[2], re.DOTALL)
    return unescape(found[1].decode()) if found else response[2].decode()


def _failures(stack: Stack, verb: str) -> str:
    """Returns the resources that failed in the last operation of a stack, and the first reason."""
    events: Iterable[Mapping[str, Any]] = cloudformation._stack_events.get(stack["StackId"], [])
    failed = {
        str(event["LogicalResourceId"]): str(event.get("ResourceStatusReason") or "")
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
        and event["LogicalResourceId"] != stack["StackName"]
    }
    if not failed:
        return str(stack.get("StackStatusReason") or stack["StackStatus"])
    first = next(iter(failed.items()))
    return (
        f"The following resource(s) failed to {verb}: [{', '.join(failed)}]. {first[0]}: {first[1]}"
    )


def _outputs(stack: Stack) -> dict[str, Any]:
    return {
        f"Outputs.{output['OutputKey']}": output["OutputValue"]
        for output in stack.get("Outputs", [])
    }
