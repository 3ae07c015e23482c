"""Metrics that an endpoint publishes in addition, and their frequency."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

_SECONDS = (10, 30, 60, 120, 180, 240, 300)


@dataclass(frozen=True, kw_only=True)
class MetricsConfig:
    """Metrics that an endpoint on instances publishes to CloudWatch.

    Args:
        enhanced: True publishes utilization and requests for each instance and container, too;
            CloudWatch charges them as custom metrics. Defaults to False.
        detailed: True publishes metrics of containers, of each GPU and of the placement of
            inference components. Defaults to False.
        frequency: publish frequency: 10, 30, 60, 120, 180, 240 or 300 seconds. Defaults to None:
            each minute.

    Source: MetricsConfig of SageMaker's API reference.

    Example:
        ```python
        MetricsConfig(enhanced=True, frequency=cdk.Duration.seconds(10))
        ```
    """

    enhanced: bool = False
    detailed: bool = False
    frequency: cdk.Duration | None = None

    @property
    def _seconds(self) -> int | None:
        return None if self.frequency is None else int(self.frequency.to_seconds())

    def problems(self) -> list[str]:
        """Validates the frequency; returns one message per problem."""
        if self._seconds is None or self._seconds in _SECONDS:
            return []
        return [
            f"metrics frequency: got {self._seconds} seconds; allowed are "
            f"{', '.join(map(str, _SECONDS))}"
        ]

    def render(self) -> sagemaker.CfnEndpointConfig.MetricsConfigProperty:
        """Returns the MetricsConfig of an endpoint configuration."""
        return sagemaker.CfnEndpointConfig.MetricsConfigProperty(
            enable_enhanced_metrics=self.enhanced or None,
            enable_detailed_observability=self.detailed or None,
            metric_publish_frequency_in_seconds=self._seconds,
        )
