"""Buckets of other accounts: their policies judge the role that asks, not its whole account.

ministack asks the policy for the root of the caller's account, so a statement for one role of
another account, by its ARN or by aws:PrincipalArn, never matches.
"""

from __future__ import annotations

import dataclasses
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import s3

from rehearsal.aws.adapter import identity

_CALLER: ContextVar[str | None] = ContextVar("caller of another account", default=None)


def install() -> None:
    """Lets the policy of a bucket see who asks from another account."""
    stock_allows = s3._foreign_bucket_allows
    stock_evaluate = iam_evaluator.evaluate_resource_policy

    def allows(
        owner: str,
        bucket: str,
        key: str,
        method: str,
        query: dict[str, list[str]],
        caller: str,
        headers: dict[str, str] | None = None,
    ) -> bool:
        found = (
            identity.access_key(identity.caller_key_id(headers or {}, query)) if caller else None
        )
        token = _CALLER.set(found.principal_arn if found else None)
        try:
            return bool(stock_allows(owner, bucket, key, method, query, caller, headers))
        finally:
            _CALLER.reset(token)

    def evaluate(document: Any, context: Any, *options: Any, **named: Any) -> Any:
        caller = _CALLER.get()
        if caller is not None and context.principal_type == "Root":
            kind = "User" if ":user/" in caller else "AssumedRole"
            if not caller.endswith(":root"):
                context = dataclasses.replace(context, principal_arn=caller, principal_type=kind)
        return stock_evaluate(document, context, *options, **named)

    s3._foreign_bucket_allows = allows
    iam_evaluator.evaluate_resource_policy = evaluate
