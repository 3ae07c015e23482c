"""Metrics that capacity follows."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from mlops_constructs._endpoint_kind import MetricSource, unpublished
from mlops_constructs._problems import is_known

from ._scaled_capacity import ScaledCapacity, ScaledResource


@dataclass(frozen=True, kw_only=True)
class ScalingMetric:
    """A metric of the scaled resource, or any other metric; use its static factories."""

    metric_name: str
    statistic: str = "Average"
    namespace: str | None = None
    of_endpoint: bool = False
    given: cloudwatch.Metric | None = None

    @staticmethod
    def utilization(resource: str, *, statistic: str = "Average") -> "ScalingMetric":
        """Returns the utilization of a resource in percent.

        CPU and GPU count 100 for each core or device; for an inference component, all are in
        percent of the reservation of its copies.

        Args:
            resource: `CPU`, `Memory`, `GPU`, `GPUMemory` or `Disk`.
            statistic: average, Minimum, Maximum, Sum or SampleCount. Defaults to Average.

        Example:
            ```python
            ScalingMetric.utilization("CPU")
            ```
        """
        return ScalingMetric(metric_name=f"{resource}Utilization", statistic=statistic)

    @staticmethod
    def of_requests(metric_name: str, *, statistic: str = "Average") -> "ScalingMetric":
        """Returns a metric of the requests to the variant or component that scales.

        Args:
            metric_name: name of the metric, such as `ModelLatency` (microseconds) or `Invocations`.
            statistic: average, Minimum, Maximum, Sum or SampleCount. Defaults to Average.

        Source: "Amazon SageMaker AI metrics in Amazon CloudWatch".

        Example:
            ```python
            ScalingMetric.of_requests("ModelLatency")
            ```
        """
        return ScalingMetric(
            metric_name=metric_name, statistic=statistic, namespace="AWS/SageMaker"
        )

    @staticmethod
    def of_queue(metric_name: str, *, statistic: str = "Average") -> "ScalingMetric":
        """Returns a metric of an asynchronous endpoint's queue.

        Args:
            metric_name: name of the metric, such as `ApproximateBacklogSize`.
            statistic: average, Minimum, Maximum, Sum or SampleCount. Defaults to Average.

        Example:
            ```python
            ScalingMetric.of_queue("ApproximateAgeOfOldestRequest", statistic="Maximum")
            ```
        """
        return ScalingMetric(
            metric_name=metric_name,
            statistic=statistic,
            namespace="AWS/SageMaker",
            of_endpoint=True,
        )

    @staticmethod
    def of(metric: cloudwatch.Metric) -> "ScalingMetric":
        """Uses any metric of CloudWatch, for example the length of your own queue.

        Args:
            metric: the metric.

        Example:
            ```python
            ScalingMetric.of(endpoint.metric_model_latency())
            ```
        """
        return ScalingMetric(
            metric_name=metric.metric_name, statistic=metric.statistic, given=metric
        )

    def problems(self, capacity: ScaledCapacity) -> list[str]:
        """Checks that AWS publishes the metric; returns one message per problem.

        A metric given to `of` is not checked.

        Args:
            capacity: kind of capacity that is scaled.
        """
        if self.given is not None or not is_known(self.metric_name):
            return []
        source = MetricSource.REQUESTS if self.namespace else MetricSource.MACHINES
        if self.of_endpoint:
            source = MetricSource.QUEUE
        problem = unpublished(capacity.kind, source, self.metric_name)
        return [f"scaling metric: {problem}"] if problem else []

    def metric(self, resource: ScaledResource, *, period: cdk.Duration) -> cloudwatch.Metric:
        """Returns the metric of a scaled resource.

        Args:
            resource: variant or component that is scaled.
            period: period of the metric.
        """
        if self.given is not None:
            return self.given
        dimensions = resource.wake_up_dimensions if self.of_endpoint else resource.dimensions
        capacity = resource.capacity
        return cloudwatch.Metric(
            namespace=self.namespace or capacity.utilization_namespace,
            metric_name=self.metric_name + ("" if self.namespace else capacity.utilization_suffix),
            dimensions_map=dict(dimensions),
            statistic=self.statistic,
            period=period,
        )
