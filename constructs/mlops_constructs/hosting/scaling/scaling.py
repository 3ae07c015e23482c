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
from .scheduled_action import ScheduledAction
from .target_tracking import TargetTracking, TargetTrackingOptions


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Bounds of capacity, and the policies that change it; use its static factories."""

    minimum: int
    maximum: int
    policies: Sequence[ScalingPolicy] = ()
    schedule: Sequence[ScheduledAction] = ()

    @staticmethod
    def target_invocations(
        *,
        per_instance: float,
        minimum: int,
        maximum: int,
        scale_in_cooldown: cdk.Duration | None = None,
        scale_out_cooldown: cdk.Duration | None = None,
    ) -> "Scaling":
        """Keeps the number of invocations per instance and minute near a target.

        Args:
            per_instance: invocations per instance and minute, more than 0. Determine it with a load
                test: half of the capacity of an instance leaves room while new instances start.
            minimum: minimum number of instances, at least 1. Only inference components and
                asynchronous endpoints scale to zero; for the latter use `between` with a policy on
                the backlog, since AWS publishes no invocations of them.
            maximum: maximum number of instances, at least `minimum`.
            scale_in_cooldown: cooldown after a scale-in, up to 24 hours. Defaults to None: 300
                seconds, the default of AWS.
            scale_out_cooldown: cooldown after a scale-out, up to 24 hours. Defaults to None: 300
                seconds.

        Source: "Define a scaling policy" of SageMaker's developer guide.

        Example:
            ```python
            Scaling.target_invocations(per_instance=600, minimum=2, maximum=4)
            ```
        """
        default = cdk.Duration.seconds(300)
        options = TargetTrackingOptions(
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
        schedule: Sequence[ScheduledAction] = (),
    ) -> "Scaling":
        """Keeps capacity between bounds, by any policies and schedules.

        Where `minimum` is 0, which asynchronous endpoints and inference components support, the
        policy that scales out from zero at the first request is added automatically: no other
        policy can, since there is no metric without an instance.

        Args:
            minimum: minimum number of instances or copies, or minimum provisioned concurrency.
            maximum: maximum number of instances or copies, or maximum provisioned concurrency.
            policies: policies that change the capacity between the bounds.
            schedule: scheduled changes of the bounds. Defaults to none.

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
        """Validates the scaling of a kind of capacity; returns one message per problem.

        Args:
            capacity: kind of capacity that is scaled.
        """
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
                f"({self.minimum}) or more, at least 1"
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
        """Defines the scalable target with its policies.

        Args:
            resource: variant or component that is scaled.
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
            # At 1 and not above it: a single request must be enough.
            threshold=1,
            steps={0: 1},
            above=True,
            cooldown=cdk.Duration.minutes(1),
        )
        return [*rules, wake_up]
