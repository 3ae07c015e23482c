"""Alarms on metrics, by severity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops_constructs._problems import Problems, is_known

from .alarm_action import AlarmAction

_HOUR, _DAY, _WEEK = 3_600, 86_400, 604_800
_COMPARISON = cloudwatch.ComparisonOperator


@dataclass(frozen=True, kw_only=True)
class MetricThresholds:
    """A metric with the thresholds of its alarms by severity; use its static factories."""

    name: str
    metric: cloudwatch.IMetric
    thresholds: Mapping[str, float]
    comparison: cloudwatch.ComparisonOperator
    evaluation_periods: int
    datapoints_to_alarm: int | None
    description: str

    @staticmethod
    def above(
        name: str,
        metric: cloudwatch.IMetric,
        thresholds: Mapping[str, float],
        *,
        evaluation_periods: int = 1,
        datapoints_to_alarm: int | None = None,
        description: str = "",
    ) -> "MetricThresholds":
        """Returns thresholds whose alarms go off above them.

        Args:
            name: name of the metric's alarms, unique in `MetricAlarms`; it becomes part of their
                ids.
            metric: metric that is evaluated.
            thresholds: threshold of each severity in the unit of the metric, such as
                `{"Warning": 0.1, "Critical": 0.3}`.
            evaluation_periods: number of data points that are evaluated, at least 1. Defaults to 1.
            datapoints_to_alarm: number of those data points that must breach the threshold, at
                least 1. Defaults to None: all `evaluation_periods`.
            description: meaning of the alarm. Defaults to an empty string: the name is the
                description.

        Source: PutMetricAlarm of CloudWatch's API reference.

        Example:
            ```python
            MetricThresholds.above(
                "Age", monitor.metric_drift("age"), {"Warning": 0.1, "Critical": 0.3}
            )
            ```
        """
        return MetricThresholds(
            name=name,
            metric=metric,
            thresholds=thresholds,
            comparison=_COMPARISON.GREATER_THAN_THRESHOLD,
            evaluation_periods=evaluation_periods,
            datapoints_to_alarm=datapoints_to_alarm,
            description=description,
        )

    @staticmethod
    def below(
        name: str,
        metric: cloudwatch.IMetric,
        thresholds: Mapping[str, float],
        *,
        evaluation_periods: int = 1,
        datapoints_to_alarm: int | None = None,
        description: str = "",
    ) -> "MetricThresholds":
        """Returns thresholds whose alarms go off below them.

        Args:
            name: as for `above`.
            metric: as for `above`.
            thresholds: threshold of each severity in the unit of the metric, such as `{"Critical":
                0.8}`.
            evaluation_periods: as for `above`, at least 1. Defaults to 1.
            datapoints_to_alarm: as for `above`, at least 1. Defaults to None: all
                `evaluation_periods`.
            description: as for `above`. Defaults to an empty string: the name is the description.

        Example:
            ```python
            MetricThresholds.below("Auc", quality_monitor.metric_quality("auc"), {"Critical": 0.8})
            ```
        """
        return MetricThresholds(
            name=name,
            metric=metric,
            thresholds=thresholds,
            comparison=_COMPARISON.LESS_THAN_THRESHOLD,
            evaluation_periods=evaluation_periods,
            datapoints_to_alarm=datapoints_to_alarm,
            description=description,
        )


class MetricAlarms(Construct):
    """Defines an alarm for each severity of each metric.

    Missing data does not breach: the alarms of an endpoint without traffic, or of a monitor that
    has not run yet, stay OK.

    Args:
        thresholds: metrics and their thresholds, with unique names.
        actions: actions of the alarms, by severity. The alarms of a severity share the resources of
            an action, such as a rule and its role. Defaults to None: the alarms only show their
            state.
        alarm_name_prefix: prefix of the alarms' names `PREFIX-NAME-severity`, where other stacks or
            policies refer to them. Defaults to None: CloudFormation generates the names.

    Attributes:
        alarms: the alarms by the name of their thresholds, then by severity.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

    Example:
        ```python
        MetricAlarms(
            stack,
            "DriftAlarms",
            thresholds=[
                MetricThresholds.above(
                    "Age", monitor.metric_drift("age"), {"Warning": 0.1, "Critical": 0.3}
                )
            ],
            actions={
                "Warning": [AlarmAction.notify(topic)],
                "Critical": [Retraining.with_code_pipeline(pipeline)],
            },
        )
        ```
    """

    alarms: Mapping[str, Mapping[str, cloudwatch.Alarm]]

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        thresholds: Sequence[MetricThresholds],
        actions: Mapping[str, Sequence[AlarmAction]] | None = None,
        alarm_name_prefix: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = alarm_name_prefix
        problems = Problems(type(self).__name__, self)
        problems.extend(_problems(thresholds, actions or {}))
        problems.raise_if_any()
        self.alarms = {one.name: self._define(Construct(self, one.name), one) for one in thresholds}
        for severity, chosen in (actions or {}).items():
            for number, action in enumerate(chosen, start=1):
                place = Construct(self, f"{severity}Action{number}")
                action.bind(place, self.of_severity(severity))

    def of_severity(self, severity: str) -> list[cloudwatch.Alarm]:
        """Returns the alarms of a severity, for example as rollback alarms.

        Args:
            severity: severity, as in `thresholds`.
        """
        return [named[severity] for named in self.alarms.values() if severity in named]

    def _define(self, scope: Construct, given: MetricThresholds) -> dict[str, cloudwatch.Alarm]:
        return {
            severity: cloudwatch.Alarm(
                scope,
                severity,
                alarm_name=f"{self._prefix}-{given.name}-{severity.lower()}"
                if self._prefix is not None
                else None,
                alarm_description=f"{severity}: {given.description or given.name}",
                metric=given.metric,
                threshold=threshold,
                comparison_operator=given.comparison,
                evaluation_periods=given.evaluation_periods,
                datapoints_to_alarm=given.datapoints_to_alarm,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            for severity, threshold in given.thresholds.items()
        }


def _problems(
    thresholds: Sequence[MetricThresholds], actions: Mapping[str, Sequence[AlarmAction]]
) -> list[str]:
    found = []
    if not thresholds:
        found.append("thresholds: got none; give at least one metric and its thresholds")
    names = [one.name for one in thresholds]
    found += [
        f"thresholds {name}: got {names.count(name)} of this name; allowed is one"
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    for one in thresholds:
        if not one.thresholds:
            found.append(f"thresholds {one.name}: got no thresholds; give one for each severity")
        found += _threshold_problems(one)
        found += _period_problems(one)
    known = {severity for one in thresholds for severity in one.thresholds}
    found += [
        f"actions: got the severity {severity!r}, which has no thresholds; allowed are "
        f"{', '.join(sorted(known))}"
        for severity in actions
        if severity not in known
    ]
    for severity, chosen in actions.items():
        count = sum(severity in one.thresholds for one in thresholds)
        found += [problem for action in chosen for problem in action.problems(count)]
    return found


def _threshold_problems(one: MetricThresholds) -> list[str]:
    """Returns the thresholds that several severities share: their alarms would go off together."""
    known = {name: limit for name, limit in one.thresholds.items() if is_known(limit)}
    by_limit: dict[float, list[str]] = {}
    for severity, limit in known.items():
        by_limit.setdefault(limit, []).append(severity)
    return [
        f"thresholds {one.name}: got the threshold {limit:g} for {' and '.join(severities)}; give "
        "each severity a different one, or remove one of them"
        for limit, severities in by_limit.items()
        if len(severities) > 1
    ]


def _period_problems(one: MetricThresholds) -> list[str]:
    """Returns one message per invalid number of periods.

    Source: PutMetricAlarm of CloudWatch's API reference.
    """
    periods, needed = one.evaluation_periods, one.datapoints_to_alarm
    if not is_known(periods):
        return []
    if periods < 1:
        return [f"thresholds {one.name} evaluation_periods: got {periods}; allowed is 1 or more"]
    found = []
    if needed is not None and is_known(needed) and not 1 <= needed <= periods:
        found.append(
            f"thresholds {one.name} datapoints_to_alarm: got {needed}; allowed are 1 to {periods}, "
            "the evaluation_periods"
        )
    if not isinstance(one.metric, cloudwatch.Metric | cloudwatch.MathExpression):
        return found
    seconds = int(one.metric.period.to_seconds())
    allowed = _WEEK if seconds >= _HOUR else _DAY
    if seconds * periods > allowed:
        found.append(
            f"thresholds {one.name} evaluation_periods: got {periods} of {seconds} seconds; "
            f"allowed are {allowed} seconds in total"
        )
    return found
