"""The condition key `iam:ResourceTag`: the tags of a role.

The CDK lets its pipelines assume bootstrap's roles by their tag.

Source: "Actions, resources, and condition keys for AWS Security Token Service" in the Service
Authorization Reference.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import iam

from rehearsal.ministack.registry import patch

_PREFIX = "iam:resourcetag/"


@patch(
    "ministack.core.iam_evaluator:_resolve_condition_key",
    why="iam:ResourceTag has no value, so a condition on the tags of a role never matches.",
    until="ministack resolves iam:ResourceTag from the tags of the role.",
    after="corrections.resource_tags",
)
def resolve(previous: Callable[..., Any], key: str, ctx: Any) -> Any:
    if not key.lower().startswith(_PREFIX):
        return previous(key, ctx)
    wanted = key[len(_PREFIX) :].lower()
    return next((value for name, value in _tags(ctx.resource_arn) if name == wanted), None)


def _tags(role_arn: str) -> list[tuple[str, str]]:
    """Returns the tags of a role of any account, with keys in lower case, as IAM compares them."""
    parts = role_arn.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("role/"):
        return []
    role = iam._roles.get_scoped(parts[4], None, role_arn.rsplit("/", 1)[-1]) or {}
    return [(tag["Key"].lower(), tag["Value"]) for tag in role.get("Tags") or ()]
