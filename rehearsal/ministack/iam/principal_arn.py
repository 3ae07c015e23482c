"""aws:PrincipalArn of a role's session, which is the role's own ARN, with its path.

ministack gives the session's. A policy that lets a role of another account in by this key, because
the role may not exist yet, then never matches.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam

_SESSION = ":assumed-role/"


def install() -> None:
    """Corrects the value of the key in every evaluation."""
    stock = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: Any) -> Any:
        value = stock(key, context)
        if key.lower() == "aws:principalarn" and _SESSION in str(value):
            return role_arn(str(value))
        return value

    iam_evaluator._resolve_condition_key = resolve


def role_arn(session_arn: str) -> str:
    """The ARN of the role of a session; the session's own when the role is gone."""
    account, name = session_arn.split(":")[4], session_arn.split("/")[1]
    role = iam._roles.get_scoped(account, None, name)
    return str(role["Arn"]) if role else session_arn
