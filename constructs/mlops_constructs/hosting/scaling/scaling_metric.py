"""Metrics by which capacity is scaled."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from mlops_constructs._endpoint_kind import MetricSource, unpublished
from mlops_constructs._problems import is_known

from ._scaled_capacity import ScaledCapacity, ScaledResource


@dataclass(frozen=True, kw_only=True)
class ScalingMetric:
    """A metric of what is scaled, or any other; made by its static factories."""

    metric_name: str
    statistic: str = "Average"
    namespace: str | None = None
    of_endpoint: bool = False
    given: cloudwatch.Metric | None = None

    @staticmethod
    def utilization(resource: str, *, statistic: str = "Average") -> "ScalingMetric":
        """Use of `CPU`, `Memory`, `GPU`, `GPUMemory` or `Disk` in percent.

        CPU and GPU count 100 for each core or device; of an inference component they are in percent
        of what its copies reserved.

        Example:
            ```python
            ScalingMetric.utilization("CPU")
            ```
        """
        return ScalingMetric(metric_name=f"{resource}Utilization", statistic=statistic)

    @staticmethod
    def of_requests(metric_name: str, *, statistic: str = "Average") -> "ScalingMetric":
        """A metric of the requests to the variant or component that scales.

        Args:
            metric_name: such as `ModelLatency` (microseconds) or `Invocations`.
            statistic: Average, Minimum, Maximum, Sum or SampleCount.

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
        """A metric of an asynchronous endpoint's queue, such as `ApproximateBacklogSize`.

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
        """Any metric of CloudWatch, for example the length of a queue of your own.

        Example:
            ```python
            ScalingMetric.of(endpoint.metric_model_latency())
            ```
        """
        return ScalingMetric(
            metric_name=metric.metric_name, statistic=metric.statistic, given=metric
        )

    def problems(self, capacity: ScaledCapacity) -> list[str]:
        """Why capacity would never follow it; nothing of a metric that a caller defined."""
        if self.given is not None or not is_known(self.metric_name):
            return []
        source = MetricSource.REQUESTS if self.namespace else MetricSource.MACHINES
        if self.of_endpoint:
            source = MetricSource.QUEUE
        problem = unpublished(capacity.kind, source, self.metric_name)
        return [f"scaling metric: {problem}"] if problem else []

    def metric(self, resource: ScaledResource, *, period: cdk.Duration) -> cloudwatch.Metric:
        """The metric of what scales."""
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
