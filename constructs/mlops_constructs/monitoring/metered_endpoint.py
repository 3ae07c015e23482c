"""An endpoint as alarms and dashboards know it, and the metrics that both look at."""

from typing import Protocol

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch


class MeteredEndpoint(Protocol):
    """An endpoint with a name and a variant, as `mlops_constructs.hosting` has it."""

    @property
    def endpoint_name(self) -> str: ...

    @property
    def variant_name(self) -> str: ...


class EndpointMetrics:
    """Which metrics SageMaker has of one variant.

    Latencies are in microseconds, utilisation in percent; CPU and GPU count 100 for each core.

    Source: "Monitor Amazon SageMaker AI with Amazon CloudWatch".

    Parameters:
        endpoint: whose they are.
        period: length of a data point.
        variant_name: Left out: the endpoint's first variant.
    """

    def __init__(
        self, endpoint: MeteredEndpoint, *, period: cdk.Duration, variant_name: str | None = None
    ) -> None:
        self._period = period
        self._dimensions = {
            "EndpointName": endpoint.endpoint_name,
            "VariantName": variant_name or endpoint.variant_name,
        }

    def requests(
        self, metric_name: str, statistic: str, label: str | None = None
    ) -> cloudwatch.Metric:
        """A metric of what is asked and answered."""
        return self._metric("AWS/SageMaker", metric_name, statistic, label)

    def instances(
        self, metric_name: str, statistic: str, label: str | None = None
    ) -> cloudwatch.Metric:
        """A metric of the machines."""
        return self._metric("/aws/sagemaker/Endpoints", metric_name, statistic, label)

    def _metric(
        self, namespace: str, metric_name: str, statistic: str, label: str | None
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=metric_name,
            dimensions_map=self._dimensions,
            statistic=statistic,
            period=self._period,
            label=label,
        )
