"""Rules of CloudWatch for alarms, beyond the model of its requests.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.services.cloudwatch import metric_queries, statistics
from rehearsal.services.cloudwatch.alarm_actions import supported
from rehearsal.services.cloudwatch.alarm_evaluation import COMPARISONS

_UNSUPPORTED = (
    "ThresholdMetricId",
    "EvaluationWindow",
    "WarmUpConfiguration",
    "EvaluationCriteria",
    "EvaluationInterval",
    "ActionsSuppressor",
)
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def check_actions(alarm: Mapping[str, Any]) -> None:
    """Raises AwsError (ValidationError) for members and actions that are not supported."""
    if unsupported := [name for name in _UNSUPPORTED if name in alarm]:
        raise _invalid(f"The rehearsal does not implement {', '.join(unsupported)} of an alarm.")
    for name in _ACTIONS:
        for action in alarm.get(name) or ():
            if not supported(action):
                raise _invalid(
                    f"The rehearsal does not perform the alarm action {action}. It supports SNS "
                    "topics, Lambda functions and scaling policies of Application Auto Scaling."
                )


def check_metric_alarm(alarm: Mapping[str, Any]) -> None:
    """Raises AwsError (ValidationError) for an alarm that breaks a rule."""
    check_actions(alarm)
    comparison = alarm["ComparisonOperator"]
    if comparison not in COMPARISONS:
        raise _invalid(
            f"The rehearsal does not detect anomalies: {comparison} is not supported. Use one of "
            f"{', '.join(COMPARISONS)}."
        )
    if alarm.get("Metrics"):
        _check_math(alarm)
    else:
        statistics.check(alarm.get("ExtendedStatistic") or alarm["Statistic"])


def _check_math(alarm: Mapping[str, Any]) -> None:
    metric_queries.check(alarm["Metrics"])
    for query in alarm["Metrics"]:
        if "AccountId" in query:
            raise _invalid("The rehearsal does not implement AccountId of an alarm's Metrics.")


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)
