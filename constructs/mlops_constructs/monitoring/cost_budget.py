"""A monthly cost budget with notifications."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems

from .cost_filters import CostFilters

_PRINCIPAL = "budgets.amazonaws.com"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_MAX_THRESHOLDS = 5
_MAX_ADDRESSES = 10
_MAX_PERCENT = 1_000_000


@dataclass(frozen=True, kw_only=True)
class BudgetThreshold:
    """A threshold at which a budget notifies its subscribers; use its static factories."""

    kind: str
    percent: float

    @staticmethod
    def actual(percent: float) -> "BudgetThreshold":
        """Notifies when the actual costs exceed a share of the limit.

        Args:
            percent: percent of the monthly limit, greater than 0 and at most 1,000,000.

        Example:
            ```python
            BudgetThreshold.actual(80)
            ```
        """
        return BudgetThreshold(kind="ACTUAL", percent=percent)

    @staticmethod
    def forecasted(percent: float) -> "BudgetThreshold":
        """Notifies when the forecasted costs of the month exceed a share of the limit.

        AWS needs about five weeks of costs for a forecast and sends no notification before.

        Args:
            percent: percent of the monthly limit, greater than 0 and at most 1,000,000.

        Example:
            ```python
            BudgetThreshold.forecasted(100)
            ```
        """
        return BudgetThreshold(kind="FORECASTED", percent=percent)


_DEFAULT_THRESHOLDS = (
    BudgetThreshold.actual(80),
    BudgetThreshold.actual(100),
    BudgetThreshold.forecasted(100),
)


class CostBudget(Construct):
    """Defines a cost budget for each calendar month (UTC), with notifications.

    A budget notifies; it does not stop spending. AWS updates budgets up to three times a day and
    notifies once per threshold and month. Costs that are not billed yet are missing; credits and
    refunds are subtracted and taxes added, as on the bill. A budget is a global resource that
    CloudFormation creates in some regions only; other regions are rejected. It is free of charge.

    The budget has no custom name: CloudFormation replaces it when its subscribers change, and could
    not create a second budget of the same name.

    Args:
        monthly_limit: limit in US dollars, in the China regions in yuan, greater than 0; AWS
            Budgets does not support other currencies.
        cost_filters: costs that the budget counts.
        thresholds: 1 to 5 thresholds. Defaults to None: 80 % and 100 % of actual costs, and 100 %
            of forecasted costs.
        topic: topic of the stack's account that receives the notifications. Its policy, and that of
            its key when it is encrypted, allow AWS Budgets of this account to publish; the owner of
            an imported topic or key is responsible for its policy. Defaults to None: no topic.
        email_addresses: up to 10 addresses that AWS notifies by mail. Defaults to no addresses.

    Attributes:
        budget_name: name of the budget, unique in the account.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

    Source: "AWS::Budgets::Budget" of the template reference; "Creating an Amazon SNS topic for
    budget notifications" and "Managing your costs with AWS Budgets" of the Cost Management user
    guide.

    Example:
        ```python
        CostBudget(
            stack,
            "Budget",
            monthly_limit=500,
            cost_filters=CostFilters.of_project("churn"),
            topic=topic,
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        monthly_limit: float,
        cost_filters: CostFilters,
        thresholds: Sequence[BudgetThreshold] | None = None,
        topic: sns.ITopic | None = None,
        email_addresses: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        chosen = _DEFAULT_THRESHOLDS if thresholds is None else tuple(thresholds)
        problems = Problems("CostBudget", self)
        if is_known(monthly_limit) and monthly_limit <= 0:
            problems.add(f"monthly_limit: got {monthly_limit:g}; allowed is more than 0")
        problems.extend(cost_filters.problems())
        problems.extend(_threshold_problems(chosen))
        problems.extend(_receiver_problems(self, topic, email_addresses))
        problems.extend(region_problems(self, "AWS::Budgets::Budget"))
        problems.raise_if_any()
        subscribers = [_subscriber("EMAIL", address) for address in email_addresses]
        if topic is not None:
            subscribers.insert(0, _subscriber("SNS", topic.topic_arn))
        resource = budgets.CfnBudget(
            self,
            "Resource",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(
                    amount=monthly_limit, unit=_currency(self)
                ),
                cost_filters=cost_filters.render(),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type=threshold.kind,
                        threshold=threshold.percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=subscribers,
                )
                for threshold in chosen
            ],
        )
        if topic is not None:
            _let_budgets_publish(self, topic, resource)
        self.budget_name = resource.ref


def _currency(scope: Construct) -> str:
    region = cdk.Stack.of(scope).region
    return "CNY" if is_known(region) and region.startswith("cn-") else "USD"


def _subscriber(kind: str, address: str) -> budgets.CfnBudget.SubscriberProperty:
    return budgets.CfnBudget.SubscriberProperty(subscription_type=kind, address=address)


def _threshold_problems(thresholds: Sequence[BudgetThreshold]) -> list[str]:
    found = []
    if not 1 <= len(thresholds) <= _MAX_THRESHOLDS:
        found.append(f"thresholds: got {len(thresholds)}; allowed are 1 to {_MAX_THRESHOLDS}")
    if len(set(thresholds)) < len(thresholds):
        found.append("thresholds: got the same one twice; remove one of them")
    found.extend(
        f"thresholds: got {threshold.percent:g} percent; allowed is more than 0, up to "
        f"{_MAX_PERCENT:,}"
        for threshold in thresholds
        if is_known(threshold.percent) and not 0 < threshold.percent <= _MAX_PERCENT
    )
    return found


def _receiver_problems(
    scope: Construct, topic: sns.ITopic | None, addresses: Sequence[str]
) -> list[str]:
    found = []
    if topic is None and not addresses:
        found.append("topic, email_addresses: got neither; give a topic or an address")
    if len(addresses) > _MAX_ADDRESSES:
        found.append(
            f"email_addresses: got {len(addresses)}; allowed are {_MAX_ADDRESSES}; subscribe "
            "further addresses to a topic"
        )
    if len(set(addresses)) < len(addresses):
        found.append("email_addresses: got the same one twice; remove one of them")
    found.extend(
        f"email_addresses: got {address!r}; allowed is an address such as team@example.com"
        for address in addresses
        if is_known(address) and not _ADDRESS.fullmatch(address)
    )
    account = cdk.Stack.of(scope).account
    owner = topic.env.account if topic is not None else None
    if is_known(account) and is_known(owner) and owner != account:
        found.append(
            f"topic: got one of account {owner}; allowed are topics of the budget's account, "
            f"{account}"
        )
    return found


def _let_budgets_publish(scope: Construct, topic: sns.ITopic, resource: budgets.CfnBudget) -> None:
    stack = cdk.Stack.of(scope)
    conditions = {
        "StringEquals": {"aws:SourceAccount": stack.account},
        # The ARN of the budget would be circular, and CloudFormation generates its name.
        "ArnLike": {"aws:SourceArn": f"arn:{stack.partition}:budgets::{stack.account}:*"},
    }
    principals: list[iam.IPrincipal] = [iam.ServicePrincipal(_PRINCIPAL)]
    added = topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="BudgetsOfThisAccount",
            actions=["sns:Publish"],
            principals=principals,
            resources=[topic.topic_arn],
            conditions=conditions,
        )
    )
    if added.policy_dependable is not None:
        resource.node.add_dependency(added.policy_dependable)
    if topic.master_key is not None:
        topic.master_key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="BudgetsOfThisAccount",
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                principals=principals,
                resources=["*"],
                conditions=conditions,
            )
        )
