"""The steps of a rollout: their sizes and waits, AWS's limits of both, and what AWS is told."""

import math
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import outside
from mlops_constructs.hosting.variant.variant import seconds

from .capacity_size import Capacity

_SHORTEST_EXECUTION = 600
_LONGEST_EXECUTION = 28_800
_LONGEST_WAIT = 3600
# What AWS allows as one part of the capacity, in percent, and what we call that part.
_SIZES = {
    "CANARY": ("canary size", 1, 50),
    "LINEAR": ("linear step", 10, 50),
    "ROLLING": ("rolling batch", 5, 50),
}


@dataclass(frozen=True, kw_only=True)
class RolloutSteps:
    """How much is replaced at a time, and how long each part is watched."""

    kind: str
    size: Capacity | None = None
    wait: cdk.Duration
    rollback_size: Capacity | None = None
    termination_wait: cdk.Duration | None = None
    maximum_duration: cdk.Duration | None = None

    def _step_problems(self, *, total: int | None, noun: str) -> list[str]:
        """What AWS would refuse for so many instances or copies (None: unknown)."""
        found = []
        for name, duration in (("wait", self.wait), ("termination_wait", self.termination_wait)):
            length = seconds(duration)
            if outside(length, 0, _LONGEST_WAIT):
                found.append(
                    f"rollout {name}: got {length} seconds; allowed are 0 to {_LONGEST_WAIT}"
                )
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
        if outside(longest, _SHORTEST_EXECUTION, _LONGEST_EXECUTION):
            return [
                f"rollout maximum_duration: got {longest} seconds; allowed are "
                f"{_SHORTEST_EXECUTION} to {_LONGEST_EXECUTION}"
            ]
        if longest is not None and waits is not None and longest <= waits:
            return [
                f"rollout maximum_duration: got {longest} seconds, but the waits alone take "
                f"{waits}; allowed is more than that"
            ]
        return []

    def _seconds_of_waits(self) -> int | None:
        """How long the rollout only waits; None where that depends on the number of instances."""
        wait, termination = seconds(self.wait), seconds(self.termination_wait) or 0
        if wait is None:
            return None
        if self.kind in ("ALL_AT_ONCE", "CANARY"):
            return wait + termination
        if self.size is None or not self.size.is_percentage or self.size.value <= 0:
            return None
        return wait * math.ceil(100 / self.size.value) + termination

    def render(self, alarm_names: list[str]) -> sagemaker.CfnEndpoint.DeploymentConfigProperty:
        """The DeploymentConfig of an endpoint."""
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
        """The DeploymentConfig of an inference component."""
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
