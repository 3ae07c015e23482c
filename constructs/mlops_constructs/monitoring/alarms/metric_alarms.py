"""Alarms on any metrics, by severity."""

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
    """A metric, and the thresholds of its alarms by severity; made by its static factories."""

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
        """Goes off above a threshold.

        Args:
            name: what is watched; becomes the id of the alarms' scope.
            metric: what is watched.
            thresholds: of each severity, such as `{"Warning": 0.1, "Critical": 0.3}`.
            evaluation_periods: how many data points are looked at.
            datapoints_to_alarm: how many of them have to be above it. Left out: all.
            description: what it means. Left out: the name.

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
        """Goes off below a threshold; the parameters are those of `above`.

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
    """Defines an alarm for each severity of each watched metric.

    No data is no alarm: an endpoint without traffic and a monitor that has not run yet are well.

    Args:
        thresholds: what is watched, each under a name of its own.
        actions: what the alarms of a severity do; they share what an action makes, such as a rule
            and its role. Left out: they only show their state.

    Attributes:
        alarms: by the name of what is watched, then by severity.

    Raises:
        ValueError: with every problem of the input.

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
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems(f"{type(self).__name__} {self.node.path}")
        problems.extend(_watch_problems(thresholds, actions or {}))
        problems.raise_if_any()
        self.alarms = {
            watch.name: self._define(Construct(self, watch.name), watch) for watch in thresholds
        }
        for severity, chosen in (actions or {}).items():
            for number, action in enumerate(chosen, start=1):
                place = Construct(self, f"{severity}Action{number}")
                action.bind(place, self.of_severity(severity))

    def of_severity(self, severity: str) -> list[cloudwatch.Alarm]:
        """The alarms of a severity, for example for a rollback."""
        return [named[severity] for named in self.alarms.values() if severity in named]

    def _define(self, scope: Construct, watch: MetricThresholds) -> dict[str, cloudwatch.Alarm]:
        return {
            severity: cloudwatch.Alarm(
                scope,
                severity,
                alarm_description=f"{severity}: {watch.description or watch.name}",
                metric=watch.metric,
                threshold=threshold,
                comparison_operator=watch.comparison,
                evaluation_periods=watch.evaluation_periods,
                datapoints_to_alarm=watch.datapoints_to_alarm,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            for severity, threshold in watch.thresholds.items()
        }


def _watch_problems(
    thresholds: Sequence[MetricThresholds], actions: Mapping[str, Sequence[AlarmAction]]
) -> list[str]:
    found = []
    if not thresholds:
        found.append("thresholds: got none; give at least one metric and its thresholds")
    names = [watch.name for watch in thresholds]
    found += [
        f"watch {name}: got {names.count(name)} of this name; allowed is one"
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    for watch in thresholds:
        if not watch.thresholds:
            found.append(f"watch {watch.name}: got no thresholds; give one for each severity")
        found += _threshold_problems(watch)
        found += _period_problems(watch)
    known = {severity for watch in thresholds for severity in watch.thresholds}
    found += [
        f"actions: got the severity {severity!r}, for which nothing has a threshold; allowed are "
        f"{', '.join(sorted(known))}"
        for severity in actions
        if severity not in known
    ]
    for severity, chosen in actions.items():
        count = sum(severity in watch.thresholds for watch in thresholds)
        found += [problem for action in chosen for problem in action.problems(count)]
    return found


def _threshold_problems(watch: MetricThresholds) -> list[str]:
    """Two alarms of one threshold go off together, and say the same twice."""
    known = {name: limit for name, limit in watch.thresholds.items() if is_known(limit)}
    by_limit: dict[float, list[str]] = {}
    for severity, limit in known.items():
        by_limit.setdefault(limit, []).append(severity)
    return [
        f"watch {watch.name}: got the threshold {limit:g} for {' and '.join(severities)}; give "
        "each severity its own, or leave one of them out"
        for limit, severities in by_limit.items()
        if len(severities) > 1
    ]


def _period_problems(watch: MetricThresholds) -> list[str]:
    """Source: PutMetricAlarm of CloudWatch's API reference."""
    periods, needed = watch.evaluation_periods, watch.datapoints_to_alarm
    if not is_known(periods):
        return []
    if periods < 1:
        return [f"watch {watch.name} evaluation_periods: got {periods}; allowed is 1 or more"]
    found = []
    if needed is not None and is_known(needed) and not 1 <= needed <= periods:
        found.append(
            f"watch {watch.name} datapoints_to_alarm: got {needed}; allowed are 1 to {periods}, "
            "the evaluation_periods"
        )
    if not isinstance(watch.metric, cloudwatch.Metric | cloudwatch.MathExpression):
        return found
    seconds = int(watch.metric.period.to_seconds())
    longest = _WEEK if seconds >= _HOUR else _DAY
    if seconds * periods > longest:
        found.append(
            f"watch {watch.name} evaluation_periods: got {periods} of {seconds} seconds; allowed "
            f"are {longest} seconds together"
        )
    return found
