"""How an endpoint, or an inference component, moves from one configuration to the next."""

from dataclasses import dataclass, field
from typing import Unpack

import aws_cdk as cdk

from ._rollout_steps import RolloutSteps
from .capacity_size import Capacity
from .rollback import Rollback
from .rollout_options import BlueGreenOptions, RolloutOptions

_DEFAULT_WAIT = cdk.Duration.minutes(5)


@dataclass(frozen=True, kw_only=True)
class Rollout(RolloutSteps):
    """The deployment guardrails of an endpoint; made by its static factories.

    The options of each are those of `RolloutOptions`, and of `BlueGreenOptions` where a second
    fleet is started.

    Source: "Deployment guardrails" of SageMaker's developer guide; DeploymentConfig of its API.
    """

    rollback: Rollback = field(default_factory=Rollback.on_health)

    @staticmethod
    def all_at_once(
        *, baking: cdk.Duration = _DEFAULT_WAIT, **options: Unpack[BlueGreenOptions]
    ) -> "Rollout":
        """Starts a new fleet and moves all traffic to it in one step.

        Args:
            baking: how long alarms are watched after the move. Left out: 5 minutes.

        Example:
            ```python
            Rollout.all_at_once(baking=cdk.Duration.minutes(10))
            ```
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

        Args:
            size: first part, at most half of the instances.
            wait: how long it is watched. Left out: 5 minutes.

        Example:
            ```python
            Rollout.canary(size=Capacity.instances(1), wait=cdk.Duration.minutes(10))
            ```
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

        Args:
            step: size of a step, 10 to 50 % of the instances.
            wait: how long each step is watched. Left out: 5 minutes.

        Example:
            ```python
            Rollout.linear(step=Capacity.percent(25), wait=cdk.Duration.minutes(3))
            ```
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

        Args:
            batch: instances or copies replaced at a time, 5 to 50 % of them.
            wait: how long each batch is watched. Left out: 5 minutes.
            rollback_batch: how much is turned back at a time. Left out: everything.

        Example:
            ```python
            Rollout.rolling(batch=Capacity.percent(50))
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
        """What AWS would refuse.

        Args:
            instances: how many the smallest variant has; None where it is not known yet.
            variants: how many variants the endpoint has.
        """
        found = self._step_problems(total=instances, noun="instances")
        return found + self.rollback.problems(variants=variants)

    def component_problems(self, *, copies: int | None) -> list[str]:
        """What AWS would refuse for an inference component of so many copies."""
        found = self._step_problems(total=copies, noun="copies")
        if self.kind != "ROLLING":
            found.append(
                "rollout: got one that starts a second fleet; inference components know only "
                "Rollout.rolling"
            )
        return found + self.rollback.problems(variants=1, has_disk=False)


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
