"""Bucket policies for principals of other accounts, which are evaluated for the role that calls."""

import dataclasses
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from rehearsal.ministack.iam import identity
from rehearsal.ministack.registry import patch

_WHY = (
    "The policy of a bucket is evaluated for the root of the caller's account, so a statement for "
    "a role of another account never matches."
)
_UNTIL = "ministack evaluates the policy of a bucket for the principal of another account."
_CALLER: ContextVar[str | None] = ContextVar("caller of another account", default=None)


@patch("ministack.services.s3:_foreign_bucket_allows", why=_WHY, until=_UNTIL)
def allows(
    previous: Callable[..., Any],
    owner_account: str,
    bucket_name: str,
    key: str,
    method: str,
    query_params: dict[str, list[str]],
    caller: str,
    headers: dict[str, str] | None = None,
) -> bool:
    found = None
    if caller:
        found = identity.access_key(identity.caller_key_id(headers or {}, query_params))
    token = _CALLER.set(found.principal_arn if found else None)
    try:
        return bool(
            previous(owner_account, bucket_name, key, method, query_params, caller, headers)
        )
    finally:
        _CALLER.reset(token)


@patch("ministack.core.iam_evaluator:evaluate_resource_policy", why=_WHY, until=_UNTIL)
def evaluate(
    previous: Callable[..., Any],
    doc: Any,
    ctx: Any,
    service: str | None = None,
    named_only: bool = False,
    direct_only: bool = False,
) -> Any:
    caller = _CALLER.get()
    if caller is not None and ctx.principal_type == "Root":
        kind = "User" if ":user/" in caller else "AssumedRole"
        if not caller.endswith(":root"):
            ctx = dataclasses.replace(ctx, principal_arn=caller, principal_type=kind)
    return previous(doc, ctx, service, named_only, direct_only)
