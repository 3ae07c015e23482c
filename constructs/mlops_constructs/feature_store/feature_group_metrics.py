"""CloudWatch metrics of a feature group, and the alarm on its freshness."""

from typing import TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from mlops_constructs._problems import Problems
from mlops_constructs._silence import period_of, silence_alarm, silence_problems


class FeatureGroupMetricOptions(TypedDict, total=False):
    """Options of a metric.

    Args:
        statistic: statistic, for example `Sum`, `Average` or `p99`. Defaults to the statistic of
            the metric.
        period: length of a data point. Defaults to 5 minutes.
        label: text of the legend in a graph. Defaults to a label that CloudWatch generates.
    """

    statistic: str
    period: cdk.Duration
    label: str


class FeatureGroupMetrics(cdk.Resource):
    """The metrics of a feature group."""

    feature_group_name: str

    def metric(
        self, metric_name: str, operation: str, **options: Unpack[FeatureGroupMetricOptions]
    ) -> cloudwatch.Metric:
        """Returns a metric of an operation on the group.

        Args:
            metric_name: name of the metric, such as `Latency`.
            operation: name of the operation, such as `PutRecord`.
            **options: options of the metric, with the statistic `Average` by default.

        Source: "Feature Store metrics" in "Monitor Amazon SageMaker with Amazon CloudWatch".

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric("Latency", "GetRecord", statistic="p99")
            ```
        """
        return self._metric(metric_name, operation, "Average", options)

    def metric_invocations(
        self, operation: str, **options: Unpack[FeatureGroupMetricOptions]
    ) -> cloudwatch.Metric:
        """Returns the number of calls of an operation.

        Args:
            operation: name of the operation.
            **options: options of the metric, with the statistic `Sum` by default.

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric_invocations("PutRecord")
            ```
        """
        return self._metric("Invocations", operation, "Sum", options)

    def metric_throttled_requests(
        self, operation: str, **options: Unpack[FeatureGroupMetricOptions]
    ) -> cloudwatch.Metric:
        """Returns the number of calls of an operation that were throttled.

        Args:
            operation: name of the operation.
            **options: options of the metric, with the statistic `Sum` by default.

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric_throttled_requests("PutRecord")
            ```
        """
        return self._metric("ThrottledRequests", operation, "Sum", options)

    def metric_server_errors(
        self, operation: str, **options: Unpack[FeatureGroupMetricOptions]
    ) -> cloudwatch.Metric:
        """Returns the number of calls of an operation that failed with a 5xx status.

        Args:
            operation: name of the operation.
            **options: options of the metric, with the statistic `Sum` by default.

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric_server_errors("GetRecord")
            ```
        """
        return self._metric("Operation5XXErrors", operation, "Sum", options)

    def metric_latency(
        self, operation: str, **options: Unpack[FeatureGroupMetricOptions]
    ) -> cloudwatch.Metric:
        """Returns the latency of an operation in microseconds.

        Args:
            operation: name of the operation.
            **options: options of the metric, with the statistic `Average` by default.

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric_latency("GetRecord", statistic="p99")
            ```
        """
        return self._metric("Latency", operation, "Average", options)

    def metric_records_written(self, *, period: cdk.Duration | None = None) -> cloudwatch.IMetric:
        """Returns the number of records that PutRecord has written, 0 without requests.

        CloudWatch counts BatchWriteRecord for all groups together, so records that it writes are
        missing.

        Args:
            period: length of a data point. Defaults to None: 5 minutes.

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric_records_written(period=cdk.Duration.hours(1))
            ```
        """
        # Invocations include requests that failed.
        metrics = {
            "invocations": self.metric_invocations("PutRecord"),
            "rejected": self.metric("Operation4XXErrors", "PutRecord", statistic="Sum"),
            "failed": self.metric_server_errors("PutRecord"),
        }
        # Without requests there is no data, and an alarm would evaluate older data points.
        return cloudwatch.MathExpression(
            expression="FILL(invocations, 0) - FILL(rejected, 0) - FILL(failed, 0)",
            using_metrics=metrics,
            label="Records written",
            period=period or cdk.Duration.minutes(5),
        )

    def freshness_alarm(
        self,
        construct_id: str,
        *,
        max_silence: cdk.Duration,
        description: str | None = None,
    ) -> cloudwatch.Alarm:
        """Defines an alarm that goes off when no record was written for some time.

        It evaluates `metric_records_written`. The alarm of a group that was never written goes off
        some minutes after its creation. It has no actions until you add some.

        Args:
            construct_id: id of the alarm within the group.
            max_silence: maximum time without a record: whole hours up to 7 days, or a multiple of 5
                minutes up to one day. For a scheduled ingestion, the interval plus the duration of
                a run.
            description: description of the alarm. Defaults to None: a text with the name of the
                group.

        Raises:
            ValueError: if CloudWatch cannot evaluate `max_silence`.

        Source: PutMetricAlarm of CloudWatch's API reference; "Configuring how CloudWatch alarms
        treat missing data".

        Example:
            ```python
            from aws_cdk import aws_cloudwatch_actions as actions

            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            stale = customers.freshness_alarm("Stale", max_silence=cdk.Duration.hours(26))
            stale.add_alarm_action(actions.SnsAction(topic))
            ```
        """
        problems = Problems(f"FeatureGroup {self.node.path}/{construct_id}")
        problems.extend(silence_problems(max_silence))
        problems.raise_if_any()
        return silence_alarm(
            self,
            construct_id,
            self.metric_records_written(period=period_of(max_silence)),
            max_silence,
            description or f"{self.feature_group_name}: no records are written",
        )

    def _metric(
        self, metric_name: str, operation: str, statistic: str, options: FeatureGroupMetricOptions
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/SageMaker/FeatureStore",
            metric_name=metric_name,
            dimensions_map={
                "FeatureGroupName": self.feature_group_name,
                "OperationName": operation,
            },
            statistic=options.get("statistic", statistic),
            period=options.get("period"),
            label=options.get("label"),
        )
