"""`iam:PassRole` for requests that pass a role to one of ministack's services."""

import json
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator

from rehearsal.framework.platform import AwsError, Context
from rehearsal.ministack.corrections.resource_arns import operation_of
from rehearsal.ministack.iam import identity
from rehearsal.ministack.registry import patch
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.routing import Handler, Response
from rehearsal.ministack.unsupported_requests import error_response

_WHY = "A service accepts any role: neither iam:PassRole nor the trust of the role is evaluated."
_UNTIL = "ministack evaluates iam:PassRole and the trust policy of a role that is passed."
# Operation -> the path of the role in the request, and the service that it is passed to.
_PASSED_ROLES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "CreateStateMachine": (("roleArn",), "states.amazonaws.com"),
    "UpdateStateMachine": (("roleArn",), "states.amazonaws.com"),
    "PutTargets": (("Targets", "RoleArn"), "events.amazonaws.com"),
}


@patch(
    "ministack.app:SERVICE_HANDLERS[states]",
    "ministack.app:SERVICE_HANDLERS[events]",
    why=_WHY,
    until=_UNTIL,
)
async def authorize(
    previous: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    passed = _PASSED_ROLES.get(operation_of(headers))
    if passed and (denied := _denial(_roles(_json(body), passed[0]), passed[1])):
        return denied
    return await previous(method, path, headers, body, query_params)


@patch(
    "ministack.app:SERVICE_HANDLERS[lambda]",
    why=_WHY,
    until=_UNTIL,
    after="corrections.function_code",
)
async def authorize_function(
    previous: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    if "/functions" in path and method in ("POST", "PUT"):
        parts = path.rstrip("/").split("/")
        if parts[-1] in ("functions", "configuration"):
            roles = _roles(_json(body), ("Role",))
            if denied := _denial(roles, "lambda.amazonaws.com"):
                return denied
    return await previous(method, path, headers, body, query_params)


def _denial(roles: list[str], service_principal: str) -> Response | None:
    context = Context(current_scope(), iam_evaluator.caller_arn())
    for role in roles:
        try:
            identity.check_pass_role(context, role, service_principal)
        except AwsError as error:
            return error_response(error.code, error.message, error.status)
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
        return {}  # the service itself rejects the body
