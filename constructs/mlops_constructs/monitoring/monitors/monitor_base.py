"""What every monitor offers, whoever runs it: metrics, events, and where its reports are."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events

from mlops_constructs._job_events import PROCESSING_JOB, job_rule
from mlops_constructs._problems import Problems
from mlops_constructs._silence import period_of, silence_alarm, silence_problems

from ._analysis_type import (
    DATA_QUALITY,
    MODEL_BIAS,
    MODEL_EXPLAINABILITY,
    MODEL_QUALITY,
    AnalysisType,
)


class MonitorMetricOptions(TypedDict, total=False):
    """What a caller may say about a metric; what is left out has the metric's own default.

    Keys:
        statistic: for example `Maximum`.
        period: length of a data point. Left out: the time from one run to the next.
        label: text of a graph's legend.
    """

    statistic: str
    period: cdk.Duration
    label: str


class MonitorBase(cdk.Resource):
    """A monitor: alarms, dashboards and retraining need no more, and do not care who runs it.

    Attributes:
        monitor_name: the value of the metrics' dimension `MonitoringSchedule`.
        kind: the question that it asks.
        namespace: of its metrics.
        dimensions: that all its metrics have.
        hours: from one run to the next.
        reports_uri: where the reports of its runs are; None of an imported one.
        runs: how the events of its runs differ from those of other processing jobs.
    """

    monitor_name: str
    analysis_type: AnalysisType
    namespace: str
    dimensions: Mapping[str, str]
    hours: int
    reports_uri: str | None
    runs: Mapping[str, Any]

    def metric(
        self,
        metric_name: str,
        *,
        dimensions: Mapping[str, str] | None = None,
        **options: Unpack[MonitorMetricOptions],
    ) -> cloudwatch.Metric:
        """Any metric of the monitor, the greatest value where nothing else is said.

        Args:
            metric_name: its name.
            dimensions: beside those that all metrics of the monitor have.

        Example:
            ```python
            monitor.metric("feature_data_age", statistic="Average")
            ```
        """
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=metric_name,
            dimensions_map={**self.dimensions, **(dimensions or {})},
            statistic=options.get("statistic", "Maximum"),
            period=options.get("period", cdk.Duration.hours(self.hours)),
            label=options.get("label"),
        )

    def metric_drift(
        self, feature: str, **options: Unpack[MonitorMetricOptions]
    ) -> cloudwatch.Metric:
        """How far a feature's distribution is from the baseline's, 0 to 1 (data quality).

        Example:
            ```python
            monitor.metric_drift("age")
            ```
        """
        return self._of(DATA_QUALITY, f"feature_baseline_drift_{feature}", "Maximum", options)

    def metric_greatest_drift(self, **options: Unpack[MonitorMetricOptions]) -> cloudwatch.Metric:
        """How far the feature is from the baseline that has drifted most, 0 to 1 (data quality).

        One alarm on it thresholds all features, however many there are. The program of a project's
        image puts it; AWS's own image does not.

        Raises:
            ValueError: if AWS's image runs, or another question is asked.

        Example:
            ```python
            monitor.metric_greatest_drift()
            ```
        """
        return self._of(DATA_QUALITY, "greatest_feature_baseline_drift", "Maximum", options)

    def metric_completeness(
        self, feature: str, **options: Unpack[MonitorMetricOptions]
    ) -> cloudwatch.Metric:
        """The share of requests that have a feature, 0 to 1 (data quality).

        Example:
            ```python
            monitor.metric_completeness("age")
            ```
        """
        return self._of(DATA_QUALITY, f"feature_non_null_{feature}", "Minimum", options)

    def metric_quality(
        self, measure: str, **options: Unpack[MonitorMetricOptions]
    ) -> cloudwatch.Metric:
        """A measure of the model's quality, such as `auc`, `f1` or `rmse` (model quality).

        Example:
            ```python
            quality_monitor.metric_quality("auc")
            ```
        """
        return self._of(MODEL_QUALITY, measure, "Average", options)

    def metric_bias(
        self,
        measure: str,
        *,
        dimensions: Mapping[str, str],
        **options: Unpack[MonitorMetricOptions],
    ) -> cloudwatch.Metric:
        """A measure of bias, such as `DPPL` or `DI` (bias).

        Args:
            measure: its short name.
            dimensions: `BiasStage`, `Label`, `LabelValue`, `Facet` and `FacetValue`, which tell the
                measures of groups apart.

        Source: "CloudWatch metrics for bias drift analysis".
        """
        return self._of(MODEL_BIAS, f"bias_metric_{measure}", "Average", options, dimensions)

    def metric_attribution(
        self,
        feature: str,
        *,
        explained_label: str = "label0",
        **options: Unpack[MonitorMetricOptions],
    ) -> cloudwatch.Metric:
        """How much a feature decides on the average: its global SHAP value (explainability).

        Args:
            feature: its name.
            explained_label: the label that is explained. Left out: the only one.

        Source: "CloudWatch metrics for feature drift analysis".
        """
        dimensions = {
            "ExplainabilityMethod": "KernelShap",
            "Label": explained_label,
            "ValueType": "GlobalShapValues",
        }
        name = f"feature_{feature}"
        return self._of(MODEL_EXPLAINABILITY, name, "Average", options, dimensions)

    def silence_alarm(
        self,
        construct_id: str,
        *,
        max_silence: cdk.Duration | None = None,
        metric: cloudwatch.Metric | None = None,
        description: str | None = None,
    ) -> cloudwatch.Alarm:
        """Alarms when no run has completed for a time, whatever kept it from doing so.

        Alarms on drift take no data for no drift: a monitor that fails, or is not started any more,
        would look well. This one takes no data for silence. Each run of the program of a project's
        image counts itself in `completed_runs`, also where there was no traffic to look at; a run
        that fails does not. A monitor that never ran is silent, too: the alarm begins soon after it
        is made. It has no actions but those that are added.

        Args:
            max_silence: whole hours up to 7 days. Left out: twice the time from one run to the
                next.
            metric: what a run puts at least once. Left out: `completed_runs`, which AWS's image
                does not put: it needs one of its metrics here, and traffic to put it.
            description: of the alarm. Left out: it names the monitor.

        Raises:
            ValueError: if CloudWatch cannot look at such a time.

        Example:
            ```python
            from aws_cdk import aws_cloudwatch_actions as actions

            silent = monitor.silence_alarm("Stopped")
            silent.add_alarm_action(actions.SnsAction(topic))
            ```
        """
        silence = max_silence or cdk.Duration.hours(2 * self.hours)
        problems = Problems(f"silence alarm {self.node.path}/{construct_id}")
        problems.extend(silence_problems(silence))
        problems.raise_if_any()
        runs = metric or self.metric("completed_runs")
        return silence_alarm(
            self,
            construct_id,
            runs.with_(statistic="SampleCount", period=period_of(silence)),
            silence,
            description or f"{self.monitor_name}: no run of the monitor completes",
        )

    def on_violation(
        self, construct_id: str, *, target: events.IRuleTarget | None = None
    ) -> events.Rule:
        """Does something when a run finds that traffic violates a constraint of the baseline.

        Args:
            target: what is started. Left out: add it to the rule.

        Source: "Amazon SageMaker AI events", processing job state change; the exit message of a
        monitoring job begins with `CompletedWithViolations`.

        Example:
            ```python
            monitor.on_violation("Violation", target=targets.SnsTopic(topic))
            ```
        """
        return self._on_run(
            construct_id,
            f"{self.monitor_name}: traffic violates the baseline",
            {
                "ProcessingJobStatus": ["Completed"],
                "ExitMessage": events.Match.prefix("CompletedWithViolations"),
            },
            target,
        )

    def on_failure(
        self, construct_id: str, *, target: events.IRuleTarget | None = None
    ) -> events.Rule:
        """Does something when a run fails; the event's `FailureReason` says why.

        Example:
            ```python
            monitor.on_failure("Failure", target=targets.SnsTopic(topic))
            ```
        """
        return self._on_run(
            construct_id,
            f"{self.monitor_name}: a run failed",
            {"ProcessingJobStatus": ["Failed", "Stopped"]},
            target,
        )

    def _on_run(
        self,
        construct_id: str,
        description: str,
        detail: Mapping[str, Any],
        target: events.IRuleTarget | None,
    ) -> events.Rule:
        return job_rule(
            self,
            construct_id,
            job=PROCESSING_JOB,
            detail={**self.runs, **detail},
            description=description,
            target=target,
        )

    def _of(
        self,
        analysis_type: AnalysisType,
        metric_name: str,
        statistic: str,
        options: MonitorMetricOptions,
        dimensions: Mapping[str, str] | None = None,
    ) -> cloudwatch.Metric:
        if analysis_type is not self.analysis_type:
            raise ValueError(
                f"monitor {self.node.path}: got the metric {metric_name} of {analysis_type.name}; "
                f"the monitor asks {self.analysis_type.name}; use a monitor of that question"
            )
        chosen: MonitorMetricOptions = {"statistic": statistic, **options}
        return self.metric(metric_name, dimensions=dimensions, **chosen)
