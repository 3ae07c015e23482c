"""Tags of roles for `iam:ResourceTag`, which ministack knows as `aws:ResourceTag` only.

The CDK lets its pipelines assume bootstrap's roles by their tag. Source: "Actions, resources, and
condition keys for AWS Security Token Service" in the Service Authorization Reference.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam

_PREFIX = "iam:resourcetag/"


def install() -> None:
    """Gives conditions on a role's tags their values."""
    stock = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: iam_evaluator.EvalContext) -> Any:
        if not key.lower().startswith(_PREFIX):
            return stock(key, context)
        wanted = key[len(_PREFIX) :].lower()
        return next((value for name, value in _tags(context.resource_arn) if name == wanted), None)

    iam_evaluator._resolve_condition_key = resolve


def _tags(role_arn: str) -> list[tuple[str, str]]:
    """The tags of a role of any account, their keys in lower case, as IAM compares them."""
    parts = role_arn.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("role/"):
        return []
    role = iam._roles.get_scoped(parts[4], None, role_arn.rsplit("/", 1)[-1]) or {}
    return [(tag["Key"].lower(), tag["Value"]) for tag in role.get("Tags") or ()]
