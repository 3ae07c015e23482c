"""How an endpoint, or an inference component, moves from one configuration to the next."""

import math
from dataclasses import dataclass, field
from typing import Unpack

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import outside

from .capacity import Capacity
from .rollback import Rollback
from .rollout_options import BlueGreenOptions, RolloutOptions
from .variant import seconds

_SHORTEST_EXECUTION = 600
_LONGEST_EXECUTION = 28_800
_LONGEST_WAIT = 3600
_DEFAULT_WAIT = cdk.Duration.minutes(5)
# What AWS allows as one part of the capacity, in percent, and what we call that part.
_SIZES = {
    "CANARY": ("canary size", 1, 50),
    "LINEAR": ("linear step", 10, 50),
    "ROLLING": ("rolling batch", 5, 50),
}


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """The deployment guardrails of an endpoint; made by its static factories.

    The options of each are those of `RolloutOptions`, and of `BlueGreenOptions` where a second
    fleet is started.

    Source: "Deployment guardrails" of SageMaker's developer guide; DeploymentConfig of its API.
    """

    kind: str
    size: Capacity | None = None
    wait: cdk.Duration
    rollback_size: Capacity | None = None
    termination_wait: cdk.Duration | None = None
    maximum_duration: cdk.Duration | None = None
    rollback: Rollback = field(default_factory=Rollback.on_health)

    @staticmethod
    def all_at_once(
        *, baking: cdk.Duration = _DEFAULT_WAIT, **options: Unpack[BlueGreenOptions]
    ) -> "Rollout":
        """Starts a new fleet and moves all traffic to it in one step.

        Parameters:
            baking: how long alarms are watched after the move. Left out: 5 minutes.

        Example::

            Rollout.all_at_once(baking=cdk.Duration.minutes(10))
        """
        return _blue_green("ALL_AT_ONCE", None, baking, options)

    @staticmethod
    def canary(
        *,
        size: Capacity,
        wait: cdk.Duration = _DEFAULT_WAIT,
        **options: Unpack[BlueGreenOptions],
    ) -> "Rollout":
        """Moves a small part of the traffic first, and the rest after a time without alarms.

        Parameters:
            size: first part, at most half of the instances.
            wait: how long it is watched. Left out: 5 minutes.

        Example::

            Rollout.canary(size=Capacity.instances(1), wait=cdk.Duration.minutes(10))
        """
        return _blue_green("CANARY", size, wait, options)

    @staticmethod
    def linear(
        *,
        step: Capacity,
        wait: cdk.Duration = _DEFAULT_WAIT,
        **options: Unpack[BlueGreenOptions],
    ) -> "Rollout":
        """Moves the traffic in equal steps.

        Parameters:
            step: size of a step, 10 to 50 % of the instances.
            wait: how long each step is watched. Left out: 5 minutes.

        Example::

            Rollout.linear(step=Capacity.percent(25), wait=cdk.Duration.minutes(3))
        """
        return _blue_green("LINEAR", step, wait, options)

    @staticmethod
    def rolling(
        *,
        batch: Capacity,
        wait: cdk.Duration = _DEFAULT_WAIT,
        rollback_batch: Capacity | None = None,
        **options: Unpack[RolloutOptions],
    ) -> "Rollout":
        """Replaces instances, or copies, in batches, without a second fleet beside the first.

        Parameters:
            batch: instances or copies replaced at a time, 5 to 50 % of them.
            wait: how long each batch is watched. Left out: 5 minutes.
            rollback_batch: how much is turned back at a time. Left out: everything.

        Example::

            Rollout.rolling(batch=Capacity.percent(50))
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
        """What AWS would refuse.

        Parameters:
            instances: how many the smallest variant has; None where it is not known yet.
            variants: how many variants the endpoint has.
        """
        found = self._size_problems(total=instances, noun="instances")
        return found + self.rollback.problems(variants=variants)

    def component_problems(self, *, copies: int | None) -> list[str]:
        """What AWS would refuse for an inference component of so many copies."""
        found = self._size_problems(total=copies, noun="copies")
        if self.kind != "ROLLING":
            found.append(
                "rollout: got one that starts a second fleet; inference components know only "
                "Rollout.rolling"
            )
        return found + self.rollback.problems(variants=1, has_disk=False)

    def _size_problems(self, *, total: int | None, noun: str) -> list[str]:
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
            ),
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
            ),
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
    kind: str, size: Capacity | None, wait: cdk.Duration, options: BlueGreenOptions
) -> Rollout:
    return Rollout(
        kind=kind,
        size=size,
        wait=wait,
        termination_wait=options.get("termination_wait"),
        maximum_duration=options.get("maximum_duration"),
        rollback=options.get("rollback") or Rollback.on_health(),
    )
