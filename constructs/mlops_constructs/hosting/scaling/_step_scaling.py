"""Step scaling policies and their alarms."""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
import jsii
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from ._scaled_capacity import ScaledCapacity, ScaledResource
from .scaling_metric import ScalingMetric
from .target_tracking import MAX_COOLDOWN_SECONDS

_MIN_PERIOD = cdk.Duration.minutes(1)


@dataclass(frozen=True, kw_only=True)
class StepScaling:
    """Steps, and the alarm that starts them.

    Attributes:
        above: True if the metric must rise to the threshold, False if it must fall to it.
        steps: changes of capacity by the distance to the threshold from which they apply.
    """

    metric: ScalingMetric
    threshold: float
    steps: Mapping[float, int]
    above: bool
    cooldown: cdk.Duration
    minutes: int = 1
    given_name: str | None = None

    def name(self, capacity: ScaledCapacity) -> str:
        """Returns the name of the policy, unique for its target."""
        return self.given_name or f"{self.metric.metric_name}{'Above' if self.above else 'Below'}"

    def problems(self, capacity: ScaledCapacity) -> list[str]:
        """Validates the policy for a kind of capacity; returns one message per problem."""
        found = self.metric.problems(capacity)
        if not self.steps or min(self.steps) != 0:
            found.append(
                f"scaling steps: got distances {sorted(self.steps)}; the first must be 0, so "
                "that there is a step from the threshold on"
            )
        if any(change == 0 for change in self.steps.values()):
            found.append("scaling steps: got a change of 0; allowed is 1 or more, or -1 or less")
        if len({change > 0 for change in self.steps.values()}) > 1:
            found.append(
                "scaling steps: got some that add and some that remove; one policy does either"
            )
        if self.minutes < 1:
            found.append(f"scaling minutes: got {self.minutes}; allowed is 1 or more")
        if self.cooldown.to_seconds() > MAX_COOLDOWN_SECONDS:
            found.append(
                f"scaling cooldown: got {self.cooldown.to_seconds():g} seconds; allowed are at "
                f"most {MAX_COOLDOWN_SECONDS}"
            )
        return found

    def attach(
        self, scope: Construct, *, target: autoscaling.CfnScalableTarget, resource: ScaledResource
    ) -> None:
        """Defines the policy of a scalable target, and its alarm."""
        name = self.name(resource.capacity)
        policy = autoscaling.CfnScalingPolicy(
            scope,
            name,
            policy_name=name,
            policy_type="StepScaling",
            scaling_target_id=target.ref,
            step_scaling_policy_configuration=autoscaling.CfnScalingPolicy.StepScalingPolicyConfigurationProperty(
                adjustment_type="ChangeInCapacity",
                metric_aggregation_type="Maximum" if self.above else "Average",
                cooldown=self.cooldown.to_seconds(),
                step_adjustments=self._adjustments(),
            ),
        )
        operator = cloudwatch.ComparisonOperator
        alarm = cloudwatch.Alarm(
            scope,
            f"{name}Alarm",
            alarm_description=f"Changes {resource.capacity.noun} by {self.metric.metric_name}",
            metric=self.metric.metric(resource, period=_MIN_PERIOD),
            threshold=self.threshold,
            evaluation_periods=self.minutes,
            comparison_operator=operator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
            if self.above
            else operator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
            # Without requests there is no metric, and the alarm must be ready for the next one.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(_TakeSteps(policy))

    def _adjustments(self) -> list[autoscaling.CfnScalingPolicy.StepAdjustmentProperty]:
        step = autoscaling.CfnScalingPolicy.StepAdjustmentProperty
        distances = sorted(self.steps)
        ends: list[float | None] = [*distances[1:], None]
        if self.above:
            return [
                step(
                    metric_interval_lower_bound=start,
                    metric_interval_upper_bound=end,
                    scaling_adjustment=self.steps[start],
                )
                for start, end in zip(distances, ends, strict=True)
            ]
        return [
            step(
                metric_interval_lower_bound=None if end is None else -end,
                metric_interval_upper_bound=-start,
                scaling_adjustment=self.steps[start],
            )
            for start, end in zip(distances, ends, strict=True)
        ]


@jsii.implements(cloudwatch.IAlarmAction)
class _TakeSteps:
    """Alarm action that starts a step scaling policy."""

    def __init__(self, policy: autoscaling.CfnScalingPolicy) -> None:
        self._policy = policy

    def bind(self, scope: Construct, alarm: cloudwatch.IAlarm) -> cloudwatch.AlarmActionConfig:
        """Returns the ARN of the policy."""
        return cloudwatch.AlarmActionConfig(alarm_action_arn=self._policy.ref)
