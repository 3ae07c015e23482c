"""What a project may cost in a month, and who hears of it before it costs more."""

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
_MOST_THRESHOLDS = 5
_MOST_ADDRESSES = 10
_MOST_PERCENT = 1_000_000


@dataclass(frozen=True, kw_only=True)
class BudgetThreshold:
    """When a budget tells; made by its static factories."""

    kind: str
    percent: float

    @staticmethod
    def actual(percent: float) -> "BudgetThreshold":
        """When more than this is spent.

        Args:
            percent: of the month's limit, above 0 and up to 1,000,000.

        Example:
            ```python
            BudgetThreshold.actual(80)
            ```
        """
        return BudgetThreshold(kind="ACTUAL", percent=percent)

    @staticmethod
    def forecasted(percent: float) -> "BudgetThreshold":
        """When the month will probably end with more than this.

        AWS needs about five weeks of spending for a forecast; before that it tells nothing.

        Args:
            percent: of the month's limit, above 0 and up to 1,000,000.

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
    """Defines what something may cost in a calendar month (UTC), and who hears of it.

    It tells and stops nothing: AWS knows what was spent hours later (it updates budgets up to three
    times a day) and tells a threshold once in a month. What was used but not yet billed is missing,
    credits and refunds are subtracted, taxes added, as on the bill. A budget is no resource of a
    region, but CloudFormation makes it in some regions only; others are refused. It costs nothing.

    The budget has no name of its own: CloudFormation replaces it when who is told changes, and
    could not make a second one of the same name.

    Args:
        monthly_limit: US dollars; in China, where bills are in yuan, yuan. Other currencies AWS
            does not take.
        cost_filters: what is counted.
        thresholds: up to 5. Left out: 80 % and 100 % spent, and 100 % forecasted.
        topic: is told of each threshold. Its policy, and that of its key when it is encrypted, let
            AWS Budgets of this account publish; policies of an imported topic or key are yours to
            set. It must be of the stack's account.
        email_addresses: are told of each threshold by AWS itself, up to 10.

    Attributes:
        budget_name: of the budget, in the account.

    Raises:
        ValueError: with every problem of the input.

    Sources: "AWS::Budgets::Budget" of the template reference; "Creating an Amazon SNS topic for
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
        problems = Problems(f"CostBudget {self.node.path}")
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
    if not 1 <= len(thresholds) <= _MOST_THRESHOLDS:
        found.append(f"thresholds: got {len(thresholds)}; allowed are 1 to {_MOST_THRESHOLDS}")
    if len(set(thresholds)) < len(thresholds):
        found.append("thresholds: got the same one twice; AWS keeps each once")
    found.extend(
        f"thresholds: got {threshold.percent:g} percent; allowed is more than 0, up to "
        f"{_MOST_PERCENT:,}"
        for threshold in thresholds
        if is_known(threshold.percent) and not 0 < threshold.percent <= _MOST_PERCENT
    )
    return found


def _receiver_problems(
    scope: Construct, topic: sns.ITopic | None, addresses: Sequence[str]
) -> list[str]:
    found = []
    if topic is None and not addresses:
        found.append("topic, email_addresses: got nobody; give a topic or an address")
    if len(addresses) > _MOST_ADDRESSES:
        found.append(
            f"email_addresses: got {len(addresses)}; allowed are {_MOST_ADDRESSES}; subscribe more "
            "to a topic"
        )
    if len(set(addresses)) < len(addresses):
        found.append("email_addresses: got the same one twice; AWS keeps each once")
    found.extend(
        f"email_addresses: got {address!r}, which is no address"
        for address in addresses
        if is_known(address) and not _ADDRESS.fullmatch(address)
    )
    account = cdk.Stack.of(scope).account
    owner = topic.env.account if topic is not None else None
    if is_known(account) and is_known(owner) and owner != account:
        found.append(
            f"topic: got one of account {owner}; allowed are topics of the budget's own, {account}"
        )
    return found


def _let_budgets_publish(scope: Construct, topic: sns.ITopic, resource: budgets.CfnBudget) -> None:
    stack = cdk.Stack.of(scope)
    conditions = {
        "StringEquals": {"aws:SourceAccount": stack.account},
        # The budget's own ARN would be a circle, and its name is AWS's.
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
