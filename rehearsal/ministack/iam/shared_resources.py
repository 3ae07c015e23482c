"""Resources of our services that a policy shares with other accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator

from rehearsal.framework.platform import AwsError, Scope


def authorize_by_policy(
    policy: str | None,
    principal_arn: str,
    action: str,
    resource_arn: str,
    scope: Scope,
    keys: Mapping[str, Any] | None = None,
) -> None:
    """Raises AwsError unless a resource's policy lets a principal of another account act."""
    account = principal_arn.split(":")[4]
    context = iam_evaluator.EvalContext(
        principal_arn=principal_arn,
        principal_type="AssumedRole" if ":assumed-role/" in principal_arn else "User",
        principal_account=account,
        action=action,
        resource_arn=resource_arn,
        region=scope.region,
        service_context={
            **{key.lower(): value for key, value in (keys or {}).items()},
            "aws:principalaccount": account,
            "aws:principalarn": principal_arn,
        },
        principal_keys={},
        secure_transport=True,  # the gateway speaks TLS alone
    )
    decided = iam_evaluator.evaluate_resource_policy(policy, context)
    if decided.decision != "Allow":
        explicit = decided.decision == "Deny"
        message = iam_actions.identity_denial_message(action, principal_arn, resource_arn, explicit)
        raise AwsError("AccessDeniedException", _of_resource(message), 403)


def _of_resource(message: str) -> str:
    """The words of a denial, said of the resource's policy."""
    return message.replace("identity-based policy", "resource-based policy")
