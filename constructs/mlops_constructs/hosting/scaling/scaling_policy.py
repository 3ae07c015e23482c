"""Policies by which capacity follows a metric."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Unpack

import aws_cdk as cdk

from ._step_scaling import StepScaling
from .scaling_metric import ScalingMetric
from .target_tracking import TargetTracking, TrackingOptions

_DEFAULT_COOLDOWN = cdk.Duration.seconds(300)


@dataclass(frozen=True, kw_only=True)
class ScalingPolicy:
    """A rule that changes capacity; made by its static factories.

    Several rules may hold for one target: the one that asks for most capacity wins, and target
    tracking removes capacity only when every such rule agrees.

    Source: "Target tracking scaling policies" and "Step scaling policies" of Application Auto
    Scaling's user guide; "Define a scaling policy" of SageMaker's developer guide.
    """

    rule: TargetTracking | StepScaling

    @staticmethod
    def target_invocations(each: float, **options: Unpack[TrackingOptions]) -> "ScalingPolicy":
        """Keeps the invocations in a minute of each instance, or copy, near a target.

        Not for asynchronous endpoints, whose invocations AWS does not publish.

        Args:
            each: measure with a load test what one can serve; half of it leaves room while
                others start.
            options: cooldowns, and whether capacity is removed too.

        Example:
            ```python
            ScalingPolicy.target_invocations(600, scale_in_cooldown=cdk.Duration.minutes(10))
            ```
        """
        return _tracking(TargetTracking(measure="invocations", target=each, options=options))

    @staticmethod
    def target_concurrency(each: float, **options: Unpack[TrackingOptions]) -> "ScalingPolicy":
        """Keeps the requests in progress at each model, or copy, near a target.

        Its metric comes every 10 seconds, so capacity follows bursts much sooner than by
        invocations. Not for asynchronous endpoints, of which AWS does not publish it.

        Example:
            ```python
            ScalingPolicy.target_concurrency(5)
            ```
        """
        return _tracking(TargetTracking(measure="concurrency", target=each, options=options))

    @staticmethod
    def target_utilization(share: float, **options: Unpack[TrackingOptions]) -> "ScalingPolicy":
        """Keeps the used part of a serverless variant's provisioned concurrency near a target.

        Args:
            share: such as 0.7.
            options: cooldowns, and whether capacity is removed too.

        Example:
            ```python
            ScalingPolicy.target_utilization(0.7)
            ```
        """
        return _tracking(
            TargetTracking(measure="utilization", target=share, parameter="share", options=options)
        )

    @staticmethod
    def target_backlog(each: float, **options: Unpack[TrackingOptions]) -> "ScalingPolicy":
        """Keeps the requests that wait for each instance of an asynchronous endpoint near a target.

        Example:
            ```python
            ScalingPolicy.target_backlog(5)
            ```
        """
        metric = ScalingMetric.of_queue("ApproximateBacklogSizePerInstance")
        return _tracking(TargetTracking(metric=metric, target=each, options=options))

    @staticmethod
    def target_metric(
        metric: ScalingMetric, target: float, **options: Unpack[TrackingOptions]
    ) -> "ScalingPolicy":
        """Keeps any metric near a target; more capacity has to lower it.

        Example:
            ```python
            ScalingPolicy.target_metric(ScalingMetric.utilization("CPU"), 60)
            ```
        """
        return _tracking(TargetTracking(metric=metric, target=target, options=options))

    @staticmethod
    def steps_above(
        metric: ScalingMetric,
        threshold: float,
        steps: Mapping[float, int],
        *,
        minutes: int = 1,
        cooldown: cdk.Duration = _DEFAULT_COOLDOWN,
    ) -> "ScalingPolicy":
        """Changes capacity as soon as a metric reaches a threshold.

        Args:
            metric: what is watched.
            threshold: value from which on the steps are taken.
            steps: changes of capacity, by how far the metric is above the threshold; begins at 0.
            minutes: how long it has to be there.
            cooldown: rest after a step, in which only a larger one is taken.

        Example:
            ```python
            ScalingPolicy.steps_above(
                ScalingMetric.of_requests("ModelLatency"), 200_000, {0: 1, 300_000: 3}
            )
            ```
        """
        return ScalingPolicy(
            rule=StepScaling(
                metric=metric,
                threshold=threshold,
                steps=steps,
                above=True,
                minutes=minutes,
                cooldown=cooldown,
            )
        )

    @staticmethod
    def steps_below(
        metric: ScalingMetric,
        threshold: float,
        steps: Mapping[float, int],
        *,
        minutes: int = 5,
        cooldown: cdk.Duration = _DEFAULT_COOLDOWN,
    ) -> "ScalingPolicy":
        """Changes capacity when a metric has been at a threshold or below it.

        Args:
            metric: what is watched.
            threshold: value down from which the steps are taken.
            steps: changes of capacity, by how far the metric is below the threshold; begins at 0.
            minutes: how long it has to be there.
            cooldown: rest after a step.

        Example:
            ```python
            ScalingPolicy.steps_below(ScalingMetric.utilization("CPU"), 20, {0: -1})
            ```
        """
        return ScalingPolicy(
            rule=StepScaling(
                metric=metric,
                threshold=threshold,
                steps=steps,
                above=False,
                minutes=minutes,
                cooldown=cooldown,
            )
        )


def _tracking(rule: TargetTracking) -> ScalingPolicy:
    return ScalingPolicy(rule=rule)
