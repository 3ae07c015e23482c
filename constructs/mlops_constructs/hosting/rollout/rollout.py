"""Deployment guardrails of endpoints and inference components."""

import math
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import outside
from mlops_constructs.hosting.variant.variant import seconds

from .capacity_size import CapacitySize
from .rollback import Rollback

_DEFAULT_WAIT = cdk.Duration.minutes(5)
_MIN_EXECUTION = 600
_MAX_EXECUTION = 28_800
_MAX_WAIT = 3600
# Per type of traffic routing: name of a part in messages, and AWS's bounds of it in percent.
_SIZES = {
    "CANARY": ("canary size", 1, 50),
    "LINEAR": ("linear step", 10, 50),
    "ROLLING": ("rolling batch", 5, 50),
}


class RolloutOptions(TypedDict, total=False):
    """Options of every rollout.

    Args:
        maximum_duration: time after which the rollout fails, 10 minutes to 8 hours, longer than all
            waits together. Defaults to the limit of AWS.
        rollback: alarms that roll the rollout back. Defaults to `Rollback.on_health()`, whose
            alarms the endpoint creates. With `Rollback.off()` nothing rolls it back.
    """

    maximum_duration: cdk.Duration | None
    rollback: Rollback | None


class BlueGreenOptions(RolloutOptions, total=False):
    """Options of rollouts that start a second fleet beside the first one.

    Args:
        termination_wait: time for which the old fleet is kept after the traffic has moved, up to 1
            hour. Defaults to no wait.
    """

    termination_wait: cdk.Duration | None


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """Deployment guardrails of an endpoint or an inference component; use its static factories.

    Each factory accepts `RolloutOptions`, or `BlueGreenOptions` where it starts a second fleet.

    Source: "Deployment guardrails" of SageMaker's developer guide; DeploymentConfig of its API.
    """

    kind: str
    size: CapacitySize | None = None
    wait: cdk.Duration
    rollback_size: CapacitySize | None = None
    termination_wait: cdk.Duration | None = None
    maximum_duration: cdk.Duration | None = None
    rollback: Rollback = field(default_factory=Rollback.on_health)

    @staticmethod
    def all_at_once(
        *, baking: cdk.Duration = _DEFAULT_WAIT, **options: Unpack[BlueGreenOptions]
    ) -> "Rollout":
        """Starts a new fleet and moves all traffic to it in one step.

        Args:
            baking: time for which the alarms are watched after the move, up to 1 hour. Defaults to
                5 minutes.
            options: members of `BlueGreenOptions`.

        Example:
            ```python
            Rollout.all_at_once(baking=cdk.Duration.minutes(10))
            ```
        """
        return _blue_green("ALL_AT_ONCE", None, baking, options)

    @staticmethod
    def canary(
        *,
        size: CapacitySize,
        wait: cdk.Duration = _DEFAULT_WAIT,
        **options: Unpack[BlueGreenOptions],
    ) -> "Rollout":
        """Moves a small part of the traffic first, and the rest after a time without alarms.

        Args:
            size: size of the first part, at most half of the instances.
            wait: time for which the first part is watched, up to 1 hour. Defaults to 5 minutes.
            options: members of `BlueGreenOptions`.

        Example:
            ```python
            Rollout.canary(size=CapacitySize.instances(1), wait=cdk.Duration.minutes(10))
            ```
        """
        return _blue_green("CANARY", size, wait, options)

    @staticmethod
    def linear(
        *,
        step: CapacitySize,
        wait: cdk.Duration = _DEFAULT_WAIT,
        **options: Unpack[BlueGreenOptions],
    ) -> "Rollout":
        """Moves the traffic in equal steps.

        Args:
            step: size of a step, 10 to 50 % of the instances.
            wait: time for which each step is watched, up to 1 hour. Defaults to 5 minutes.
            options: members of `BlueGreenOptions`.

        Example:
            ```python
            Rollout.linear(step=CapacitySize.percent(25), wait=cdk.Duration.minutes(3))
            ```
        """
        return _blue_green("LINEAR", step, wait, options)

    @staticmethod
    def rolling(
        *,
        batch: CapacitySize,
        wait: cdk.Duration = _DEFAULT_WAIT,
        rollback_batch: CapacitySize | None = None,
        **options: Unpack[RolloutOptions],
    ) -> "Rollout":
        """Replaces instances or copies in batches, without a second fleet.

        Args:
            batch: size of a batch, 5 to 50 % of the instances or copies.
            wait: time for which each batch is watched, up to 1 hour. Defaults to 5 minutes.
            rollback_batch: size of a batch of the rollback. Defaults to None: AWS rolls everything
                back at once.
            options: members of `RolloutOptions`.

        Example:
            ```python
            Rollout.rolling(batch=CapacitySize.percent(50))
            ```
        """
        return Rollout(
            kind="ROLLING",
            size=batch,
            wait=wait,
            rollback_size=rollback_batch,
            maximum_duration=options.get("maximum_duration"),
            rollback=options.get("rollback") or Rollback.on_health(),
        )

    def problems(self, *, instances: int | None, variants: int) -> list[str]:
        """Validates the rollout of an endpoint; returns one message per problem.

        Args:
            instances: number of instances of the smallest variant; None while it is unknown.
            variants: number of variants of the endpoint.
        """
        found = self._step_problems(total=instances, noun="instances")
        return found + self.rollback.problems(variants=variants)

    def component_problems(self, *, copies: int | None) -> list[str]:
        """Validates the rollout of an inference component; returns one message per problem.

        Args:
            copies: number of copies of the component; None while it is unknown.
        """
        found = self._step_problems(total=copies, noun="copies")
        if self.kind != "ROLLING":
            found.append(
                "rollout: got one that starts a second fleet; inference components support only "
                "Rollout.rolling"
            )
        return found + self.rollback.problems(variants=1, has_disk=False)

    def _step_problems(self, *, total: int | None, noun: str) -> list[str]:
        """Validates the steps for a number of instances or copies (None: unknown)."""
        found = []
        for name, duration in (("wait", self.wait), ("termination_wait", self.termination_wait)):
            length = seconds(duration)
            if outside(length, 0, _MAX_WAIT):
                found.append(f"rollout {name}: got {length} seconds; allowed are 0 to {_MAX_WAIT}")
        if self.size is not None:
            name, low, high = _SIZES[self.kind]
            found += self.size.problems(name, low=low, high=high, total=total, noun=noun)
        if self.rollback_size is not None:
            found += self.rollback_size.problems(
                "rolling rollback_batch", low=1, high=100, total=total, noun=noun
            )
        return found + self._duration_problems()

    def _duration_problems(self) -> list[str]:
        longest, waits = seconds(self.maximum_duration), self._seconds_of_waits()
        if outside(longest, _MIN_EXECUTION, _MAX_EXECUTION):
            return [
                f"rollout maximum_duration: got {longest} seconds; allowed are "
                f"{_MIN_EXECUTION} to {_MAX_EXECUTION}"
            ]
        if longest is not None and waits is not None and longest <= waits:
            return [
                f"rollout maximum_duration: got {longest} seconds, but the waits alone take "
                f"{waits}; allowed is more than that"
            ]
        return []

    def _seconds_of_waits(self) -> int | None:
        """Returns the sum of all waits, or None if it depends on the number of instances."""
        wait, termination = seconds(self.wait), seconds(self.termination_wait) or 0
        if wait is None:
            return None
        if self.kind in ("ALL_AT_ONCE", "CANARY"):
            return wait + termination
        if self.size is None or not self.size.is_percentage or self.size.value <= 0:
            return None
        return wait * math.ceil(100 / self.size.value) + termination

    def render(self, alarm_names: list[str]) -> sagemaker.CfnEndpoint.DeploymentConfigProperty:
        """Returns the DeploymentConfig of an endpoint.

        Args:
            alarm_names: names of the alarms that roll back.
        """
        endpoint = sagemaker.CfnEndpoint
        return endpoint.DeploymentConfigProperty(
            auto_rollback_configuration=endpoint.AutoRollbackConfigProperty(
                alarms=[endpoint.AlarmProperty(alarm_name=name) for name in alarm_names]
            )
            if alarm_names
            else None,
            rolling_update_policy=self._rolling() if self.kind == "ROLLING" else None,
            blue_green_update_policy=None if self.kind == "ROLLING" else self._blue_green(),
        )

    def render_component(
        self, alarm_names: list[str]
    ) -> sagemaker.CfnInferenceComponent.InferenceComponentDeploymentConfigProperty:
        """Returns the DeploymentConfig of an inference component.

        Args:
            alarm_names: names of the alarms that roll back.
        """
        component = sagemaker.CfnInferenceComponent
        back = self.rollback_size
        return component.InferenceComponentDeploymentConfigProperty(
            auto_rollback_configuration=component.AutoRollbackConfigurationProperty(
                alarms=[component.AlarmProperty(alarm_name=name) for name in alarm_names]
            )
            if alarm_names
            else None,
            rolling_update_policy=component.InferenceComponentRollingUpdatePolicyProperty(
                maximum_batch_size=self.size.render_copies() if self.size else None,
                rollback_maximum_batch_size=back.render_copies() if back else None,
                wait_interval_in_seconds=self.wait.to_seconds(),
                maximum_execution_timeout_in_seconds=seconds(self.maximum_duration),
            ),
        )

    def _rolling(self) -> sagemaker.CfnEndpoint.RollingUpdatePolicyProperty | None:
        if self.size is None:
            return None
        back = self.rollback_size
        return sagemaker.CfnEndpoint.RollingUpdatePolicyProperty(
            maximum_batch_size=self.size.render(),
            rollback_maximum_batch_size=back.render() if back else None,
            wait_interval_in_seconds=self.wait.to_seconds(),
            maximum_execution_timeout_in_seconds=seconds(self.maximum_duration),
        )

    def _blue_green(self) -> sagemaker.CfnEndpoint.BlueGreenUpdatePolicyProperty:
        endpoint = sagemaker.CfnEndpoint
        size = self.size.render() if self.size else None
        return endpoint.BlueGreenUpdatePolicyProperty(
            traffic_routing_configuration=endpoint.TrafficRoutingConfigProperty(
                type=self.kind,
                wait_interval_in_seconds=self.wait.to_seconds(),
                canary_size=size if self.kind == "CANARY" else None,
                linear_step_size=size if self.kind == "LINEAR" else None,
            ),
            termination_wait_in_seconds=seconds(self.termination_wait),
            maximum_execution_timeout_in_seconds=seconds(self.maximum_duration),
        )


def _blue_green(
    kind: str, size: CapacitySize | None, wait: cdk.Duration, options: BlueGreenOptions
) -> Rollout:
    return Rollout(
        kind=kind,
        size=size,
        wait=wait,
        termination_wait=options.get("termination_wait"),
        maximum_duration=options.get("maximum_duration"),
        rollback=options.get("rollback") or Rollback.on_health(),
    )
