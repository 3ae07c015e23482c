"""Budgets and their notifications."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request
from rehearsal.framework.store import Store

#: A rehearsal has no bills, so nothing is ever spent.
SPENT = 0.0


@dataclass
class Notification:
    """A notification; `shown` has the form of the API."""

    shown: dict[str, Any]
    subscribers: list[dict[str, str]]

    @property
    def in_alarm(self) -> bool:
        return bool(self.shown["NotificationState"] == "ALARM")

    def is_called(self, given: Mapping[str, Any]) -> bool:
        """Returns True if a request names this notification, which its members identify."""
        return identity(self.shown) == identity(given)


@dataclass
class Budget:
    """A budget of an account; `shown` has the form of the API."""

    scope: Scope
    shown: dict[str, Any]
    notifications: list[Notification] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.shown["BudgetName"])

    @property
    def arn(self) -> str:
        return budget_arn(self.scope, self.name)


def budget_arn(scope: Scope, name: str) -> str:
    """Returns the ARN of a budget, which belongs to an account but to no region."""
    return f"arn:aws:budgets::{scope.account}:budget/{name}"


def identity(notification: Mapping[str, Any]) -> tuple[Any, ...]:
    """Returns the members that identify a notification of a budget."""
    return (
        notification["NotificationType"],
        notification["ComparisonOperator"],
        float(notification["Threshold"]),
        notification.get("ThresholdType", "PERCENTAGE"),
    )


def address(subscriber: Mapping[str, str]) -> tuple[str, str]:
    return subscriber["SubscriptionType"], subscriber["Address"]


class BudgetStore:
    """The budgets of every account.

    Args:
        lock: the service's lock.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._budgets: Store[Budget] = Store()

    def add(self, budget: Budget) -> None:
        """Adds a budget.

        Raises:
            AwsError: DuplicateRecordException, if the account has a budget with the name.
        """
        with self._lock:
            budgets = self._budgets.of(_account(budget.scope))
            if budget.name in budgets:
                message = f"Error creating budget: {budget.name} - the budget already exists."
                raise AwsError("DuplicateRecordException", message)
            budgets[budget.name] = budget

    def find(self, request: Request, context: Context) -> Budget:
        """Returns the budget that a request names.

        Raises:
            AwsError: the budget does not exist, or belongs to another account.
        """
        check_account(request, context)
        name = request["BudgetName"]
        with self._lock:
            budget = self._budgets.of(_account(context.scope)).get(name)
        if budget is None:
            raise not_found(f"Unable to get budget: {name} - the budget doesn't exist.")
        return budget

    def find_by_arn(self, arn: str, scope: Scope) -> Budget:
        """Returns a budget of the account by its ARN.

        Raises:
            AwsError: NotFoundException, if there is no such budget.
        """
        for budget in self.list(scope):
            if budget.arn == arn:
                return budget
        raise not_found(f"There is no budget {arn}.")

    def list(self, scope: Scope) -> list[Budget]:
        """Returns the budgets of an account, sorted by name."""
        with self._lock:
            return [budget for _, budget in sorted(self._budgets.of(_account(scope)).items())]

    def remove(self, budget: Budget) -> None:
        """Removes a budget."""
        with self._lock:
            self._budgets.of(_account(budget.scope)).pop(budget.name, None)


def check_account(request: Request, context: Context) -> None:
    """Raises AwsError (AccessDeniedException) for a request about another account."""
    if request["AccountId"] != context.scope.account:
        message = f"Account {context.scope.account} has no access to {request['AccountId']}."
        raise AwsError("AccessDeniedException", message)


def not_found(message: str) -> AwsError:
    """Returns the error for a budget, notification or subscriber that does not exist."""
    return AwsError("NotFoundException", message)


def _account(scope: Scope) -> Scope:
    """Returns the scope of an account's budgets, which are the same in every region."""
    return Scope(scope.account, "")
