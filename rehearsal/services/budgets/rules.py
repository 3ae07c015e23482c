"""Rules of AWS Budgets beyond the model of its requests.

Sources: CreateBudget, Budget, Notification and Subscriber of the AWS Budgets API reference;
"Creating an Amazon SNS topic for budget notifications" of the Cost Management user guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.services.budgets.records import address, identity

_MAX_NOTIFICATIONS = 10
_MAX_SUBSCRIBERS = {"SNS": 1, "EMAIL": 10}
_PERIODS = ("MONTHLY", "QUARTERLY", "ANNUALLY")
_UNSUPPORTED = ("AutoAdjustData", "BillingViewArn", "PlannedBudgetLimits")
_TOPIC = re.compile(r"arn:aws:sns:[a-z0-9-]+:(\d{12}):[\w-]+")


def check_budget(budget: Mapping[str, Any]) -> None:
    """Raises AwsError for a budget that AWS rejects or the rehearsal does not support."""
    for member in _UNSUPPORTED:
        if member in budget:
            raise invalid(f"The rehearsal does not support {member} of a budget.")
    if budget["BudgetType"] not in ("COST", "USAGE"):
        raise invalid(
            f"The rehearsal has no reservations and no savings plans, so no {budget['BudgetType']} "
            "budget: use COST or USAGE."
        )
    if budget["TimeUnit"] not in _PERIODS:
        raise invalid(f"TimeUnit {budget['TimeUnit']} is not valid here: use {_PERIODS}.")


def check_notifications(entries: Sequence[Mapping[str, Any]]) -> None:
    """Raises AwsError unless a budget can have these notifications together."""
    if len(entries) > _MAX_NOTIFICATIONS:
        raise AwsError(
            "CreationLimitExceededException",
            f"one budget can only have {_MAX_NOTIFICATIONS} notifications",
        )
    identities = [identity(entry) for entry in entries]
    if len(set(identities)) < len(identities):
        raise AwsError("DuplicateRecordException", "Duplicate notification for the same budget")


def check_subscribers(subscribers: Sequence[Mapping[str, str]], scope: Scope) -> None:
    """Raises AwsError unless a notification can have these subscribers together."""
    for kind, limit in _MAX_SUBSCRIBERS.items():
        if sum(subscriber["SubscriptionType"] == kind for subscriber in subscribers) > limit:
            raise AwsError(
                "CreationLimitExceededException",
                f"one notification can only have {limit} subscribers with type of {kind}",
            )
    addresses = [address(subscriber) for subscriber in subscribers]
    if len(set(addresses)) < len(addresses):
        raise AwsError("DuplicateRecordException", "Duplicate subscriber for the same notification")
    for kind, given in addresses:
        if kind == "SNS":
            _check_topic(given, scope)


def _check_topic(arn: str, scope: Scope) -> None:
    found = _TOPIC.fullmatch(arn)
    if found is None:
        raise invalid(f"{arn}: please comply with the format of SNS topic ARNs.")
    if found[1] != scope.account:
        raise invalid(f"{arn} is of another account than the budget, {scope.account}.")


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)
