"""Rules of CloudWatch for alarms, beyond the model of its requests.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.services.cloudwatch import metric_queries, statistics
from rehearsal.services.cloudwatch.alarm_actions import supported
from rehearsal.services.cloudwatch.alarm_evaluation import COMPARISONS, queries_of

_UNSUPPORTED = (
    "ThresholdMetricId",
    "EvaluationWindow",
    "WarmUpConfiguration",
    "EvaluationCriteria",
    "EvaluationInterval",
    "ActionsSuppressor",
)
_TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")
_OF_ONE_METRIC = ("Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit")
_DAY, _WEEK, _HOUR = 86400, 7 * 86400, 3600
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
    for name in ("Threshold", "EvaluationPeriods"):
        if name not in alarm:
            raise _invalid(f"The parameter {name} is required.")
    if alarm.get("TreatMissingData", "missing") not in _TREATMENTS:
        raise _invalid(
            f"TreatMissingData {alarm['TreatMissingData']} is not one of {', '.join(_TREATMENTS)}."
        )
    if (alarm.get("DatapointsToAlarm") or 1) > alarm["EvaluationPeriods"]:
        raise _invalid(
            "The parameter 'DatapointsToAlarm' must be less than or equal to 'EvaluationPeriods'."
        )
    if alarm.get("Metrics"):
        _check_math(alarm)
    else:
        _check_metric(alarm)
    period = metric_queries.period_of(queries_of(alarm))
    _check_period(period)
    longest = _WEEK if period >= _HOUR else _DAY
    if period * alarm["EvaluationPeriods"] > longest:
        raise _invalid(
            f"Metrics cannot be checked across more than {longest // _DAY} day(s) "
            "(EvaluationPeriods * Period)."
        )


def _check_math(alarm: Mapping[str, Any]) -> None:
    both = [name for name in ("MetricName", *_OF_ONE_METRIC) if alarm.get(name)]
    if both:
        raise _invalid(f"Metrics must not be given together with {', '.join(both)}.")
    metric_queries.check(alarm["Metrics"])
    returned = [query["Id"] for query in alarm["Metrics"] if query.get("ReturnData", True)]
    if len(returned) != 1:
        raise _invalid(
            f"Exactly one element of Metrics must have ReturnData true, not {len(returned)}: "
            f"{', '.join(returned) or 'none'}."
        )
    for query in alarm["Metrics"]:
        if "AccountId" in query:
            raise _invalid("The rehearsal does not implement AccountId of an alarm's Metrics.")


def _check_metric(alarm: Mapping[str, Any]) -> None:
    for name in ("MetricName", "Namespace", "Period"):
        if not alarm.get(name):
            raise _invalid(f"The parameter {name} is required, or Metrics.")
    if bool(alarm.get("Statistic")) == bool(alarm.get("ExtendedStatistic")):
        raise _invalid("Exactly one of Statistic and ExtendedStatistic must be given.")
    statistics.check(alarm.get("ExtendedStatistic") or alarm["Statistic"])


def _check_period(period: int) -> None:
    if period not in (10, 20, 30) and period % 60:
        raise _invalid(f"Period must be 10, 20, 30 or a multiple of 60, not {period}.")


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)
