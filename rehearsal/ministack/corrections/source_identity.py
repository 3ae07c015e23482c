"""The source identity of a role session, which the caller states when it assumes the role.

A trust policy may require it (`sts:SourceIdentity`), and has to allow it (`sts:SetSourceIdentity`).
Policies of the session see it as `aws:SourceIdentity`; it stays when the session assumes a role.

Source: "Monitor and control actions taken with assumed roles" in IAM's guide.
"""

import contextvars
import dataclasses
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from ministack.services import sts

from rehearsal.ministack.registry import patch

_MEMBER, _KEY = "SourceIdentity", "aws:sourceidentity"
_identity: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "source_identity", default=None
)


_WHY = "The source identity of a session is dropped, so policies cannot require or allow it."
_UNTIL = "ministack keeps SourceIdentity in sessions and resolves its condition keys."


@patch("ministack.core.iam_evaluator:evaluate_trust_policy", why=_WHY, until=_UNTIL)
def evaluate(
    previous: Callable[..., Any], trust_doc: Any, caller_arn: str, ctx: Any = None
) -> bool:
    given = _identity.get()
    if given is None:
        return bool(previous(trust_doc, caller_arn, ctx))
    keys = {**ctx.service_context, "sts:sourceidentity": given}
    ctx = dataclasses.replace(ctx, service_context=keys)
    if not previous(trust_doc, caller_arn, ctx):
        return False
    setting = dataclasses.replace(ctx, action="sts:SetSourceIdentity")
    return bool(previous(trust_doc, caller_arn, setting))


@patch("ministack.services.sts:register_session", why=_WHY, until=_UNTIL)
def register(previous: Callable[..., Any], access_key: str, session: dict[str, Any]) -> None:
    caller = sts._sessions.get(session.get("SourceAccessKeyId") or "") or {}
    given = caller.get(_MEMBER) or _identity.get()
    previous(access_key, {**session, _MEMBER: given} if given else session)


@patch("ministack.core.iam_evaluator:_principal_keys", why=_WHY, until=_UNTIL)
def principal_keys(previous: Callable[..., Any], credential: Any) -> dict[str, Any]:
    session = sts._sessions.get(credential.access_key_id) or {}
    given = {_KEY: session[_MEMBER]} if _MEMBER in session else {}
    return {**previous(credential), **given}


@patch("ministack.app:SERVICE_HANDLERS[sts]", why=_WHY, until=_UNTIL)
async def handle(
    previous: Callable[..., Any],
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Any:
    _identity.set(_given(body, query_params))
    return await previous(method, path, headers, body, query_params)


def _given(body: bytes, query: Any) -> str | None:
    if body.startswith(b"{"):
        found = json.loads(body).get("SourceIdentity")
        return str(found) if found else None
    for parameters in (query, parse_qs(body.decode("utf-8", "replace"))):
        if values := parameters.get("SourceIdentity"):
            return str(values[0])
    return None
