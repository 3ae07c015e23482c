"""The source identity of a role session: who somebody is, said when the role is assumed.

A trust policy may ask for it (`sts:SourceIdentity`), and has to allow it (`sts:SetSourceIdentity`).
Source: "Monitor and control actions taken with assumed roles" in IAM's guide.
"""

from __future__ import annotations

import contextvars
import dataclasses
import json
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_evaluator

from rehearsal.aws.adapter.routing import Answer, Handler, wrap_service

_identity: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "source_identity", default=None
)


def install() -> None:
    """Lets trust policies judge the source identity, which ministack does not read."""
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
