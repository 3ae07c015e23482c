"""The source identity of a role session: who somebody is, said when the role is assumed.

A trust policy may ask for it (`sts:SourceIdentity`), and has to allow it (`sts:SetSourceIdentity`).
Policies of the session know it as `aws:SourceIdentity`; it stays when the session assumes a role.
Source: "Monitor and control actions taken with assumed roles" in IAM's guide.
"""

from __future__ import annotations

import contextvars
import dataclasses
import json
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_evaluator
from ministack.services import sts

from rehearsal.ministack.routing import Answer, Handler, wrap_service

_MEMBER, _KEY = "SourceIdentity", "aws:sourceidentity"
_identity: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "source_identity", default=None
)


def install() -> None:
    """Lets policies judge the source identity, which ministack does not read."""
    _keep_in_sessions()
    stock = iam_evaluator.evaluate_trust_policy

    def evaluate(trust: Any, caller_arn: str, context: Any, *rest: Any, **named: Any) -> bool:
        given = _identity.get()
        if given is None:
            return bool(stock(trust, caller_arn, context, *rest, **named))
        keys = {**context.service_context, "sts:sourceidentity": given}
        context = dataclasses.replace(context, service_context=keys)
        if not stock(trust, caller_arn, context, *rest, **named):
            return False
        setting = dataclasses.replace(context, action="sts:SetSourceIdentity")
        return bool(stock(trust, caller_arn, setting, *rest, **named))

    iam_evaluator.evaluate_trust_policy = evaluate
    wrap_service("sts", _with_identity)


def _keep_in_sessions() -> None:
    register, principal_keys = sts.register_session, iam_evaluator._principal_keys

    def keep(access_key: str, session: dict[str, Any]) -> None:
        caller = sts._sessions.get(session.get("SourceAccessKeyId") or "") or {}
        given = caller.get(_MEMBER) or _identity.get()
        register(access_key, {**session, _MEMBER: given} if given else session)

    def keys_of(credential: Any) -> dict[str, Any]:
        session = sts._sessions.get(credential.access_key_id) or {}
        given = {_KEY: session[_MEMBER]} if _MEMBER in session else {}
        return {**principal_keys(credential), **given}

    sts.register_session = keep
    for module in (iam_evaluator, sts):
        module._principal_keys = keys_of


def _with_identity(stock: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Answer:
        _identity.set(_given(body, query))
        return await stock(method, path, headers, body, query)

    return handle


def _given(body: bytes, query: Any) -> str | None:
    if body.startswith(b"{"):
        found = json.loads(body).get("SourceIdentity")
        return str(found) if found else None
    for parameters in (query, parse_qs(body.decode("utf-8", "replace"))):
        if values := parameters.get("SourceIdentity"):
            return str(values[0])
    return None
