"""The condition keys of the owner of a bucket, `aws:ResourceAccount` and `s3:ResourceAccount`.

Bootstrap's deployment role reads the artifacts of other accounts by this key only.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import s3

from rehearsal.ministack.registry import patch

_KEYS = {"aws:resourceaccount", "s3:resourceaccount"}


@patch(
    "ministack.core.iam_evaluator:_resolve_condition_key",
    why=(
        "The ARN of a bucket has no account, so each bucket seems to belong to the account of the "
        "caller."
    ),
    until="ministack resolves the account of an S3 resource from its bucket.",
    after="corrections.via_service",
)
def resolve(previous: Callable[..., Any], key: str, ctx: Any) -> Any:
    if key.lower() in _KEYS and (owner := _owner(ctx.resource_arn)):
        return owner
    return previous(key, ctx)


def _owner(arn: str) -> str | None:
    """Returns the account that owns the bucket of an ARN, or None if there is no such bucket."""
    service, _, name = arn.removeprefix("arn:aws:").partition(":::")
    if service != "s3":
        return None
    owner: str | None = s3._bucket_owner_account(name.split("/")[0])
    return owner
