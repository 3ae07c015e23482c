"""Statements with condition keys that the rehearsal does not compute, which are rejected by name.

Such a statement must not silently count as one that does not match: a Deny would protect nothing,
and an Allow would deny for a reason that nobody sees. IAM accepts any key in a policy, so the
rejection comes with the first request that depends on the statement, as an access denied whose
message names the key, the statement and the policy.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam

from rehearsal.ministack.iam.condition_keys import is_computed
from rehearsal.ministack.registry import patch

_WHY = (
    "A condition key that no request has here counts as absent, so a Deny with it never denies and "
    "an Allow with it never allows, without a word."
)
_UNTIL = "ministack computes each condition key, or rejects statements with others by name."
_NOTE: ContextVar[str | None] = ContextVar("note on an unknown condition key", default=None)


class UnknownConditionKeyError(Exception):
    """A decision depends on a condition key that is not computed; the text is the reason."""


@patch(
    "ministack.core.iam_evaluator:_first_match",
    why=_WHY,
    until=_UNTIL,
    after="corrections.policy_variables",
)
def first_match(previous: Callable[..., Any], ctx: Any, stmts: Iterable[Any], effect: str) -> Any:
    """Returns the statement that decides; one that is certain comes before one that is not."""
    uncertain = None
    for statement in stmts:
        unknown = _unknown(statement.conditions, ctx)
        if not unknown:
            if previous(ctx, [statement], effect):
                return statement
        elif uncertain is None:
            known = {
                operator: {key: value for key, value in asked.items() if key not in unknown}
                for operator, asked in statement.conditions.items()
                if isinstance(asked, Mapping)
            }
            if previous(ctx, [dataclasses.replace(statement, conditions=known)], effect):
                uncertain = (statement, unknown)
    if uncertain is not None:
        raise UnknownConditionKeyError(_reason(*uncertain, ctx))
    return None


@patch("ministack.core.iam_evaluator:evaluate", why=_WHY, until=_UNTIL)
def evaluate(
    previous: Callable[..., Any], ctx: Any, policies: list[Any], *limits: list[Any]
) -> Any:
    """Evaluates policies; a decision that depends on an unknown key is a denial with a note."""
    _NOTE.set(None)
    try:
        return previous(ctx, policies, *limits)
    except UnknownConditionKeyError as unknown:
        _NOTE.set(str(unknown))
        return iam_evaluator.EvalResult("Deny", ctx.principal_arn, "", str(unknown))


@patch("ministack.core.iam_actions:identity_denial_message", why=_WHY, until=_UNTIL)
def message(
    previous: Callable[..., str],
    action: str,
    principal_arn: str,
    resource: str,
    explicit_deny: bool,
) -> str:
    note = _NOTE.get()
    _NOTE.set(None)
    if note is None:
        return previous(action, principal_arn, resource, explicit_deny)
    return (
        f"User: {principal_arn} is not authorized to perform: {action} on resource: {resource}. "
        f"{note}"
    )


def _unknown(conditions: Any, ctx: Any) -> list[str]:
    """Returns the keys of conditions that are not computed and not in the request."""
    keys = [
        key for asked in (conditions or {}).values() if isinstance(asked, Mapping) for key in asked
    ]
    return [
        key
        for key in dict.fromkeys(keys)
        if not is_computed(key) and iam_evaluator._resolve_condition_key(key, ctx) is None
    ]


def _reason(statement: Any, unknown: list[str], ctx: Any) -> str:
    named = statement.sid or f"{statement.effect} {', '.join(statement.actions) or 'NotAction'}"
    policy = next(_policies_with(ctx, unknown[0]), "")
    where = f"statement {named!r}" + (f" of policy {policy}" if policy else "")
    return (
        f"The rehearsal does not compute the condition key {' and '.join(unknown)} of {where}, on "
        "which the decision depends: AWS may decide otherwise."
    )


def _policies_with(ctx: Any, key: str) -> Iterator[str]:
    """Yields the names of the principal's policies whose text has a condition key."""
    parts = ctx.principal_arn.split(":", 5)
    if len(parts) != 6:
        return
    kind, _, path = parts[5].partition("/")
    name = path.split("/")[0] if kind == "assumed-role" else path.rpartition("/")[2]
    if kind == "user":
        entity = iam._users.get_scoped(parts[4], None, name) or {}
        inline = iam._user_inline_policies.get_scoped(parts[4], None, name) or {}
    else:
        entity = iam._roles.get_scoped(parts[4], None, name) or {}
        inline = entity.get("InlinePolicies") or {}
    for policy, document in inline.items():
        if key in (document if isinstance(document, str) else json.dumps(document)):
            yield str(policy)
    for arn in entity.get("AttachedPolicies") or ():
        document = iam_evaluator._resolve_managed_policy_document(arn, parts[4])
        if document and key in (document if isinstance(document, str) else json.dumps(document)):
            yield str(arn)
