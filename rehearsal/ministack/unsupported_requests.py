"""Requests that ministack accepts and drops; they are rejected by name."""

import functools
import importlib.util
import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from rehearsal.events.targets import delivers
from rehearsal.ministack.registry import patch, patch_value, resource_handler
from rehearsal.ministack.routing import Handler, Response
from rehearsal.ministack.runtime import Runtime

_STOCK_TARGETS = ("events", "lambda", "sns", "sqs", "states")
_TARGETS = {
    "why": "A rule accepts targets that no event is delivered to.",
    "until": "ministack rejects the targets that it does not deliver to.",
}


@patch_value(
    "ministack.app:SERVICE_HANDLERS[athena]",
    why="Without the package duckdb a query succeeds with placeholder rows.",
    until="ministack fails queries that it does not run.",
)
def athena(previous: Handler) -> Handler:
    if importlib.util.find_spec("duckdb") is not None:
        return previous
    message = "The rehearsal runs no Athena queries: the package duckdb is not installed."
    return functools.partial(_reject_operation, previous, "StartQueryExecution", message)


@patch_value(
    "ministack.app:SERVICE_HANDLERS[codebuild]",
    why="Without the rehearsal's CodeBuild a build succeeds and runs no command.",
    until="ministack runs builds.",
)
def codebuild(previous: Handler, *, runtime: Runtime) -> Handler:
    if "codebuild" in runtime.signing_names:
        return previous
    message = "This rehearsal runs no builds: it was started without the service codebuild."
    return functools.partial(_reject_operation, previous, "StartBuild", message)


@patch_value(
    "ministack.app:SERVICE_HANDLERS[scheduler]",
    why="Without the rehearsal's Scheduler most targets of a schedule are dropped.",
    until="ministack delivers to each target of EventBridge Scheduler.",
)
def scheduler(previous: Handler, *, runtime: Runtime) -> Handler:
    if "scheduler" in runtime.signing_names:
        return previous
    message = "This rehearsal runs no schedules: it was started without the service scheduler."
    return functools.partial(_reject, message)


@patch_value(
    "ministack.app:SERVICE_HANDLERS[glue]",
    why="A Glue job runs its script as a process of the server, and a Spark job succeeds at once.",
    until="ministack isolates the scripts of Glue jobs, and fails jobs that it does not run.",
)
def glue(previous: Handler) -> Handler:
    message = (
        "The rehearsal runs no Glue jobs. Run the script in a processing job of SageMaker, or test "
        "the job in AWS."
    )
    return functools.partial(_reject_operation, previous, "StartJobRun", message)


@patch_value(
    "ministack.core.node_pool:subprocess",
    why="JavaScript of AppSync resolvers and CloudFront functions runs as a process of the server.",
    until="ministack isolates the JavaScript that it evaluates.",
)
def node_pool(previous: Any) -> Any:
    def reject(*arguments: Any, **options: Any) -> Any:
        raise FileNotFoundError(
            "The rehearsal does not run JavaScript of AppSync resolvers and CloudFront functions."
        )

    return SimpleNamespace(**{**vars(previous), "Popen": reject, "run": reject})


@patch("ministack.services.eventbridge:_validate_target_arn", **_TARGETS)
def validate_target(previous: Callable[..., Any], target: dict[str, Any]) -> Any:
    problem = undeliverable(target)
    invalid = previous(target)
    return invalid or (error_response("ValidationException", problem) if problem else None)


@resource_handler("AWS::Events::Rule", "create", **_TARGETS)
def create_rule(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    _check_targets(props)
    return previous(logical_id, props, stack_name)


@resource_handler("AWS::Events::Rule", "update", **_TARGETS)
def update_rule(
    previous: Callable[..., Any],
    physical_id: str,
    old_props: Mapping[str, Any],
    new_props: Mapping[str, Any],
    stack_name: str,
    logical_id: str | None = None,
) -> Any:
    _check_targets(new_props)
    return previous(physical_id, old_props, new_props, stack_name, logical_id)


def undeliverable(target: Mapping[str, Any]) -> str | None:
    """Returns why events cannot be delivered to a target, or None if they can."""
    arn = str(target.get("Arn", ""))
    service = arn.split(":")[2] if arn.count(":") >= 5 else arn
    if delivers(arn):
        return None if target.get("RoleArn") else f"RoleArn is required for target {arn}."
    if service in _STOCK_TARGETS:
        return None
    return f"The rehearsal does not deliver events to {service} ({arn})."


def error_response(code: str, message: str, status: int = 400) -> Response:
    """Returns an error of the JSON protocol."""
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}
    return status, headers, json.dumps({"__type": code, "message": message}).encode()


def _check_targets(properties: Mapping[str, Any]) -> None:
    for target in properties.get("Targets", []):
        if problem := undeliverable(target):
            raise ValueError(problem)


async def _reject_operation(
    previous: Handler,
    operation: str,
    message: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    if headers.get("x-amz-target", "").endswith(f".{operation}"):
        return error_response("InvalidRequestException", message)
    return await previous(method, path, headers, body, query_params)


async def _reject(message: str, *request: Any) -> Response:
    return error_response("ValidationException", message)
