"""Notifications of budgets and their subscribers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.pages import page
from rehearsal.framework.platform import Context, Platform
from rehearsal.framework.service import Request, Response
from rehearsal.services.budgets.alerts import in_alarm, send
from rehearsal.services.budgets.records import Budget, BudgetStore, Notification, address, not_found
from rehearsal.services.budgets.rules import check_notifications, check_subscribers

PAGE_SIZE = 100
INVALID_TOKEN = "InvalidNextTokenException"  # noqa: S105  # an error code


class Notifications:
    """Operations on the notifications of budgets and on their subscribers.

    Args:
        platform: the AWS around the service.
        lock: the service's lock.
        budgets: the budgets of every account.
    """

    def __init__(self, platform: Platform, lock: threading.RLock, budgets: BudgetStore) -> None:
        self._platform = platform
        self._lock = lock
        self._budgets = budgets

    def create_notification(self, request: Request, context: Context) -> Response:
        made = new_notification(request["Notification"], request["Subscribers"])
        check_subscribers(made.subscribers, context.scope)
        with self._lock:
            budget = self._budgets.find(request, context)
            check_notifications([*(one.shown for one in budget.notifications), made.shown])
            budget.notifications.append(made)
        self.evaluate(budget)
        return {}

    def update_notification(self, request: Request, context: Context) -> Response:
        with self._lock:
            budget = self._budgets.find(request, context)
            found = self._notification(budget, request["OldNotification"])
            changed = new_notification(request["NewNotification"], found.subscribers)
            others = [one.shown for one in budget.notifications if one is not found]
            check_notifications([*others, changed.shown])
            found.shown = changed.shown
        self.evaluate(budget)
        return {}

    def delete_notification(self, request: Request, context: Context) -> Response:
        with self._lock:
            budget = self._budgets.find(request, context)
            budget.notifications.remove(self._notification(budget, request["Notification"]))
        return {}

    def describe_notifications_for_budget(self, request: Request, context: Context) -> Response:
        with self._lock:
            shown = [dict(one.shown) for one in self._budgets.find(request, context).notifications]
        entries, more = page(shown, request, size=PAGE_SIZE, error=INVALID_TOKEN)
        return {"Notifications": entries, **more}

    def create_subscriber(self, request: Request, context: Context) -> Response:
        with self._lock:
            found = self._named(request, context)
            check_subscribers([*found.subscribers, request["Subscriber"]], context.scope)
            found.subscribers.append(dict(request["Subscriber"]))
        return {}

    def update_subscriber(self, request: Request, context: Context) -> Response:
        with self._lock:
            found = self._named(request, context)
            old = self._subscriber(found, request["OldSubscriber"])
            others = [one for one in found.subscribers if one is not old]
            check_subscribers([*others, request["NewSubscriber"]], context.scope)
            found.subscribers = [*others, dict(request["NewSubscriber"])]
        return {}

    def delete_subscriber(self, request: Request, context: Context) -> Response:
        """Deletes a subscriber, and with the last one its notification."""
        with self._lock:
            budget = self._budgets.find(request, context)
            found = self._notification(budget, request["Notification"])
            found.subscribers.remove(self._subscriber(found, request["Subscriber"]))
            if not found.subscribers:
                budget.notifications.remove(found)
        return {}

    def describe_subscribers_for_notification(self, request: Request, context: Context) -> Response:
        with self._lock:
            found = self._named(request, context)
            shown = [dict(one) for one in found.subscribers]
        entries, more = page(shown, request, size=PAGE_SIZE, error=INVALID_TOKEN)
        return {"Subscribers": entries, **more}

    def evaluate(self, budget: Budget) -> None:
        """Updates the states of a budget's notifications, and sends those newly in alarm."""
        alarms = []
        with self._lock:
            for one in budget.notifications:
                before, now = one.in_alarm, in_alarm(one.shown, budget.shown)
                one.shown["NotificationState"] = "ALARM" if now else "OK"
                if now and not before:
                    alarms.append(one)
        for alarm in alarms:
            send(self._platform, budget, alarm)

    def _named(self, request: Request, context: Context) -> Notification:
        return self._notification(self._budgets.find(request, context), request["Notification"])

    def _notification(self, budget: Budget, given: Mapping[str, Any]) -> Notification:
        found = [one for one in budget.notifications if one.is_called(given)]
        if not found:
            raise not_found(f"{budget.name} has no such notification.")
        return found[0]

    def _subscriber(self, notification: Notification, given: Mapping[str, str]) -> dict[str, str]:
        found = [one for one in notification.subscribers if address(one) == address(given)]
        if not found:
            raise not_found("The notification has no such subscriber.")
        return found[0]


def new_notification(given: Mapping[str, Any], subscribers: Any) -> Notification:
    """Returns a notification that was never in alarm."""
    shown = {"ThresholdType": "PERCENTAGE", **given, "NotificationState": "OK"}
    return Notification(shown, [dict(one) for one in subscribers])
