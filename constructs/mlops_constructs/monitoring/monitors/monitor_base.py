"""Metrics, events and reports of monitors, owned and imported."""

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
    """Options of a metric.

    Args:
        statistic: statistic, for example `Maximum`. Defaults to the statistic of the metric.
        period: length of a data point. Defaults to the time from one run to the next.
        label: text of the legend in a graph. Defaults to a label that CloudWatch generates.
    """

    statistic: str
    period: cdk.Duration
    label: str


class MonitorBase(cdk.Resource):
    """A monitor, owned or imported; alarms, dashboards and retraining accept any monitor.

    Attributes:
        monitor_name: name of the monitor, the value of the metrics' dimension `MonitoringSchedule`.
        analysis_type: type of the analysis.
        namespace: namespace of the metrics.
        dimensions: dimensions that all metrics have.
        hours: hours from one run to the next, 1 to 24.
        reports_uri: S3 URI below which runs write reports; None for an imported monitor.
        runs: part of an event pattern that matches the processing jobs of the monitor.
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
        """Returns a metric of the monitor.

        Args:
            metric_name: name of the metric.
            dimensions: dimensions in addition to those that all metrics of the monitor have.
                Defaults to None: no further dimensions.
            **options: options of the metric, with the statistic `Maximum` by default.

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
        """Returns the drift of a feature from the baseline's distribution, 0 to 1 (data quality).

        Args:
            feature: name of the feature.
            **options: options of the metric, with the statistic `Maximum` by default.

        Raises:
            ValueError: if the monitor has another monitoring type.

        Example:
            ```python
            monitor.metric_drift("age")
            ```
        """
        return self._of(DATA_QUALITY, f"feature_baseline_drift_{feature}", "Maximum", options)

    def metric_greatest_drift(self, **options: Unpack[MonitorMetricOptions]) -> cloudwatch.Metric:
        """Returns the drift of the feature that has drifted most, 0 to 1 (data quality).

        One alarm on it covers all features, whatever their number. The program of a project's image
        publishes it; AWS's prebuilt image does not.

        Args:
            **options: options of the metric, with the statistic `Maximum` by default.

        Raises:
            ValueError: if the monitor runs AWS's prebuilt image, or has another monitoring type.

        Example:
            ```python
            monitor.metric_greatest_drift()
            ```
        """
        return self._of(DATA_QUALITY, "greatest_feature_baseline_drift", "Maximum", options)

    def metric_greatest_prediction_drift(
        self, **options: Unpack[MonitorMetricOptions]
    ) -> cloudwatch.Metric:
        """Returns the drift of the model's predictions, 0 to 1 (data quality).

        It needs a baseline with the distribution of predictions. The program of a project's image
        publishes it; AWS's prebuilt image does not.

        Args:
            **options: options of the metric, with the statistic `Maximum` by default.

        Raises:
            ValueError: if the monitor has another monitoring type.

        Example:
            ```python
            monitor.metric_greatest_prediction_drift()
            ```
        """
        return self._of(DATA_QUALITY, "greatest_prediction_baseline_drift", "Maximum", options)

    def metric_violations(self, **options: Unpack[MonitorMetricOptions]) -> cloudwatch.Metric:
        """Returns the number of violations of the baseline's constraints in a run.

        The verdict of the program of a project's image includes the chance of small windows, so
        one alarm above 0 covers all checks. AWS's prebuilt image does not publish the metric.

        Args:
            **options: options of the metric, with the statistic `Maximum` by default.

        Example:
            ```python
            monitor.metric_violations()
            ```
        """
        return self.metric("constraint_violations", **options)

    def metric_completeness(
        self, feature: str, **options: Unpack[MonitorMetricOptions]
    ) -> cloudwatch.Metric:
        """Returns the share of requests that contain a feature, 0 to 1 (data quality).

        Args:
            feature: name of the feature.
            **options: options of the metric, with the statistic `Minimum` by default.

        Raises:
            ValueError: if the monitor has another monitoring type.

        Example:
            ```python
            monitor.metric_completeness("age")
            ```
        """
        return self._of(DATA_QUALITY, f"feature_non_null_{feature}", "Minimum", options)

    def metric_quality(
        self, measure: str, **options: Unpack[MonitorMetricOptions]
    ) -> cloudwatch.Metric:
        """Returns a measure of the model's quality, such as `auc`, `f1` or `rmse` (model quality).

        Args:
            measure: name of the measure.
            **options: options of the metric, with the statistic `Average` by default.

        Raises:
            ValueError: if the monitor has another monitoring type.

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
        """Returns a measure of bias, such as `DPPL` or `DI` (model bias).

        Args:
            measure: short name of the measure.
            dimensions: `BiasStage`, `Label`, `LabelValue`, `Facet` and `FacetValue`, which
                distinguish the measures of groups.
            **options: options of the metric, with the statistic `Average` by default.

        Raises:
            ValueError: if the monitor has another monitoring type.

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
        """Returns the global SHAP value of a feature (model explainability).

        Args:
            feature: name of the feature.
            explained_label: label whose prediction is explained. Defaults to `label0`, the only
                label of a binary classification or a regression.
            **options: options of the metric, with the statistic `Average` by default.

        Raises:
            ValueError: if the monitor has another monitoring type.

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
        alarm_name: str | None = None,
    ) -> cloudwatch.Alarm:
        """Defines an alarm that goes off when no run has completed for some time.

        Alarms on drift treat missing data as no drift: a monitor that fails, or is no longer
        started, would stay OK. This alarm treats missing data as breaching. Each run of the program
        of a project's image increments `completed_runs`, also when there was no traffic; a run that
        fails does not. The alarm of a monitor that has never run goes off soon after its creation.
        It has no actions until you add some.

        Args:
            construct_id: id of the alarm within the monitor.
            max_silence: maximum time without a completed run, whole hours up to 7 days. Defaults to
                None: twice the time from one run to the next.
            metric: metric that each run publishes at least once. Defaults to None:
                `completed_runs`, which AWS's prebuilt image does not publish: give one of its
                metrics; it is published when there is traffic.
            description: description of the alarm. Defaults to None: a text with the name of the
                monitor.
            alarm_name: name of the alarm. Defaults to None: CloudFormation generates it.

        Raises:
            ValueError: if CloudWatch cannot evaluate `max_silence`.

        Example:
            ```python
            from aws_cdk import aws_cloudwatch_actions as actions

            silent = monitor.silence_alarm("Stopped")
            silent.add_alarm_action(actions.SnsAction(topic))
            ```
        """
        silence = max_silence or cdk.Duration.hours(2 * self.hours)
        problems = Problems(f"{type(self).__name__} {self.node.path}/{construct_id}")
        problems.extend(silence_problems(silence))
        problems.raise_if_any()
        runs = metric or self.metric("completed_runs")
        return silence_alarm(
            self,
            construct_id,
            runs.with_(statistic="SampleCount", period=period_of(silence)),
            silence,
            description or f"{self.monitor_name}: no run of the monitor completes",
            alarm_name,
        )

    def on_violation(
        self, construct_id: str, *, target: events.IRuleTarget | None = None
    ) -> events.Rule:
        """Creates an EventBridge rule for runs that find violations of the constraints.

        Args:
            construct_id: id of the rule within the monitor.
            target: target of the rule. Defaults to None: add targets to the rule.

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
        """Creates an EventBridge rule for failed runs; `FailureReason` of the event has the reason.

        Args:
            construct_id: id of the rule within the monitor.
            target: target of the rule. Defaults to None: add targets to the rule.

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
                f"{type(self).__name__} {self.node.path}: got the metric {metric_name} of "
                f"{analysis_type.name}; allowed are metrics of {self.analysis_type.name}; use a "
                "monitor of that type"
            )
        chosen: MonitorMetricOptions = {"statistic": statistic, **options}
        return self.metric(metric_name, dimensions=dimensions, **chosen)
