"""What CloudWatch knows of whatever serves a model."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch


class MetricOptions(TypedDict, total=False):
    """What a caller may say about a metric; what is left out has the metric's own default.

    Keys:
        statistic: for example `Sum`, `Average`, `p99`.
        period: length of a data point. Left out: 5 minutes.
        label: text of a graph's legend.
        variant: the variant that the metric is about. Left out: the endpoint's first one.
    """

    statistic: str
    period: cdk.Duration
    label: str
    variant: str


class ServingMetrics(cdk.Resource):
    """The metrics that endpoints and inference components have in common.

    Source: "Amazon SageMaker AI metrics in Amazon CloudWatch".
    """

    @abstractmethod
    def _dimensions(self, options: MetricOptions) -> Mapping[str, str]:
        """Under which the metrics are kept."""

    @abstractmethod
    def _container_metric(self, metric_name: str) -> tuple[str, str]:
        """Namespace and name of a metric of the containers' resources."""

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Any metric of a variant's requests, an average where nothing else is said.

        Example:
            ```python
            endpoint.metric("ModelSetupTime", statistic="p95")
            ```
        """
        return self._of_requests(metric_name, "Average", options)

    def metric_invocations(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Requests that reached the variant.

        Example:
            ```python
            endpoint.metric_invocations(period=cdk.Duration.minutes(1))
            ```
        """
        return self._of_requests("Invocations", "Sum", options)

    def metric_invocations_per_instance(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Requests for each instance, which is what target tracking looks at.

        Example:
            ```python
            endpoint.metric_invocations_per_instance()
            ```
        """
        return self._of_requests("InvocationsPerInstance", "Sum", options)

    def metric_client_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Requests answered with a 4xx status; their average is the share of all requests.

        Example:
            ```python
            endpoint.metric_client_errors()
            ```
        """
        return self._of_requests("Invocation4XXErrors", "Sum", options)

    def metric_server_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Requests answered with a 5xx status; their average is the share of all requests.

        Example:
            ```python
            endpoint.metric_server_errors(statistic="Average")
            ```
        """
        return self._of_requests("Invocation5XXErrors", "Sum", options)

    def metric_model_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Time that the container takes to answer, in microseconds.

        Example:
            ```python
            endpoint.metric_model_latency(statistic="p99")
            ```
        """
        return self._of_requests("ModelLatency", "Average", options)

    def metric_overhead_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Time that SageMaker adds to the container's, in microseconds.

        Example:
            ```python
            endpoint.metric_overhead_latency(variant="challenger")
            ```
        """
        return self._of_requests("OverheadLatency", "Average", options)

    def metric_model_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Requests that the container did not answer with a 2xx status, timeouts included.

        Example:
            ```python
            endpoint.metric_model_errors()
            ```
        """
        return self._of_requests("InvocationModelErrors", "Sum", options)

    def metric_concurrent_requests(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Requests in progress at each model, every 10 seconds.

        Example:
            ```python
            endpoint.metric_concurrent_requests(period=cdk.Duration.seconds(10))
            ```
        """
        return self._of_requests("ConcurrentRequestsPerModel", "Maximum", options)

    def metric_cpu_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """CPU use of the instances in percent, 100 for each vCPU.

        Example:
            ```python
            endpoint.metric_cpu_utilization(statistic="Maximum")
            ```
        """
        return self._of_containers("CPUUtilization", options)

    def metric_memory_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Memory use of the instances in percent.

        Example:
            ```python
            endpoint.metric_memory_utilization(statistic="Maximum")
            ```
        """
        return self._of_containers("MemoryUtilization", options)

    def metric_gpu_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """GPU use of the containers in percent, 100 for each GPU.

        Example:
            ```python
            endpoint.metric_gpu_utilization()
            ```
        """
        return self._of_containers("GPUUtilization", options)

    def metric_gpu_memory_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Use of the GPUs' memory in percent, 100 for each GPU.

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
