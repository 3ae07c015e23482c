"""What CloudWatch knows of a feature group, and the alarm on its freshness."""

from typing import TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from mlops_constructs._problems import Problems
from mlops_constructs._silence import period_of, silence_alarm, silence_problems


class FeatureGroupMetricOptions(TypedDict, total=False):
    """What a caller may say about a metric; what is left out has the metric's own default.

    Keys:
        statistic: for example `Sum`, `Average`, `p99`.
        period: length of a data point. Left out: 5 minutes.
        label: text of a graph's legend.
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
        """Any metric of an operation on the group, an average where nothing else is said.

        Args:
            metric_name: such as `Latency`.
            operation: such as `PutRecord`.

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
        """Calls of an operation.

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
        """Calls of an operation that were refused for want of throughput.

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
        """Calls of an operation that SageMaker answered with a 5xx status.

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
        """Time that SageMaker takes for an operation, in microseconds.

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric_latency("GetRecord", statistic="p99")
            ```
        """
        return self._metric("Latency", operation, "Average", options)

    def metric_records_written(self, *, period: cdk.Duration | None = None) -> cloudwatch.IMetric:
        """Records that PutRecord has written, 0 where there was none.

        CloudWatch counts BatchWriteRecord for all groups together, so what it writes is not seen.

        Args:
            period: length of a data point. Left out: 5 minutes.

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric_records_written(period=cdk.Duration.hours(1))
            ```
        """
        # A refused request is an invocation, too.
        metrics = {
            "invocations": self.metric_invocations("PutRecord"),
            "refused": self.metric("Operation4XXErrors", "PutRecord", statistic="Sum"),
            "failed": self.metric_server_errors("PutRecord"),
        }
        # Without a request there is no data. An alarm would then look further back, at records of
        # long ago; 0 keeps it at the present.
        return cloudwatch.MathExpression(
            expression="FILL(invocations, 0) - FILL(refused, 0) - FILL(failed, 0)",
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
        """Alarms when no record was written for a time, as `metric_records_written` sees it.

        A group that was never written is stale, too: the alarm begins some minutes after it is
        made. It has no actions but those that are added.

        Args:
            max_silence: whole hours up to 7 days, or up to a day a multiple of 5 minutes. For
                an ingestion on a schedule: the time between two runs, and that of a run.
            description: of the alarm. Left out: it names the group.

        Raises:
            ValueError: if CloudWatch cannot look at such a time.

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
        problems = Problems(f"freshness alarm {self.node.path}/{construct_id}")
        problems.extend(silence_problems(max_silence))
        problems.raise_if_any()
        return silence_alarm(
            self,
            construct_id,
            self.metric_records_written(period=period_of(max_silence)),
            max_silence,
            description or f"The feature group {self.feature_group_name} gets no records",
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
