"""Permissions for the tags and the source identity that a caller gives to a session of a role.

A role of another account needs them in its trust policy, and the caller in its identity policies.

Source: "Permissions required to set the source identity" and "Permissions required to add session
tags" in IAM's guide.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions

from rehearsal.framework.platform import AwsError
from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.ministack.iam import identity
from rehearsal.ministack.registry import patch
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.routing import Handler, Response


@patch(
    "ministack.app:SERVICE_HANDLERS[sts]",
    why="A caller needs no permission to tag a session or to set its source identity.",
    until="ministack evaluates sts:TagSession and sts:SetSourceIdentity for the caller.",
    after="corrections.source_identity",
)
async def authorize(
    previous: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    request: dict[str, list[str]] = {**query_params, **parse_qs(body.decode("utf-8", "replace"))}
    role, scope = _first(request, "RoleArn"), current_scope()
    # In the account of the role, a trust policy that names the caller is enough.
    if _first(request, "Action") != "AssumeRole" or f"::{scope.account}:" in role:
        return await previous(method, path, headers, body, query_params)
    key_id = identity.caller_key_id(headers, query_params)
    for action in _actions(request):
        try:
            identity.authorize_request(
                HttpRequest(method, path, headers, query_params, body),
                action=action,
                resource_arn=role,
                scope=scope,
                context_keys={},
            )
        except AwsError:
            found = identity.access_key(key_id)
            denied: Response = iam_actions.access_denied_response(
                "sts",
                action,
                found.principal_arn if found else "",
                "",
                headers=headers,
                resource_arn=role,
            )
            return denied
    return await previous(method, path, headers, body, query_params)


def _actions(request: Mapping[str, list[str]]) -> list[str]:
    actions = ["sts:TagSession"] if any(name.startswith("Tags.") for name in request) else []
    return [*actions, "sts:SetSourceIdentity"] if _first(request, "SourceIdentity") else actions


def _first(request: Mapping[str, list[str]], name: str) -> str:
    given = request.get(name) or [""]
    return given if isinstance(given, str) else given[0]
