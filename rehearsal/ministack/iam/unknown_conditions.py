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
# The action of a decision that depends on an unknown key, and the note on it.
_NOTE: ContextVar[tuple[str, str] | None] = ContextVar("note on an unknown key", default=None)

_TRUST_NOTE: ContextVar[str | None] = ContextVar("note on a key of a trust policy", default=None)


@patch(
    "ministack.core.iam_evaluator:_first_match",
    why=_WHY,
    until=_UNTIL,
    after="corrections.policy_variables",
)
def first_match(previous: Callable[..., Any], ctx: Any, stmts: Iterable[Any], effect: str) -> Any:
    """Returns the statement that decides; one that is certain comes before one that is not.

    A Deny that is not certain denies; an Allow that is not certain allows nothing.
    """
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
    if uncertain is None:
        return None
    _NOTE.set((ctx.action, _reason(*uncertain, ctx)))
    return uncertain[0] if effect == "Deny" else None


@patch("ministack.core.iam_actions:identity_denial_message", why=_WHY, until=_UNTIL)
def message(
    previous: Callable[..., str],
    action: str,
    principal_arn: str,
    resource: str,
    explicit_deny: bool,
) -> str:
    note = note_on(action)
    if note is None:
        return previous(action, principal_arn, resource, explicit_deny)
    return _denial(action, principal_arn, resource, note)


@patch("ministack.core.iam_actions:access_denied_response", why=_WHY, until=_UNTIL)
def denied_response(
    previous: Callable[..., Any],
    service: str,
    action: str,
    principal_arn: str,
    request_id: str,
    *,
    error_code: str = "",
    message: str = "",
    headers: dict[str, str] | None = None,
    resource_arn: str = "*",
    explicit_deny: bool = False,
    resource_policy_arn: str = "",
) -> Any:
    """Returns the response of a denial; that of a policy of a resource names the key, too."""
    noted, note = _NOTE.get() or ("", "")
    if noted == action and not error_code and "does not compute" not in message:
        message = _denial(action, principal_arn, resource_arn, note)
    response = previous(
        service,
        action,
        principal_arn,
        request_id,
        error_code=error_code,
        message=message,
        headers=headers,
        resource_arn=resource_arn,
        explicit_deny=explicit_deny,
        resource_policy_arn=resource_policy_arn,
    )
    _NOTE.set(None)
    return response


@patch("ministack.services.s3:_error", why=_WHY, until=_UNTIL)
def bucket_error(
    previous: Callable[..., Any],
    code: str,
    message: str,
    status: int,
    resource: str = "",
    extra: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    """Returns an error of S3, which evaluates the policies of buckets itself."""
    action, note = _NOTE.get() or ("", "")
    if code == "AccessDenied" and action.startswith("s3:"):
        _NOTE.set(None)
        message = f"{message}. {note}"
    return previous(code, message, status, resource, extra, headers)


def note_on(action: str) -> str | None:
    """Returns the note on the last decision about an action, once; None without an unknown key."""
    noted, note = _NOTE.get() or ("", "")
    _NOTE.set(None)
    return note if noted == action else None


def _denial(action: str, principal_arn: str, resource: str, note: str) -> str:
    return (
        f"User: {principal_arn} is not authorized to perform: {action} on resource: {resource}. "
        f"{note}"
    )


@patch(
    "ministack.core.iam_evaluator:evaluate_trust_policy",
    why=_WHY,
    until=_UNTIL,
    after="corrections.source_identity",
)
def evaluate_trust(
    previous: Callable[..., Any], trust_doc: Any, caller_arn: str, ctx: Any = None
) -> bool:
    """Evaluates a trust policy; a decision that depends on an unknown key is a denial."""
    _TRUST_NOTE.set(None)
    statements = _statements(trust_doc)
    unknown = [_unknown(one.get("Condition"), ctx) if ctx else [] for one in statements]
    if not any(unknown):
        return bool(previous(trust_doc, caller_arn, ctx))
    certain = [one for one, keys in zip(statements, unknown, strict=True) if not keys]
    allowed = bool(previous({"Statement": certain}, caller_arn, ctx))
    for one, keys in zip(statements, unknown, strict=True):
        decides = one.get("Effect") == ("Deny" if allowed else "Allow")
        if keys and decides and previous(_without(one, keys, ctx), caller_arn, ctx):
            named = one.get("Sid") or one["Effect"]
            _TRUST_NOTE.set(_sentence(keys, f"statement {named!r} of the role's trust policy"))
            return False
    return allowed


@patch("ministack.services.sts:_error", why=_WHY, until=_UNTIL)
def trust_error(
    previous: Callable[..., Any], status: int, code: str, message: str, ns: str = "iam"
) -> Any:
    note = _TRUST_NOTE.get()
    _TRUST_NOTE.set(None)
    return previous(status, code, f"{message}. {note}" if note else message, ns)


def _statements(trust_doc: Any) -> list[dict[str, Any]]:
    try:
        document = json.loads(trust_doc) if isinstance(trust_doc, str) else trust_doc
    except ValueError:
        return []
    found = document.get("Statement", []) if isinstance(document, dict) else []
    return [one for one in ([found] if isinstance(found, dict) else found) if isinstance(one, dict)]


def _without(statement: dict[str, Any], keys: list[str], ctx: Any) -> dict[str, Any]:
    """Returns a policy that allows what a statement without some condition keys applies to."""
    actions, others = (_listed(statement.get(name)) for name in ("Action", "NotAction"))
    if not (actions or others) or not iam_evaluator._action_matches(ctx.action, actions, others):
        return {"Statement": []}
    known = {
        operator: {key: value for key, value in asked.items() if key not in keys}
        for operator, asked in statement["Condition"].items()
        if isinstance(asked, Mapping)
    }
    principal = statement.get("Principal", {})
    applies = {"Effect": "Allow", "Action": "*", "Principal": principal, "Condition": known}
    return {"Statement": [applies]}


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value or [])


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
    return _sentence(unknown, where)


def _sentence(unknown: list[str], where: str) -> str:
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
