"""Policies that change capacity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Unpack

import aws_cdk as cdk

from ._step_scaling import StepScaling
from .scaling_metric import ScalingMetric
from .target_tracking import TargetTracking, TargetTrackingOptions

_DEFAULT_COOLDOWN = cdk.Duration.seconds(300)


@dataclass(frozen=True, kw_only=True)
class ScalingPolicy:
    """A rule that changes capacity; use its static factories.

    Several rules may apply to one target: the one that requires most capacity wins, and target
    tracking scales in only if every such rule agrees.

    Source: "Target tracking scaling policies" and "Step scaling policies" of Application Auto
    Scaling's user guide; "Define a scaling policy" of SageMaker's developer guide.
    """

    rule: TargetTracking | StepScaling

    @staticmethod
    def target_invocations(
        each: float, **options: Unpack[TargetTrackingOptions]
    ) -> "ScalingPolicy":
        """Keeps the number of invocations per minute of each instance, or copy, near a target.

        Asynchronous endpoints do not support it: AWS does not publish their invocations.

        Args:
            each: invocations per instance, or copy, and minute, more than 0. Determine it with a
                load test: half of its capacity leaves room while others start.
            options: members of `TargetTrackingOptions`.

        Example:
            ```python
            ScalingPolicy.target_invocations(600, scale_in_cooldown=cdk.Duration.minutes(10))
            ```
        """
        return _tracking(TargetTracking(measure="invocations", target=each, options=options))

    @staticmethod
    def target_concurrency(
        each: float, **options: Unpack[TargetTrackingOptions]
    ) -> "ScalingPolicy":
        """Keeps the number of requests in progress per model, or copy, near a target.

        AWS publishes the metric every 10 seconds, so capacity follows bursts faster than with
        invocations. Asynchronous endpoints do not support it: AWS does not publish the metric of
        them.

        Args:
            each: concurrent requests per model, or copy, more than 0.
            options: members of `TargetTrackingOptions`.

        Example:
            ```python
            ScalingPolicy.target_concurrency(5)
            ```
        """
        return _tracking(TargetTracking(measure="concurrency", target=each, options=options))

    @staticmethod
    def target_utilization(
        share: float, **options: Unpack[TargetTrackingOptions]
    ) -> "ScalingPolicy":
        """Keeps the utilization of a serverless variant's provisioned concurrency near a target.

        Args:
            share: utilization, more than 0 and up to 1, such as 0.7.
            options: members of `TargetTrackingOptions`.

        Example:
            ```python
            ScalingPolicy.target_utilization(0.7)
            ```
        """
        return _tracking(
            TargetTracking(measure="utilization", target=share, parameter="share", options=options)
        )

    @staticmethod
    def target_backlog(each: float, **options: Unpack[TargetTrackingOptions]) -> "ScalingPolicy":
        """Keeps the backlog per instance of an asynchronous endpoint near a target.

        Args:
            each: number of queued requests per instance, more than 0.
            options: members of `TargetTrackingOptions`.

        Example:
            ```python
            ScalingPolicy.target_backlog(5)
            ```
        """
        metric = ScalingMetric.of_queue("ApproximateBacklogSizePerInstance")
        return _tracking(TargetTracking(metric=metric, target=each, options=options))

    @staticmethod
    def target_metric(
        metric: ScalingMetric, target: float, **options: Unpack[TargetTrackingOptions]
    ) -> "ScalingPolicy":
        """Keeps any metric near a target; more capacity must lower the metric.

        Args:
            metric: metric that is tracked.
            target: target value in the unit of the metric, more than 0.
            options: members of `TargetTrackingOptions`.

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
            metric: metric that is watched.
            threshold: threshold at or above which steps apply, in the unit of the metric; any
                number is allowed.
            steps: changes of capacity by the distance of the metric above the threshold; the first
                distance is 0.
            minutes: number of minutes for which the metric must be there, 1 or more. Defaults to 1.
            cooldown: cooldown after a step, in which only a larger step applies, up to 24 hours.
                Defaults to 5 minutes.

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
        """Changes capacity when a metric has been at or below a threshold for a time.

        Args:
            metric: metric that is watched.
            threshold: threshold at or below which steps apply, in the unit of the metric; any
                number is allowed.
            steps: changes of capacity by the distance of the metric below the threshold; the first
                distance is 0.
            minutes: number of minutes for which the metric must be there, 1 or more. Defaults to 5.
            cooldown: cooldown after a step, up to 24 hours. Defaults to 5 minutes.

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
