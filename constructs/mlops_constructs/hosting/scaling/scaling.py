"""Automatic scaling of instances, provisioned concurrency or copies."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from mlops_constructs._problems import is_known

from ._scaled_capacity import ScaledCapacity, ScaledResource
from ._step_scaling import StepScaling
from .scaling_metric import ScalingMetric
from .scaling_policy import ScalingPolicy
from .scheduled_action import ScheduledCapacity
from .target_tracking import TargetTracking, TrackingOptions


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How much capacity there is, and by what it changes; made by its static factories."""

    minimum: int
    maximum: int
    policies: Sequence[ScalingPolicy] = ()
    schedule: Sequence[ScheduledCapacity] = ()

    @staticmethod
    def target_invocations(
        *,
        per_instance: float,
        minimum: int,
        maximum: int,
        scale_in_cooldown: cdk.Duration | None = None,
        scale_out_cooldown: cdk.Duration | None = None,
    ) -> "Scaling":
        """Keeps the invocations that an instance gets in a minute near a target.

        Args:
            per_instance: invocations per instance and minute. Measure it with a load test: half of
                what an instance can serve leaves room while new ones start.
            minimum: instances that are always there, at least 1; to zero scale only inference
                components and asynchronous endpoints, the latter by `between` and a policy on
                their backlog: AWS publishes no invocations of them.
            maximum: instances that there may be.
            scale_in_cooldown: rest after instances were removed. Left out: 300 seconds, AWS's own
                default.
            scale_out_cooldown: rest after instances were added. Left out: 300 seconds.

        Source: "Define a scaling policy" of SageMaker's developer guide.

        Example:
            ```python
            Scaling.target_invocations(per_instance=600, minimum=2, maximum=4)
            ```
        """
        default = cdk.Duration.seconds(300)
        options = TrackingOptions(
            scale_in_cooldown=scale_in_cooldown or default,
            scale_out_cooldown=scale_out_cooldown or default,
        )
        rule = TargetTracking(
            measure="invocations", target=per_instance, parameter="per_instance", options=options
        )
        return Scaling(minimum=minimum, maximum=maximum, policies=[ScalingPolicy(rule=rule)])

    @staticmethod
    def between(
        minimum: int,
        maximum: int,
        *policies: ScalingPolicy,
        schedule: Sequence[ScheduledCapacity] = (),
    ) -> "Scaling":
        """Keeps capacity between bounds, by any policies and schedules.

        Where `minimum` is 0, which asynchronous endpoints and inference components allow, the
        policy that wakes them up at the first request comes by itself: no other policy can, since
        there is no metric without an instance.

        Args:
            minimum: instances, copies or provisioned concurrency that are always there.
            maximum: how many of them there may be.
            policies: what changes the number in between.
            schedule: what changes the bounds by the clock.

        Source: "Automatic scaling of Amazon SageMaker AI models"; "Scale an endpoint to zero
        instances".

        Example:
            ```python
            Scaling.between(
                1,
                4,
                ScalingPolicy.target_concurrency(5),
                ScalingPolicy.steps_above(ScalingMetric.utilization("CPU"), 90, {0: 2}),
            )
            ```
        """
        return Scaling(minimum=minimum, maximum=maximum, policies=policies, schedule=schedule)

    def problems(self, capacity: ScaledCapacity) -> list[str]:
        """What AWS would refuse for a kind of capacity."""
        found = []
        if is_known(self.minimum) and self.minimum < capacity.lowest:
            reason = f", since {capacity.why_not_less}" if capacity.why_not_less else ""
            found.append(
                f"scaling minimum: got {self.minimum}; allowed is {capacity.lowest} or more{reason}"
            )
        known = is_known(self.minimum) and is_known(self.maximum)
        if known and self.maximum < max(self.minimum, 1):
            found.append(
                f"scaling maximum: got {self.maximum}; allowed is the minimum "
                f"({self.minimum}) or more, and 1 at least"
            )
        for policy in self.policies:
            found += policy.rule.problems(capacity)
        for entry in self.schedule:
            found += entry.problems(capacity)
        if not self.policies and not self.schedule:
            found.append("scaling: got neither policies nor a schedule; give one of them")
        names = Counter(rule.name(capacity) for rule in self._rules(capacity))
        names.update(f"schedule {entry.name}" for entry in self.schedule)
        found += [
            f"scaling: got {count} times {name}; one target has each once"
            for name, count in names.items()
            if count > 1
        ]
        return found

    def attach(self, scope: Construct, resource: ScaledResource) -> None:
        """Registers the resource as a scalable target, with its policies.

        No role is given: Application Auto Scaling then uses its service-linked role for SageMaker
        and creates it in an account that has none. (CDK's own ScalableTarget would make a role
        without any right on SageMaker.) The resource's id refers to what is scaled, so the target
        is registered after that exists and deregistered before it is deleted.
        """
        target = autoscaling.CfnScalableTarget(
            scope,
            "ScalableTarget",
            service_namespace="sagemaker",
            scalable_dimension=resource.capacity.dimension,
            resource_id=resource.resource_id,
            min_capacity=self.minimum,
            max_capacity=self.maximum,
            scheduled_actions=[entry.render() for entry in self.schedule] or None,
        )
        for rule in self._rules(resource.capacity):
            rule.attach(scope, target=target, resource=resource)

    def _rules(self, capacity: ScaledCapacity) -> list[TargetTracking | StepScaling]:
        rules = [policy.rule for policy in self.policies]
        lowest = [self.minimum, *(entry.minimum for entry in self.schedule)]
        reaches_zero = any(is_known(minimum) and minimum == 0 for minimum in lowest)
        if capacity.wake_up is None or not reaches_zero:
            return rules
        wake_up = StepScaling(
            given_name="WakeUp",
            metric=ScalingMetric(
                metric_name=capacity.wake_up.metric_name,
                statistic=capacity.wake_up.statistic,
                namespace="AWS/SageMaker",
                of_endpoint=True,
            ),
            # At 1 and not above it: a single request has to be enough.
            threshold=1,
            steps={0: 1},
            above=True,
            cooldown=cdk.Duration.minutes(1),
        )
        return [*rules, wake_up]
