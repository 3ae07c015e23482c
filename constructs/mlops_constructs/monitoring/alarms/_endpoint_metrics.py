"""Metrics of an endpoint that alarms and dashboards use."""

from collections.abc import Mapping
from typing import Protocol

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from mlops_constructs._endpoint_kind import EndpointKind, MetricSource, unpublished


class MeteredEndpoint(Protocol):
    """An endpoint with a name and a variant, as `mlops_constructs.hosting` defines it."""

    @property
    def endpoint_name(self) -> str:
        """The name of the endpoint."""

    @property
    def variant_name(self) -> str:
        """The name of the endpoint's first variant."""

    @property
    def kind(self) -> EndpointKind | None:
        """The kind of the endpoint; None if it is not known."""


def kind_of(endpoint: MeteredEndpoint) -> EndpointKind:
    """Returns the kind of an endpoint; real-time if it is not known."""
    return endpoint.kind or EndpointKind.REAL_TIME


class EndpointMetrics:
    """The metrics of one variant and of its endpoint's queue.

    Latencies are in microseconds, utilization in percent; CPU and GPU count 100 for each core.

    Args:
        endpoint: endpoint of the metrics.
        period: length of a data point.
        variant_name: variant of the metrics. Defaults to None: the endpoint's first variant.

    Source: "Monitor Amazon SageMaker AI with Amazon CloudWatch".
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
        """Returns a metric of requests and responses."""
        self._check(MetricSource.REQUESTS, metric_name)
        return self._metric("AWS/SageMaker", metric_name, statistic, label)

    def instances(
        self, metric_name: str, statistic: str, label: str | None = None
    ) -> cloudwatch.Metric:
        """Returns a metric of the instances."""
        self._check(MetricSource.MACHINES, metric_name)
        return self._metric("/aws/sagemaker/Endpoints", metric_name, statistic, label)

    def queue(
        self, metric_name: str, statistic: str, label: str | None = None
    ) -> cloudwatch.Metric:
        """Returns a metric of an asynchronous endpoint's queue, which has no variant dimension."""
        self._check(MetricSource.QUEUE, metric_name)
        return self._metric("AWS/SageMaker", metric_name, statistic, label, self._endpoint)

    def _check(self, source: MetricSource, metric_name: str) -> None:
        problem = unpublished(self._kind, source, metric_name)
        if problem is not None:
            raise ValueError(f"EndpointMetrics {metric_name}: {problem}")

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
