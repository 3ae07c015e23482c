"""AWS Budgets: what may be spent, in an account where nothing ever is.

Actions that a budget takes (`CreateBudgetAction`) are refused by name, as without spending none
would ever run.
"""

from __future__ import annotations

import copy
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.budgets.notifications import (
    Notifications,
    check_account,
    new_notification,
    not_found,
    page,
)
from rehearsal.services.budgets.records import SPENT, Budget, budget_arn
from rehearsal.services.budgets.resource_types import RESOURCE_TYPES as RESOURCE_TYPES
from rehearsal.services.budgets.rules import check_budget, check_notifications, check_subscribers

_TAGGING = ("ListTagsForResource", "TagResource", "UntagResource")
# Both only in answers that ask for them.
_HIDDEN = ("FilterExpression", "Metrics")
_END = datetime.datetime(2087, 6, 15, tzinfo=datetime.UTC)


class Budgets(Notifications):
    """The budgets of every account."""

    name = "budgets"
    namespace = "budgets"
    validation_error = "InvalidParameterException"

    def action(self, operation: str) -> str:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html"""
        if operation in _TAGGING:
            return f"budgets:{operation}"
        return "budgets:ViewBudget" if operation.startswith("Describe") else "budgets:ModifyBudget"

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        if "ResourceARN" in request:
            return [request["ResourceARN"]]
        given = request.get("Budget", request.get("NewBudget", request))
        return [budget_arn(scope, given.get("BudgetName", "*"))]

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        with self.lock:
            found = [budget.tags for budget in self.budgets.values() if budget.arn == arn]
            return dict(found[0]) if found else {}

    def create_budget(self, request: Request, context: Context) -> Response:
        check_account(request, context)
        check_budget(request["Budget"])
        entries = request.get("NotificationsWithSubscribers", [])
        check_notifications([entry["Notification"] for entry in entries])
        for entry in entries:
            check_subscribers(entry["Subscribers"], context.scope)
        tags = {tag["Key"]: tag["Value"] for tag in request.get("ResourceTags", [])}
        budget = Budget(context.scope, _completed(request["Budget"]), tags)
        if tags:
            self.platform.authorize(
                context.caller_arn, "budgets:TagResource", budget.arn, context.scope
            )
        budget.notifications = [
            new_notification(entry["Notification"], entry["Subscribers"]) for entry in entries
        ]
        key = (context.scope.account, budget.name)
        with self.lock:
            if key in self.budgets:
                message = f"Error creating budget: {budget.name} - the budget already exists."
                raise AwsError("DuplicateRecordException", message)
            self.budgets[key] = budget
        self.judge(budget)
        return {}

    def update_budget(self, request: Request, context: Context) -> Response:
        new = request["NewBudget"]
        check_budget(new)
        named = {"AccountId": request["AccountId"], "BudgetName": new["BudgetName"]}
        with self.lock:
            budget = self.find(named, context)
            period = {**budget.shown["TimePeriod"], **new.get("TimePeriod", {})}
            budget.shown = _completed({**new, "TimePeriod": period})
        self.judge(budget)
        return {}

    def describe_budget(self, request: Request, context: Context) -> Response:
        return {"Budget": _shown(self.find(request, context), request)}

    def describe_budgets(self, request: Request, context: Context) -> Response:
        check_account(request, context)
        with self.lock:
            found = [
                _shown(budget, request)
                for (account, _), budget in sorted(self.budgets.items())
                if account == context.scope.account
            ]
        return page(found, request, "Budgets")

    def delete_budget(self, request: Request, context: Context) -> Response:
        with self.lock:
            budget = self.find(request, context)
            del self.budgets[context.scope.account, budget.name]
        return {}

    def tag_resource(self, request: Request, context: Context) -> Response:
        with self.lock:
            tags = self._tagged(request, context).tags
            tags.update({tag["Key"]: tag["Value"] for tag in request["ResourceTags"]})
        return {}

    def untag_resource(self, request: Request, context: Context) -> Response:
        with self.lock:
            tags = self._tagged(request, context).tags
            for key in request["ResourceTagKeys"]:
                tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, request: Request, context: Context) -> Response:
        with self.lock:
            tags = sorted(self._tagged(request, context).tags.items())
        return {"ResourceTags": [{"Key": key, "Value": value} for key, value in tags]}

    def _tagged(self, request: Request, context: Context) -> Budget:
        for (account, _), budget in self.budgets.items():
            if account == context.scope.account and budget.arn == request["ResourceARN"]:
                return budget
        raise not_found(f"There is no budget {request['ResourceARN']}.")


def _completed(given: Mapping[str, Any]) -> dict[str, Any]:
    """A budget with what AWS fills in: its period, and what was spent."""
    now = datetime.datetime.now(datetime.UTC)
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
    hidden = () if request.get("ShowFilterExpression") else _HIDDEN
    return {key: value for key, value in budget.shown.items() if key not in hidden}
