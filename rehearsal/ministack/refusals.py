"""Requests that ministack answers with success and then drops: refused by name."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.services import eventbridge

from rehearsal.events.targets import delivers
from rehearsal.framework.platform import AwsError, Context
from rehearsal.ministack.iam import identity
from rehearsal.ministack.routing import Answer, Handler, wrap_service
from rehearsal.ministack.scope import current_scope
from rehearsal.ministack.stacks.stack_rows import wrap_row

_STOCK_TARGETS = ("events", "lambda", "sns", "sqs", "states")
# Requests that hand a role to a service: operation -> paths of the role, and the service.
_PASSED_ROLES: Mapping[str, Mapping[str, tuple[tuple[str, ...], str]]] = {
    "states": {
        "CreateStateMachine": (("roleArn",), "states.amazonaws.com"),
        "UpdateStateMachine": (("roleArn",), "states.amazonaws.com"),
    },
    "events": {"PutTargets": (("Targets", "RoleArn"), "events.amazonaws.com")},
}


def install() -> None:
    """Refuses what would be dropped, and checks roles that are handed to ministack's services."""
    if importlib.util.find_spec("duckdb") is None:
        message = "The rehearsal runs no Athena queries: the package duckdb is not installed."
        wrap_service("athena", _refusing("StartQueryExecution", message))
    if app.SERVICE_REGISTRY.get("codebuild", {}).get("module") == "codebuild":
        message = "This rehearsal runs no builds: it was started without the service codebuild."
        wrap_service("codebuild", _refusing("StartBuild", message))
    if app.SERVICE_REGISTRY.get("scheduler", {}).get("module") == "scheduler":
        message = "This rehearsal schedules nothing: it was started without the service scheduler."
        wrap_service("scheduler", lambda stock: _refusing_all(message))
    eventbridge._validate_target_arn = _deliverable(eventbridge._validate_target_arn)
    wrap_row("AWS::Events::Rule", create=_checked_create, update=_checked_update)
    for service in _PASSED_ROLES:
        wrap_service(service, _passing_roles(service))
    wrap_service("lambda", _passing_function_role)


def _refusing(operation: str, message: str) -> Callable[[Handler], Handler]:
    def wrap(stock: Handler) -> Handler:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: Any
        ) -> Answer:
            if headers.get("x-amz-target", "").endswith(f".{operation}"):
                return _error("InvalidRequestException", message)
            return await stock(method, path, headers, body, query)

        return handle

    return wrap


def _refusing_all(message: str) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Answer:
        return _error("ValidationException", message)

    return handle


def _error(code: str, message: str, status: int = 400) -> Answer:
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}
    return status, headers, json.dumps({"__type": code, "message": message}).encode()


def undeliverable(target: Mapping[str, Any]) -> str | None:
    """Why events would not reach a target; None when they do."""
    arn = str(target.get("Arn", ""))
    service = arn.split(":")[2] if arn.count(":") >= 5 else arn
    if delivers(arn):
        return None if target.get("RoleArn") else f"RoleArn is required for target {arn}."
    if service in _STOCK_TARGETS:
        return None
    return f"The rehearsal does not deliver events to {service} ({arn})."


def _deliverable(stock: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def validate(target: dict[str, Any]) -> Any:
        problem = undeliverable(target)
        return stock(target) or (_error("ValidationException", problem) if problem else None)

    return validate


def _checked_create(stock: Callable[..., Any]) -> Callable[..., Any]:
    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        _check_rule(properties)
        return stock(logical_id, properties, stack_name)

    return create


def _checked_update(stock: Callable[..., Any]) -> Callable[..., Any]:
    def update(physical_id: str, old: Any, new: dict[str, Any], *rest: Any) -> Any:
        _check_rule(new)
        return stock(physical_id, old, new, *rest)

    return update


def _check_rule(properties: Mapping[str, Any]) -> None:
    for target in properties.get("Targets", []):
        if problem := undeliverable(target):
            raise ValueError(problem)


def _passing_roles(service: str) -> Callable[[Handler], Handler]:
    def wrap(stock: Handler) -> Handler:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: Any
        ) -> Answer:
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            spec = _PASSED_ROLES[service].get(operation)
            if spec and (refused := _refused_role(_roles(_json(body), spec[0]), spec[1])):
                return refused
            return await stock(method, path, headers, body, query)

        return handle

    return wrap


def _passing_function_role(stock: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Answer:
        if "/functions" in path and method in ("POST", "PUT"):
            parts = path.rstrip("/").split("/")
            if parts[-1] in ("functions", "configuration"):
                roles = _roles(_json(body), ("Role",))
                if refused := _refused_role(roles, "lambda.amazonaws.com"):
                    return refused
        return await stock(method, path, headers, body, query)

    return handle


def _refused_role(roles: list[str], service_principal: str) -> Answer | None:
    context = Context(current_scope(), iam_evaluator.caller_arn())
    for role in roles:
        try:
            identity.check_pass_role(context, role, service_principal)
        except AwsError as error:
            return _error(error.code, error.message, error.status)
    return None


def _roles(content: Any, path: tuple[str, ...]) -> list[str]:
    if not path:
        return [content] if isinstance(content, str) and content else []
    if isinstance(content, list):
        return [role for item in content for role in _roles(item, path)]
    return _roles(content.get(path[0]), path[1:]) if isinstance(content, dict) else []


def _json(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return {}  # the service itself answers what is wrong
