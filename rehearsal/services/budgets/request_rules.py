"""Rules of AWS Budgets' requests, beyond the models.

Sources name operations and shapes of the AWS Budgets API Reference.
"""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import less, rule, without
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import tag_rules

_BUDGETS = ("CreateBudget", "UpdateBudget")
_BUDGET = "Budget|NewBudget"
_LAST = datetime.datetime(2087, 6, 15, tzinfo=datetime.UTC)
_MAX_SUBSCRIBERS = {"SNS": 1, "EMAIL": 10}
_SUBSCRIBED = ("CreateBudget", "CreateNotification")
_LIMIT = {"Budget.BudgetLimit.Amount": "100", "Budget.BudgetLimit.Unit": "USD"}
_MONTHLY: dict[str, Any] = {
    "AccountId": "111111111111",
    "Budget.BudgetName": "ml",
    "Budget.TimeUnit": "MONTHLY",
    "Budget.BudgetType": "COST",
    **_LIMIT,
}
_ALERT = "NotificationsWithSubscribers[0]"


def _alert(index: int = 0, threshold: float = 80.0, **changes: Any) -> dict[str, Any]:
    place = f"NotificationsWithSubscribers[{index}]"
    return {
        f"{place}.Notification.NotificationType": "ACTUAL",
        f"{place}.Notification.ComparisonOperator": "GREATER_THAN",
        f"{place}.Notification.Threshold": threshold,
        f"{place}.Subscribers[0].SubscriptionType": "EMAIL",
        f"{place}.Subscribers[0].Address": "ana@example.com",
        **{f"{place}.{name}": value for name, value in changes.items()},
    }


def _budgets(call: Call) -> Iterator[Mapping[str, Any]]:
    for _, budget in call.values(_BUDGET):
        yield budget


def _limit_given(call: Call) -> Iterator[str]:
    for budget in _budgets(call):
        kind = budget.get("BudgetType")
        planned = budget.get("PlannedBudgetLimits") or budget.get("AutoAdjustData")
        if kind in ("COST", "USAGE") and not budget.get("BudgetLimit") and not planned:
            yield f"BudgetLimit is required for a {kind} budget."


def _limits(call: Call) -> Iterator[str]:
    for budget in _budgets(call):
        if budget.get("BudgetLimit") and budget.get("PlannedBudgetLimits"):
            yield "Only one of BudgetLimit and PlannedBudgetLimits can be present at one time."


def _unit(call: Call) -> Iterator[str]:
    for budget in _budgets(call):
        unit = (budget.get("BudgetLimit") or {}).get("Unit", "USD")
        if budget.get("BudgetType") == "COST" and unit != "USD":
            yield f"Unable to create/update budget - {unit} is not in the supported unit set: [USD]"


def _filters(call: Call) -> Iterator[str]:
    for budget in _budgets(call):
        old = budget.get("CostFilters") or budget.get("CostTypes")
        if old and (budget.get("FilterExpression") or budget.get("Metrics")):
            yield "FilterExpression and Metrics take the place of CostFilters and CostTypes."


def _last_end(call: Call) -> Iterator[str]:
    for budget in _budgets(call):
        end = (budget.get("TimePeriod") or {}).get("End")
        if end is not None and end > _LAST:
            yield f"The end date must come before 06/15/87 00:00 UTC; got {end:%m/%d/%Y}."


def _subscribers(call: Call) -> Iterator[list[Mapping[str, Any]]]:
    for path in ("Subscribers", "NotificationsWithSubscribers[].Subscribers"):
        for _, found in call.values(path):
            yield found


def _subscriber_number(call: Call) -> Iterator[str]:
    for subscribers in _subscribers(call):
        for kind, limit in _MAX_SUBSCRIBERS.items():
            if sum(one["SubscriptionType"] == kind for one in subscribers) > limit:
                yield f"one notification can only have {limit} subscribers with type of {kind}"


def _subscriber_twice(call: Call) -> Iterator[str]:
    for subscribers in _subscribers(call):
        addresses = [(one["SubscriptionType"], one["Address"]) for one in subscribers]
        if len(set(addresses)) < len(addresses):
            yield "Duplicate subscriber for the same notification"


BUDGETS = Catalogue(
    "budgets",
    *tag_rules("budgets", tags="ResourceTags", source="CreateBudget, ResourceTags"),
    rule(
        "budget-limit",
        _BUDGETS,
        "A cost or usage budget has a limit.",
        _limit_given,
        source="Budget, BudgetLimit",
        fails={k: v for k, v in _MONTHLY.items() if "Limit" not in k},
        passes=_MONTHLY,
    ),
    rule(
        "budget-limits",
        _BUDGETS,
        "A budget has BudgetLimit or PlannedBudgetLimits, not both.",
        _limits,
        source="CreateBudget",
        fails={
            **_MONTHLY,
            "Budget.PlannedBudgetLimits": {"1767225600": {"Amount": "1", "Unit": "USD"}},
        },
        passes=_MONTHLY,
    ),
    rule(
        "budget-unit",
        _BUDGETS,
        "The unit of a cost budget is USD.",
        _unit,
        source="Spend, Unit",
        fails={**_MONTHLY, "Budget.BudgetLimit.Unit": "EUR"},
        passes=_MONTHLY,
    ),
    rule(
        "budget-filters",
        _BUDGETS,
        "A budget has FilterExpression and Metrics, or CostFilters and CostTypes.",
        _filters,
        source="CreateBudget",
        fails={
            **_MONTHLY,
            "Budget.CostFilters": {"Service": ["Amazon SageMaker"]},
            "Budget.Metrics[0]": "UnblendedCost",
        },
        passes={**_MONTHLY, "Budget.CostFilters": {"Service": ["Amazon SageMaker"]}},
    ),
    less(
        "budget-period",
        _BUDGETS,
        "Start",
        "End",
        at=f"{_BUDGET}.TimePeriod",
        source="Budget, TimePeriod",
        fails={
            **_MONTHLY,
            "Budget.TimePeriod.Start": datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC),
            "Budget.TimePeriod.End": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        },
        passes={
            **_MONTHLY,
            "Budget.TimePeriod.Start": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
            "Budget.TimePeriod.End": datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC),
        },
    ),
    rule(
        "budget-end",
        _BUDGETS,
        "A budget ends before June 15, 2087.",
        _last_end,
        source="Budget, TimePeriod",
        fails={
            **_MONTHLY,
            "Budget.TimePeriod.End": datetime.datetime(2088, 1, 1, tzinfo=datetime.UTC),
        },
        passes={**_MONTHLY, "Budget.TimePeriod.End": _LAST},
    ),
    rule(
        "subscriber-number",
        _SUBSCRIBED,
        "A notification has at most 1 SNS and 10 email subscribers.",
        _subscriber_number,
        source="NotificationWithSubscribers",
        code="CreationLimitExceededException",
        fails={
            **_MONTHLY,
            **_alert(),
            **{f"{_ALERT}.Subscribers[{n}].SubscriptionType": "EMAIL" for n in range(1, 11)},
            **{f"{_ALERT}.Subscribers[{n}].Address": f"a{n}@example.com" for n in range(1, 11)},
        },
        passes={**_MONTHLY, **_alert()},
    ),
    rule(
        "subscriber-once",
        _SUBSCRIBED,
        "A subscriber is given once for a notification.",
        _subscriber_twice,
        source="CreateSubscriber, DuplicateRecordException",
        code="DuplicateRecordException",
        fails={
            **_MONTHLY,
            **_alert(),
            f"{_ALERT}.Subscribers[1].SubscriptionType": "EMAIL",
            f"{_ALERT}.Subscribers[1].Address": "ana@example.com",
        },
        passes={**_MONTHLY, **_alert()},
    ),
    without(
        "subscriber-address",
        _SUBSCRIBED,
        "NotificationsWithSubscribers[].Subscribers[].Address",
        r"[\r\n]",
        "contain line breaks",
        source="Subscriber, Address",
        fails={
            **_MONTHLY,
            **_alert(),
            f"{_ALERT}.Subscribers[0].Address": "ana@example.com\nben@example.com",
        },
        passes={**_MONTHLY, **_alert()},
    ),
    error="InvalidParameterException",
)
