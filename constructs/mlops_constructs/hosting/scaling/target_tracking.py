"""Target tracking policies."""

from dataclasses import dataclass
from typing import TypedDict

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from mlops_constructs._problems import is_known

from ._scaled_capacity import ScaledCapacity, ScaledResource
from .scaling_metric import ScalingMetric

MAX_COOLDOWN_SECONDS = 86_400
_STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
_CAPITALISED = {
    "invocations": "Invocations",
    "concurrency": "ConcurrentRequests",
    "utilization": "ProvisionedConcurrencyUtilization",
}


class TargetTrackingOptions(TypedDict, total=False):
    """Options of target tracking policies.

    Args:
        scale_in_cooldown: cooldown after a scale-in, up to 24 hours. Defaults to 300 seconds.
        scale_out_cooldown: cooldown after a scale-out, up to 24 hours. Defaults to 300 seconds.
        scale_in: False never removes capacity. Defaults to True.
    """

    scale_in_cooldown: cdk.Duration
    scale_out_cooldown: cdk.Duration
    scale_in: bool


@dataclass(frozen=True, kw_only=True)
class TargetTracking:
    """A predefined or custom metric, and its target value.

    Attributes:
        measure: name of a predefined metric; None if `metric` is given.
        parameter: name of the target in messages.
    """

    target: float
    measure: str | None = None
    metric: ScalingMetric | None = None
    parameter: str = "target"
    options: TargetTrackingOptions

    @property
    def _metric_name(self) -> str:
        return self.metric.metric_name if self.metric else ""

    def name(self, capacity: ScaledCapacity) -> str:
        """Returns the name of the policy, unique for its target."""
        if self.measure is None:
            return self._metric_name
        each = {"copies": "PerCopy", "provisioned concurrency": ""}
        return _CAPITALISED[self.measure] + each.get(capacity.noun, "PerInstance")

    def problems(self, capacity: ScaledCapacity) -> list[str]:
        """Validates the policy for a kind of capacity; returns one message per problem."""
        found = []
        if is_known(self.target) and self.target <= 0:
            unit = " invocations in a minute" if self.measure == "invocations" else ""
            found.append(
                f"scaling {self.parameter}: got {self.target:g}; allowed is more than 0{unit}"
            )
        if self.measure is not None and self.measure not in capacity.predefined:
            found.append(self._not_predefined(capacity))
        if self.measure == "utilization" and is_known(self.target) and self.target > 1:
            found.append(
                f"scaling {self.parameter}: got {self.target:g}; allowed is a share of the "
                "provisioned concurrency up to 1, such as 0.7"
            )
        if self.metric is not None:
            found += self.metric.problems(capacity)
        if self.metric is not None and self.metric.statistic not in _STATISTICS:
            found.append(
                f"scaling statistic: got {self.metric.statistic} of {self._metric_name}; target "
                f"tracking supports {', '.join(_STATISTICS)}"
            )
        return found + [
            f"scaling {name}: got {cooldown.to_seconds():g} seconds; allowed are at most "
            f"{MAX_COOLDOWN_SECONDS}"
            for name in ("scale_in_cooldown", "scale_out_cooldown")
            if not (cooldown := self._cooldown(name)).is_unresolved()
            and cooldown.to_seconds() > MAX_COOLDOWN_SECONDS
        ]

    def _not_predefined(self, capacity: ScaledCapacity) -> str:
        got = f"scaling policy: got target tracking of {self.measure}"
        if not capacity.predefined:
            return (
                f"{got} for {capacity.noun}, of which AWS publishes no such metric; use "
                "target_backlog, or target_metric"
            )
        return (
            f"{got}; AWS predefines {', '.join(capacity.predefined)} for {capacity.noun}; use one "
            "of them, or target_metric"
        )

    def _cooldown(self, name: str) -> cdk.Duration:
        given = self.options.get(name)
        return given if isinstance(given, cdk.Duration) else cdk.Duration.seconds(300)

    def attach(
        self, scope: Construct, *, target: autoscaling.CfnScalableTarget, resource: ScaledResource
    ) -> None:
        """Defines the policy of a scalable target."""
        policy = autoscaling.CfnScalingPolicy
        name = self.name(resource.capacity)
        policy(
            scope,
            name,
            policy_name=name,
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=policy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=self.target,
                predefined_metric_specification=self._predefined(resource.capacity),
                customized_metric_specification=self._customized(resource),
                disable_scale_in=None if self.options.get("scale_in", True) else True,
                scale_in_cooldown=self._cooldown("scale_in_cooldown").to_seconds(),
                scale_out_cooldown=self._cooldown("scale_out_cooldown").to_seconds(),
            ),
        )

    def _predefined(
        self, capacity: ScaledCapacity
    ) -> autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty | None:
        if self.measure is None:
            return None
        return autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
            predefined_metric_type=capacity.predefined[self.measure]
        )

    def _customized(
        self, resource: ScaledResource
    ) -> autoscaling.CfnScalingPolicy.CustomizedMetricSpecificationProperty | None:
        if self.metric is None:
            return None
        metric = self.metric.metric(resource, period=cdk.Duration.minutes(1))
        policy = autoscaling.CfnScalingPolicy
        return policy.CustomizedMetricSpecificationProperty(
            namespace=metric.namespace,
            metric_name=metric.metric_name,
            statistic=metric.statistic,
            dimensions=[
                policy.MetricDimensionProperty(name=name, value=value)
                for name, value in (metric.dimensions or {}).items()
            ],
        )
