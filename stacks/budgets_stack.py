"""Monthly cost budgets of an account."""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.monitoring import BudgetThreshold, CostBudget, CostFilters
from stacks.foundation_stack import FoundationStack
from stacks.platform_stack import PlatformStack
from stacks.settings.budgets import BudgetSettings, ThresholdSettings
from stacks.settings.defaults import DefaultSettings


class BudgetsStack(PlatformStack):
    """Defines the cost budgets of an account, which notify the alarm topic and mail addresses.

    Args:
        foundation: stack with the alarm topic.
        settings: budgets of the account.
        defaults: settings of every stack.
        env: account and region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: FoundationStack,
        settings: Sequence[BudgetSettings],
        defaults: DefaultSettings,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="Cost budgets of the ML platform",
        )
        topic = foundation.alarm_topic_in(self)
        for one in settings:
            CostBudget(
                self,
                f"Budget-{one.name}",
                monthly_limit=one.monthly,
                cost_filters=_filters(one),
                thresholds=thresholds(one.thresholds),
                topic=topic,
                email_addresses=one.notify,
            )


def thresholds(settings: ThresholdSettings) -> list[BudgetThreshold]:
    """Returns the thresholds of a budget, those of actual costs first.

    Args:
        settings: percentages of the limit.
    """
    return [
        *map(BudgetThreshold.actual, settings.actual),
        *map(BudgetThreshold.forecasted, settings.forecasted),
    ]


def _filters(settings: BudgetSettings) -> CostFilters:
    if settings.tag is None:
        return CostFilters.of_services(*settings.services)
    return CostFilters.of_tag(settings.tag.key, settings.tag.value, services=settings.services)
