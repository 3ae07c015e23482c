"""Notifications of budgets and their subscribers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response, Service
from rehearsal.services.budgets.alerts import in_alarm, tell
from rehearsal.services.budgets.records import Budget, Notification, address
from rehearsal.services.budgets.rules import check_notifications, check_subscribers

_PAGE = 100


class Notifications(Service):
    """The part of AWS Budgets that tells people."""

    def __init__(self, platform: Any) -> None:
        super().__init__(platform)
        self.budgets: dict[tuple[str, str], Budget] = {}

    def create_notification(self, request: Request, context: Context) -> Response:
        made = new_notification(request["Notification"], request["Subscribers"])
        check_subscribers(made.subscribers, context.scope)
        with self.lock:
            budget = self.find(request, context)
            check_notifications([*(one.shown for one in budget.notifications), made.shown])
            budget.notifications.append(made)
        self.judge(budget)
        return {}

    def update_notification(self, request: Request, context: Context) -> Response:
        with self.lock:
            budget = self.find(request, context)
            found = self._notification(budget, request["OldNotification"])
            changed = new_notification(request["NewNotification"], found.subscribers)
            others = [one.shown for one in budget.notifications if one is not found]
            check_notifications([*others, changed.shown])
            found.shown = changed.shown
        self.judge(budget)
        return {}

    def delete_notification(self, request: Request, context: Context) -> Response:
        with self.lock:
            budget = self.find(request, context)
            budget.notifications.remove(self._notification(budget, request["Notification"]))
        return {}

    def describe_notifications_for_budget(self, request: Request, context: Context) -> Response:
        with self.lock:
            shown = [dict(one.shown) for one in self.find(request, context).notifications]
        return page(shown, request, "Notifications")

    def create_subscriber(self, request: Request, context: Context) -> Response:
        with self.lock:
            found = self._notification(self.find(request, context), request["Notification"])
            check_subscribers([*found.subscribers, request["Subscriber"]], context.scope)
            found.subscribers.append(dict(request["Subscriber"]))
        return {}

    def update_subscriber(self, request: Request, context: Context) -> Response:
        with self.lock:
            found = self._notification(self.find(request, context), request["Notification"])
            old = self._subscriber(found, request["OldSubscriber"])
            others = [one for one in found.subscribers if one is not old]
            check_subscribers([*others, request["NewSubscriber"]], context.scope)
            found.subscribers = [*others, dict(request["NewSubscriber"])]
        return {}

    def delete_subscriber(self, request: Request, context: Context) -> Response:
        """Deletes a subscriber, and with the last one its notification."""
        with self.lock:
            budget = self.find(request, context)
            found = self._notification(budget, request["Notification"])
            found.subscribers.remove(self._subscriber(found, request["Subscriber"]))
            if not found.subscribers:
                budget.notifications.remove(found)
        return {}

    def describe_subscribers_for_notification(self, request: Request, context: Context) -> Response:
        with self.lock:
            found = self._notification(self.find(request, context), request["Notification"])
            shown = [dict(one) for one in found.subscribers]
        return page(shown, request, "Subscribers")

    def find(self, request: Request, context: Context) -> Budget:
        """The budget that a request names. Raises AwsError when there is none."""
        check_account(request, context)
        name = request["BudgetName"]
        with self.lock:
            budget = self.budgets.get((context.scope.account, name))
        if budget is None:
            raise not_found(f"Unable to get budget: {name} - the budget doesn't exist.")
        return budget

    def judge(self, budget: Budget) -> None:
        """Brings the states of a budget's notifications up to date, and tells of new alarms."""
        alarms = []
        with self.lock:
            for one in budget.notifications:
                before, now = one.in_alarm, in_alarm(one.shown, budget.shown)
                one.shown["NotificationState"] = "ALARM" if now else "OK"
                if now and not before:
                    alarms.append(one)
        for alarm in alarms:
            tell(self.platform, budget, alarm)

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
    """A notification that was never in alarm."""
    shown = {"ThresholdType": "PERCENTAGE", **given, "NotificationState": "OK"}
    return Notification(shown, [dict(one) for one in subscribers])


def check_account(request: Request, context: Context) -> None:
    """Budgets of other accounts are out of reach."""
    if request["AccountId"] != context.scope.account:
        message = f"Account {context.scope.account} has no access to {request['AccountId']}."
        raise AwsError("AccessDeniedException", message)


def page(entries: list[Any], request: Request, member: str) -> Response:
    """A page of a list, with NextToken when more follow."""
    token = request.get("NextToken") or "0"
    if not token.isdigit():
        raise AwsError("InvalidNextTokenException", f"{token} was not given by this service.")
    end = int(token) + request.get("MaxResults", _PAGE)
    more = {"NextToken": str(end)} if end < len(entries) else {}
    return {member: entries[int(token) : end], **more}


def not_found(message: str) -> AwsError:
    return AwsError("NotFoundException", message)
