"""An endpoint as alarms and dashboards know it, and the metrics that both look at."""

from collections.abc import Mapping
from typing import Protocol

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from mlops_constructs._endpoint_kind import EndpointKind, MetricSource, unpublished


class MeteredEndpoint(Protocol):
    """An endpoint with a name and a variant, as `mlops_constructs.hosting` has it."""

    @property
    def endpoint_name(self) -> str: ...

    @property
    def variant_name(self) -> str: ...

    @property
    def kind(self) -> EndpointKind | None: ...


def kind_of(endpoint: MeteredEndpoint) -> EndpointKind:
    """How an endpoint answers; at once, from instances, where nothing is known of it."""
    return endpoint.kind or EndpointKind.REAL_TIME


class EndpointMetrics:
    """Which metrics SageMaker has of one variant, and of its endpoint's queue.

    Latencies are in microseconds, utilisation in percent; CPU and GPU count 100 for each core.

    Source: "Monitor Amazon SageMaker AI with Amazon CloudWatch".

    Args:
        endpoint: whose they are.
        period: length of a data point.
        variant_name: Left out: the endpoint's first variant.
    """

    def __init__(
        self, endpoint: MeteredEndpoint, *, period: cdk.Duration, variant_name: str | None = None
    ) -> None:
        self._period = period
        self._kind = kind_of(endpoint)
        self._endpoint = {"EndpointName": endpoint.endpoint_name}
        self._dimensions = {
            "EndpointName": endpoint.endpoint_name,
            "VariantName": variant_name or endpoint.variant_name,
        }

    def requests(
        self, metric_name: str, statistic: str, label: str | None = None
    ) -> cloudwatch.Metric:
        """A metric of what is asked and answered."""
        self._check(MetricSource.REQUESTS, metric_name)
        return self._metric("AWS/SageMaker", metric_name, statistic, label)

    def instances(
        self, metric_name: str, statistic: str, label: str | None = None
    ) -> cloudwatch.Metric:
        """A metric of the machines."""
        self._check(MetricSource.MACHINES, metric_name)
        return self._metric("/aws/sagemaker/Endpoints", metric_name, statistic, label)

    def queue(
        self, metric_name: str, statistic: str, label: str | None = None
    ) -> cloudwatch.Metric:
        """A metric of an asynchronous endpoint's queue, which no variant has for itself."""
        self._check(MetricSource.QUEUE, metric_name)
        return self._metric("AWS/SageMaker", metric_name, statistic, label, self._endpoint)

    def _check(self, source: MetricSource, metric_name: str) -> None:
        problem = unpublished(self._kind, source, metric_name)
        if problem is not None:
            raise ValueError(f"metric: {problem}")

    def _metric(
        self,
        namespace: str,
        metric_name: str,
        statistic: str,
        label: str | None,
        dimensions: Mapping[str, str] | None = None,
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=metric_name,
            dimensions_map=dict(dimensions or self._dimensions),
            statistic=statistic,
            period=self._period,
            label=label,
        )
