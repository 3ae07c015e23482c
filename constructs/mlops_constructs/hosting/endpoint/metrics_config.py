"""Which metrics an endpoint publishes beside the usual ones, and how often."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

_SECONDS = (10, 30, 60, 120, 180, 240, 300)


@dataclass(frozen=True, kw_only=True)
class MetricPublication:
    """What CloudWatch gets of an endpoint on instances.

    Args:
        enhanced: whether use and requests are published for each instance and container, too.
            CloudWatch charges these as custom metrics.
        detailed: whether those of containers, of each GPU and of the placement of inference
            components are.
        frequency: how often, 10 seconds to 5 minutes. Left out: each minute.

    Source: MetricsConfig of SageMaker's API reference.

    Example:
        ```python
        MetricPublication(enhanced=True, frequency=cdk.Duration.seconds(10))
        ```
    """

    enhanced: bool = False
    detailed: bool = False
    frequency: cdk.Duration | None = None

    @property
    def _seconds(self) -> int | None:
        return None if self.frequency is None else int(self.frequency.to_seconds())

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        if self._seconds is None or self._seconds in _SECONDS:
            return []
        return [
            f"metrics frequency: got {self._seconds} seconds; allowed are "
            f"{', '.join(map(str, _SECONDS))}"
        ]

    def render(self) -> sagemaker.CfnEndpointConfig.MetricsConfigProperty:
        """The MetricsConfig of an endpoint config."""
        return sagemaker.CfnEndpointConfig.MetricsConfigProperty(
            enable_enhanced_metrics=self.enhanced or None,
            enable_detailed_observability=self.detailed or None,
            metric_publish_frequency_in_seconds=self._seconds,
        )
