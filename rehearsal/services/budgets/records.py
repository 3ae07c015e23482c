"""Budgets and their notifications, as they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.framework.platform import Scope

#: A rehearsal has no bills: nothing was ever spent, and nothing is made up.
SPENT = 0.0


@dataclass
class Notification:
    """A notification; `shown` is what the API answers of it."""

    shown: dict[str, Any]
    subscribers: list[dict[str, str]]

    @property
    def in_alarm(self) -> bool:
        return bool(self.shown["NotificationState"] == "ALARM")

    def is_called(self, given: Mapping[str, Any]) -> bool:
        """Whether a request means this one: it has no name, so its members identify it."""
        return identity(self.shown) == identity(given)


@dataclass
class Budget:
    """A budget of an account; `shown` is what the API answers of it."""

    scope: Scope
    shown: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    notifications: list[Notification] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.shown["BudgetName"])

    @property
    def arn(self) -> str:
        return budget_arn(self.scope, self.name)


def budget_arn(scope: Scope, name: str) -> str:
    """A budget is of an account, and of no region."""
    return f"arn:aws:budgets::{scope.account}:budget/{name}"


def identity(notification: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells one notification of a budget from another."""
    return (
        notification["NotificationType"],
        notification["ComparisonOperator"],
        float(notification["Threshold"]),
        notification.get("ThresholdType", "PERCENTAGE"),
    )


def address(subscriber: Mapping[str, str]) -> tuple[str, str]:
    return subscriber["SubscriptionType"], subscriber["Address"]
