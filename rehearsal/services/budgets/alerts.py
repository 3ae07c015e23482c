"""States of notifications, and the messages to their subscribers.

A rehearsal has no bills, so what was spent is 0 and there is no forecast. A notification for less
than some amount (`LESS_THAN`) is in alarm at once, in AWS some hours later. It proves that AWS
Budgets may publish to a topic and use its key.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.events.service_sender import ServiceSender
from rehearsal.framework.platform import AwsError, Platform
from rehearsal.services.budgets.records import SPENT, Budget, Notification

_PRINCIPAL = "budgets.amazonaws.com"
_log = logging.getLogger("rehearsal.budgets")


def in_alarm(notification: Mapping[str, Any], budget: Mapping[str, Any]) -> bool:
    """Returns True if the actual spend is beyond the threshold; there are no forecasts."""
    if notification["NotificationType"] == "FORECASTED":
        return False
    spent, threshold = SPENT, threshold_amount(notification, budget)
    match notification["ComparisonOperator"]:
        case "GREATER_THAN":
            return spent > threshold
        case "LESS_THAN":
            return spent < threshold
    return spent == threshold


def threshold_amount(notification: Mapping[str, Any], budget: Mapping[str, Any]) -> float:
    """Returns the threshold in the budget's unit."""
    threshold = float(notification["Threshold"])
    if notification.get("ThresholdType", "PERCENTAGE") == "ABSOLUTE_VALUE":
        return threshold
    return float(budget["BudgetLimit"]["Amount"]) * threshold / 100


def send(platform: Platform, budget: Budget, notification: Notification) -> None:
    """Publishes to the subscribed topics as AWS Budgets.

    A missing permission is reported in the log only, as in AWS. No mail is sent.
    """
    sender = ServiceSender(platform, _PRINCIPAL, budget.scope, budget.arn)
    subject = f"AWS Budgets: {budget.name} has passed its alert threshold"
    for subscriber in notification.subscribers:
        if subscriber["SubscriptionType"] == "EMAIL":
            _log.warning("A rehearsal sends no mail to %s: %s", subscriber["Address"], subject)
            continue
        try:
            sender.publish(subscriber["Address"], _text(budget, notification), subject[:100])
        except (AwsError, ClientError) as error:
            _log.error("%s did not reach %s: %s", budget.arn, subscriber["Address"], error)


def _text(budget: Budget, notification: Notification) -> str:
    unit = budget.shown["BudgetLimit"]["Unit"]
    shown = notification.shown
    operator = shown["ComparisonOperator"].replace("_", " ").lower()
    return "\n".join(
        [
            f"AWS account {budget.scope.account}",
            f"Budget Name: {budget.name}",
            f"Budget Type: {budget.shown['BudgetType'].capitalize()}",
            f"Budgeted Amount: {float(budget.shown['BudgetLimit']['Amount']):.2f} {unit}",
            f"Alert Type: {shown['NotificationType']}",
            f"Alert Threshold: {operator} {threshold_amount(shown, budget.shown):.2f} {unit}",
            f"{shown['NotificationType']} Amount: {SPENT:.2f} {unit}",
        ]
    )
