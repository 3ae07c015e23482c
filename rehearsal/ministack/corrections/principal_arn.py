"""The condition key `aws:PrincipalArn` of a role session: the ARN of the role, with its path.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from collections.abc import Callable
from typing import Any

from ministack.services import iam

from rehearsal.ministack.registry import patch

_SESSION = ":assumed-role/"


@patch(
    "ministack.core.iam_evaluator:_resolve_condition_key",
    why=(
        "aws:PrincipalArn is the ARN of the session instead of the role, so a policy that names a "
        "role of another account by this key never matches."
    ),
    until="ministack resolves aws:PrincipalArn of a session to its role.",
    after="corrections.role_tags",
)
def resolve(previous: Callable[..., Any], key: str, ctx: Any) -> Any:
    value = previous(key, ctx)
    if key.lower() == "aws:principalarn" and _SESSION in str(value):
        return _role_arn(str(value))
    return value


def _role_arn(session_arn: str) -> str:
    """Returns the ARN of the role of a session, or the ARN of the session if the role is gone."""
    account, name = session_arn.split(":")[4], session_arn.split("/")[1]
    role = iam._roles.get_scoped(account, None, name)
    return str(role["Arn"]) if role else session_arn
