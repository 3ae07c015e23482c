"""CloudWatch metrics of endpoints and inference components."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch


class MetricOptions(TypedDict, total=False):
    """Options of a metric, which override its own defaults.

    Args:
        statistic: statistic, for example `Sum`, `Average` or `p99`. Defaults to that of the metric.
        period: period of a data point. Defaults to 5 minutes.
        label: label in a graph. Defaults to the name of the metric.
        variant: name of the variant that the metric is of. Defaults to the first one of the
            endpoint.
    """

    statistic: str
    period: cdk.Duration
    label: str
    variant: str


class ServingMetrics(cdk.Resource):
    """Metrics that endpoints and inference components have in common.

    Source: "Amazon SageMaker AI metrics in Amazon CloudWatch".
    """

    @abstractmethod
    def _dimensions(self, options: MetricOptions) -> Mapping[str, str]:
        """Returns the dimensions of the metrics."""

    @abstractmethod
    def _container_metric(self, metric_name: str) -> tuple[str, str]:
        """Returns namespace and name of a metric of the containers' resources."""

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns any metric of a variant's requests, by default an average.

        Args:
            metric_name: name of the metric, such as `ModelSetupTime`.
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric("ModelSetupTime", statistic="p95")
            ```
        """
        return self._of_requests(metric_name, "Average", options)

    def metric_invocations(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the number of requests to the variant.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_invocations(period=cdk.Duration.minutes(1))
            ```
        """
        return self._of_requests("Invocations", "Sum", options)

    def metric_invocations_per_instance(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Returns the number of requests per instance, the metric of target tracking.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_invocations_per_instance()
            ```
        """
        return self._of_requests("InvocationsPerInstance", "Sum", options)

    def metric_client_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the number of 4xx responses; its average is their share of all requests.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_client_errors()
            ```
        """
        return self._of_requests("Invocation4XXErrors", "Sum", options)

    def metric_server_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the number of 5xx responses; its average is their share of all requests.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_server_errors(statistic="Average")
            ```
        """
        return self._of_requests("Invocation5XXErrors", "Sum", options)

    def metric_model_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the response time of the container in microseconds.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_model_latency(statistic="p99")
            ```
        """
        return self._of_requests("ModelLatency", "Average", options)

    def metric_overhead_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the time that SageMaker adds to the model latency, in microseconds.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_overhead_latency(variant="challenger")
            ```
        """
        return self._of_requests("OverheadLatency", "Average", options)

    def metric_model_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the number of requests without a 2xx response, timeouts included.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_model_errors()
            ```
        """
        return self._of_requests("InvocationModelErrors", "Sum", options)

    def metric_concurrent_requests(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the number of concurrent requests per model, every 10 seconds.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_concurrent_requests(period=cdk.Duration.seconds(10))
            ```
        """
        return self._of_requests("ConcurrentRequestsPerModel", "Maximum", options)

    def metric_cpu_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the CPU utilization of the instances in percent, 100 for each vCPU.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_cpu_utilization(statistic="Maximum")
            ```
        """
        return self._of_containers("CPUUtilization", options)

    def metric_memory_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the memory utilization of the instances in percent.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_memory_utilization(statistic="Maximum")
            ```
        """
        return self._of_containers("MemoryUtilization", options)

    def metric_gpu_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the GPU utilization of the containers in percent, 100 for each GPU.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_gpu_utilization()
            ```
        """
        return self._of_containers("GPUUtilization", options)

    def metric_gpu_memory_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the GPU memory utilization in percent, 100 for each GPU.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_gpu_memory_utilization(statistic="Maximum")
            ```
        """
        return self._of_containers("GPUMemoryUtilization", options)

    def _of_requests(
        self, metric_name: str, statistic: str, options: MetricOptions
    ) -> cloudwatch.Metric:
        return _metric("AWS/SageMaker", metric_name, statistic, self._dimensions(options), options)

    def _of_containers(self, metric_name: str, options: MetricOptions) -> cloudwatch.Metric:
        namespace, name = self._container_metric(metric_name)
        return _metric(namespace, name, "Average", self._dimensions(options), options)


def _metric(
    namespace: str,
    metric_name: str,
    statistic: str,
    dimensions: Mapping[str, str],
    options: MetricOptions,
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=metric_name,
        dimensions_map=dict(dimensions),
        statistic=options.get("statistic", statistic),
        period=options.get("period"),
        label=options.get("label"),
    )
