"""Grants of KMS keys, which allow their grantee what neither a key policy nor IAM allows.

A grant to a role or user is enough by itself, in the account of the key and in others: EC2 Auto
Scaling's role has no policy for the key of another account that it uses by a grant.

Source: "Grants in AWS KMS" and "Using grant constraints" in the guide of KMS; "Required AWS KMS key
policy for use with encrypted volumes" in the guide of EC2 Auto Scaling.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import kms

from rehearsal.framework.platform import Scope
from rehearsal.ministack.registry import patch
from rehearsal.ministack.request_scope import in_scope

# Names of condition keys are not case-sensitive, those of an encryption context are. No policy can
# name these, as condition keys have no spaces.
ENCRYPTION_CONTEXT = "encryption context"
RETIRED_GRANT = "retired grant"
_PREFIX = "kms:encryptioncontext:"


@patch(
    "ministack.core.iam_evaluator:combine_resource_policy",
    why="Grants of KMS keys are kept, but they allow nothing.",
    until="ministack evaluates grants.",
)
def combine(
    previous: Callable[..., Any],
    identity: Any,
    ctx: Any,
    policy: Any,
    owner_account: str | None,
    required: bool = False,
    limits: tuple[Any, ...] = (),
) -> Any:
    result = previous(identity, ctx, policy, owner_account, required=required, limits=limits)
    if result.decision != "ImplicitDeny" or not ctx.action.startswith("kms:"):
        return result
    if not all(_allows(ctx, layer) for layer in limits):
        return result
    if any(_applies(grant, ctx, identity.decision) for grant in _grants_of(ctx.resource_arn)):
        return iam_evaluator.EvalResult("Allow", ctx.principal_arn, "", "Grant")
    return result


def _allows(ctx: Any, layer: list[list[Any]]) -> bool:
    statements = [statement for document in layer for statement in document]
    return iam_evaluator._first_match(ctx, statements, "Allow") is not None


def _grants_of(arn: str) -> list[Mapping[str, Any]]:
    parts = arn.split(":")
    if len(parts) < 6:
        return []
    with in_scope(Scope(parts[4], parts[3])):
        key = kms._resolve_key(arn)
        if key is None:
            return []
        return [grant for grant in kms._grants.values() if grant["KeyId"] == key["Arn"]]


def _applies(grant: Mapping[str, Any], ctx: Any, identity: str) -> bool:
    """Returns True if a grant allows a request.

    A grant to an account leaves to the account's policies which principal may use it. Its retiring
    principal, and its grantee if it allows RetireGrant, may retire that grant only.
    """
    grantee = grant["GranteePrincipal"]
    if ctx.action == "kms:RetireGrant":
        if grant["GrantId"] != ctx.service_context.get(RETIRED_GRANT):
            return False
        retiring = grant.get("RetiringPrincipal")
        if retiring and iam_evaluator._principal_matches({"AWS": retiring}, ctx.principal_arn):
            return not retiring.endswith(":root") or identity == "Allow"
    return (
        ctx.action.removeprefix("kms:") in grant["Operations"]
        and iam_evaluator._principal_matches({"AWS": grantee}, ctx.principal_arn)
        and (not grantee.endswith(":root") or identity == "Allow")
        and _meets(grant.get("Constraints") or {}, ctx)
    )


def _meets(constraints: Mapping[str, Mapping[str, str]], ctx: Any) -> bool:
    """Constraints hold for operations with an encryption context; others ignore them."""
    if not constraints or ctx.action in ("kms:DescribeKey", "kms:CreateGrant", "kms:RetireGrant"):
        return True
    given = ctx.service_context.get(ENCRYPTION_CONTEXT) or {
        name.removeprefix(_PREFIX): value
        for name, value in ctx.service_context.items()
        if name.startswith(_PREFIX)
    }
    subset = constraints.get("EncryptionContextSubset") or {}
    equals = constraints.get("EncryptionContextEquals")
    return subset.items() <= given.items() and (equals is None or equals == given)


def grant_of(request: Mapping[str, Any], region: str) -> Mapping[str, Any] | None:
    """Returns the grant that a request retires by its token or id, of any account."""
    token, grant_id = request.get("GrantToken"), request.get("GrantId")
    for (_, place, _), grant in list(kms._grants._data.items()):
        found = token in grant["_tokens"] if token else grant["GrantId"] == grant_id
        if place == region and found:
            return dict(grant)
    return None
