"""The grammar of policies, as far as a document alone decides.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.ministack.request_rules.attribute_kinds import parsed

VERSIONS = ("2012-10-17", "2008-10-17")
ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_COMPARISONS = (
    *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    *("StringLike", "StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan"),
    *("NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals"),
    *("DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan"),
    *("DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals"),
    *("ArnLike", "ArnNotEquals", "ArnNotLike"),
)
_OPERATOR = re.compile(
    rf"((ForAllValues|ForAnyValue):)?({'|'.join(_COMPARISONS)})(IfExists)?|Null", re.IGNORECASE
)
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_SID = re.compile(r"[A-Za-z0-9]*")
_PRINCIPALS = ("AWS", "Federated", "Service", "CanonicalUser")


def statements(document: Any) -> list[Mapping[str, Any]]:
    """Returns the statements of a policy; none if it is malformed."""
    policy = parsed(document)
    if not isinstance(policy, Mapping):
        return []
    found = policy.get("Statement", [])
    listed = found if isinstance(found, list) else [found]
    return [one for one in listed if isinstance(one, Mapping)]


def listed(value: Any) -> list[Any]:
    """Returns the values of an element, which may be a single one."""
    return value if isinstance(value, list) else [value]


def structure_problems(document: Any) -> Iterator[str]:
    """Yields what breaks the structure of a policy."""
    policy = parsed(document)
    if not isinstance(policy, Mapping):
        yield "Syntax errors in policy."
        return
    if policy.get("Version", VERSIONS[1]) not in VERSIONS:
        yield f"The policy must contain a valid version string; got {policy['Version']}."
    if unknown := sorted(set(policy) - {"Version", "Id", "Statement"}):
        yield f"Syntax errors in policy: unknown element {', '.join(unknown)}."
    if not statements(document):
        yield "Syntax errors in policy: it has no statement."


def statement_problems(document: Any) -> Iterator[str]:
    """Yields what breaks the structure of the statements."""
    for one in statements(document):
        if unknown := sorted(set(one) - ELEMENTS):
            yield f"Syntax errors in policy: unknown element {', '.join(unknown)}."
        if one.get("Effect") not in ("Allow", "Deny"):
            yield f"Syntax errors in policy: Effect is Allow or Deny; got {one.get('Effect')}."
        if ("Action" in one) == ("NotAction" in one):
            yield "Policy statement must contain actions: one of Action and NotAction."


def action_problems(document: Any) -> Iterator[str]:
    """Yields actions without the prefix of a service."""
    for one in statements(document):
        for action in listed(one.get("Action", one.get("NotAction", []))):
            if not _ACTION.fullmatch(str(action)):
                yield (
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.; "
                    f"got {action}."
                )


def resource_problems(document: Any) -> Iterator[str]:
    """Yields what identity-based policies cannot have as resources."""
    for one in statements(document):
        if ("Resource" in one) == ("NotResource" in one):
            yield "Policy statement must contain resources: one of Resource and NotResource."
        for resource in listed(one.get("Resource", one.get("NotResource", []))):
            text = str(resource)
            if text != "*" and not (text.startswith(("arn:", "*")) or "${" in text[:4]):
                yield f'Resource {text} must be in ARN format or "*".'


def sid_problems(document: Any) -> Iterator[str]:
    """Yields statement ids that are repeated or have other characters."""
    found = [str(one["Sid"]) for one in statements(document) if one.get("Sid")]
    if repeated := sorted({one for one in found if found.count(one) > 1}):
        yield f"Statement IDs (SID) in a single policy must be unique; got {', '.join(repeated)}."
    for one in found:
        if not _SID.fullmatch(one):
            yield f"Statement IDs (SID) must be alpha-numeric; got {one}."


def condition_problems(document: Any) -> Iterator[str]:
    """Yields operators of conditions that do not exist."""
    for one in statements(document):
        conditions = one.get("Condition") or {}
        if not isinstance(conditions, Mapping):
            yield "Syntax errors in policy: Condition is an object."
            continue
        for operator in conditions:
            if not _OPERATOR.fullmatch(operator):
                yield f"Syntax errors in policy: unknown condition operator {operator}."


def principal_problems(document: Any) -> Iterator[str]:
    """Yields statements of a resource-based policy without a valid principal."""
    for one in statements(document):
        if ("Principal" in one) == ("NotPrincipal" in one):
            yield "Missing required field Principal."
            continue
        principal = one.get("Principal", one.get("NotPrincipal"))
        if principal == "*":
            continue
        if not isinstance(principal, Mapping) or not principal:
            yield f"Invalid principal in policy: {principal}."
        elif unknown := sorted(set(principal) - set(_PRINCIPALS)):
            yield f"Invalid principal in policy: {', '.join(unknown)}."
