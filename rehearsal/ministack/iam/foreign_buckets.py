"""Buckets of other accounts: their policies judge the role that asks, not its whole account.

ministack asks the policy for the root of the caller's account, so a statement for one role of
another account, by its ARN or by aws:PrincipalArn, never matches. And since ARNs of S3 have no
account, it takes every bucket to belong to the caller: `s3:ResourceAccount`, by which bootstrap's
deployment role reads the artifacts of other accounts alone, is the bucket's owner in AWS.
"""

from __future__ import annotations

import dataclasses
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import s3

from rehearsal.ministack.iam import identity

_OWNER_KEYS = {"aws:resourceaccount", "s3:resourceaccount"}
_CALLER: ContextVar[str | None] = ContextVar("caller of another account", default=None)


def install() -> None:
    """Lets the policy of a bucket see who asks from another account."""
    stock_allows = s3._foreign_bucket_allows
    stock_evaluate = iam_evaluator.evaluate_resource_policy
    stock_resolve = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: Any) -> Any:
        if key.lower() in _OWNER_KEYS and (owner := bucket_owner(context.resource_arn)):
            return owner
        return stock_resolve(key, context)

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
    iam_evaluator._resolve_condition_key = resolve


def bucket_owner(arn: str) -> str | None:
    """The account that has the bucket of an ARN; None for other ARNs, and for no bucket."""
    service, _, name = arn.removeprefix("arn:aws:").partition(":::")
    if service != "s3":
        return None
    owner: str | None = s3._bucket_owner_account(name.split("/")[0])
    return owner
