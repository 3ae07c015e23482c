"""AWS Budgets, in an account in which nothing is ever spent.

Budget actions (`CreateBudgetAction`) are not supported: without spending, none would ever run.
"""

from __future__ import annotations

import copy
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.pages import page
from rehearsal.framework.platform import Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.framework.tags import TagOperations, TagShape
from rehearsal.services.budgets.notifications import (
    INVALID_TOKEN,
    PAGE_SIZE,
    Notifications,
    new_notification,
)
from rehearsal.services.budgets.records import (
    SPENT,
    Budget,
    BudgetStore,
    budget_arn,
    check_account,
)
from rehearsal.services.budgets.request_rules import BUDGETS
from rehearsal.services.budgets.resource_types import RESOURCE_TYPES as RESOURCE_TYPES
from rehearsal.services.budgets.rules import check_budget, check_notifications, check_subscribers

_TAGGING = ("ListTagsForResource", "TagResource", "UntagResource")
# Responses contain these members only if a request asks for them.
_OPTIONAL = ("FilterExpression", "Metrics")
_END = datetime.datetime(2087, 6, 15, tzinfo=datetime.UTC)


class Budgets(Service):
    """The budgets of every account."""

    name = "budgets"
    namespace = "budgets"
    validation_error = "InvalidParameterException"
    rules = BUDGETS
    tag_shape = TagShape(arn="ResourceARN", tags="ResourceTags", tag_keys="ResourceTagKeys")

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._budgets = BudgetStore(self.lock)
        self._notifications = Notifications(platform, self.lock, self._budgets)
        self.compose(self._notifications, TagOperations(self.tags, self._budgets.find_by_arn))

    def action(self, operation: str) -> str:
        """Returns the action of an operation.

        Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
        """
        if operation in _TAGGING:
            return f"budgets:{operation}"
        return "budgets:ViewBudget" if operation.startswith("Describe") else "budgets:ModifyBudget"

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        if "ResourceARN" in request:
            return [request["ResourceARN"]]
        given = request.get("Budget", request.get("NewBudget", request))
        return [budget_arn(scope, given.get("BudgetName", "*"))]

    def create_budget(self, request: Request, context: Context) -> Response:
        check_account(request, context)
        check_budget(request["Budget"])
        entries = request.get("NotificationsWithSubscribers", [])
        check_notifications([entry["Notification"] for entry in entries])
        for entry in entries:
            check_subscribers(entry["Subscribers"], context.scope)
        budget = Budget(context.scope, _completed(request["Budget"]))
        self.tags.authorize(context, budget.arn, request.get("ResourceTags"))
        budget.notifications = [
            new_notification(entry["Notification"], entry["Subscribers"]) for entry in entries
        ]
        self._budgets.add(budget)
        self.tags.put(budget.arn, request.get("ResourceTags"))
        self._notifications.evaluate(budget)
        return {}

    def update_budget(self, request: Request, context: Context) -> Response:
        new = request["NewBudget"]
        check_budget(new)
        named = {"AccountId": request["AccountId"], "BudgetName": new["BudgetName"]}
        with self.lock:
            budget = self._budgets.find(named, context)
            period = {**budget.shown["TimePeriod"], **new.get("TimePeriod", {})}
            budget.shown = _completed({**new, "TimePeriod": period})
        self._notifications.evaluate(budget)
        return {}

    def describe_budget(self, request: Request, context: Context) -> Response:
        return {"Budget": _shown(self._budgets.find(request, context), request)}

    def describe_budgets(self, request: Request, context: Context) -> Response:
        check_account(request, context)
        found = [_shown(budget, request) for budget in self._budgets.list(context.scope)]
        shown, more = page(found, request, size=PAGE_SIZE, error=INVALID_TOKEN)
        return {"Budgets": shown, **more}

    def delete_budget(self, request: Request, context: Context) -> Response:
        with self.lock:
            budget = self._budgets.find(request, context)
            self._budgets.remove(budget)
            self.tags.drop(budget.arn)
        return {}


def _completed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a budget with its default period and its actual spend."""
    now = utc_now()
    first = {"MONTHLY": now.month, "QUARTERLY": (now.month - 1) // 3 * 3 + 1, "ANNUALLY": 1}
    start = datetime.datetime(now.year, first[given["TimeUnit"]], 1, tzinfo=datetime.UTC)
    return {
        **copy.deepcopy(dict(given)),
        "TimePeriod": {"Start": start, "End": _END, **given.get("TimePeriod", {})},
        "CalculatedSpend": {
            "ActualSpend": {"Amount": f"{SPENT:g}", "Unit": given["BudgetLimit"]["Unit"]}
        },
        "LastUpdatedTime": now,
    }


def _shown(budget: Budget, request: Request) -> dict[str, Any]:
    hidden = () if request.get("ShowFilterExpression") else _OPTIONAL
    return {key: value for key, value in budget.shown.items() if key not in hidden}
