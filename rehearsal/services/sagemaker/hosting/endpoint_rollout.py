"""Rollouts of endpoints and inference components: the stages of a DeploymentConfig.

See "Deployment guardrails for updating models in production" in the SageMaker developer guide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.platform import AwsError


class RolledBackError(Exception):
    """An update must be rolled back; the text is its FailureReason."""


@dataclass(frozen=True)
class Stage:
    """A share (0..1) of traffic on the new fleet, and the seconds until the next stage."""

    share: float
    wait_seconds: int


@dataclass(frozen=True)
class Rollout:
    """The stages of an update and the alarms that roll it back."""

    stages: Sequence[Stage]
    alarms: Sequence[str] = ()


def check_rolling(config: Mapping[str, Any] | None, variants: Sequence[Mapping[str, Any]]) -> None:
    """Checks that a rolling deployment has one production variant, which is not serverless.

    See "Deployment guardrails", exclusions.

    Args:
        config: DeploymentConfig, if there is one.
        variants: the production variants of the new configuration.

    Raises:
        AwsError: ValidationException.
    """
    if not config or not config.get("RollingUpdatePolicy"):
        return
    if len(variants) > 1 or any("ServerlessConfig" in variant for variant in variants):
        message = (
            "RollingUpdatePolicy is not supported for serverless endpoints and for endpoints with "
            "several production variants: use BlueGreenUpdatePolicy."
        )
        raise AwsError("ValidationException", message)


def rollout(config: Mapping[str, Any] | None, instances: int) -> Rollout:
    """Returns the rollout of a DeploymentConfig; all at once without one.

    Args:
        config: DeploymentConfig of UpdateEndpoint.
        instances: instances of the new fleet, to which sizes in instances relate.
    """
    if not config:
        return Rollout(stages=[Stage(1.0, 0)])
    alarms = _alarms(config)
    if config.get("RollingUpdatePolicy"):
        policy = config["RollingUpdatePolicy"]
        step = _share(policy["MaximumBatchSize"], instances)
        return Rollout(_even(step, policy["WaitIntervalInSeconds"]), alarms)
    if not config.get("BlueGreenUpdatePolicy"):
        message = "DeploymentConfig needs BlueGreenUpdatePolicy or RollingUpdatePolicy."
        raise AwsError("ValidationException", message)
    policy = config["BlueGreenUpdatePolicy"]
    bake = policy.get("TerminationWaitInSeconds", 0)
    stages = _blue_green(policy["TrafficRoutingConfiguration"], bake, instances)
    limit = policy.get("MaximumExecutionTimeoutInSeconds")
    waits = sum(stage.wait_seconds for stage in stages)
    if limit is not None and limit <= waits:
        message = (
            f"MaximumExecutionTimeoutInSeconds ({limit}) must be larger than the total waiting "
            f"time of the deployment ({waits} seconds)."
        )
        raise AwsError("ValidationException", message)
    return Rollout(stages, alarms)


def component_rollout(config: Mapping[str, Any] | None, copies: int) -> Rollout:
    """Returns the rollout of an inference component, which is in batches of copies."""
    if not config:
        return Rollout(stages=[Stage(1.0, 0)])
    policy = config["RollingUpdatePolicy"]
    step = _share(policy["MaximumBatchSize"], copies)
    return Rollout(_even(step, policy["WaitIntervalInSeconds"]), _alarms(config))


def _alarms(config: Mapping[str, Any]) -> list[str]:
    alarms = config.get("AutoRollbackConfiguration", {}).get("Alarms", ())
    return [alarm["AlarmName"] for alarm in alarms]


def _blue_green(routing: Mapping[str, Any], bake: int, instances: int) -> list[Stage]:
    kind, wait = routing["Type"], routing["WaitIntervalInSeconds"]
    if kind == "ALL_AT_ONCE":
        return [Stage(1.0, bake)]
    size_name = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}[kind]
    if size_name not in routing:
        message = f"TrafficRoutingConfiguration of type {kind} needs {size_name}."
        raise AwsError("ValidationException", message)
    share = _share(routing[size_name], instances)
    if kind == "CANARY":
        return [Stage(share, wait), Stage(1.0, bake)]
    stages = _even(share, wait)
    return [*stages[:-1], Stage(1.0, bake)]


def _even(step: float, wait: int) -> list[Stage]:
    stages = []
    share = step
    while share < 1.0 - 1e-9:
        stages.append(Stage(share, wait))
        share += step
    return [*stages, Stage(1.0, wait)]


def _share(size: Mapping[str, Any], instances: int) -> float:
    value = float(size["Value"])
    whole = 100.0 if size["Type"] == "CAPACITY_PERCENT" else float(max(instances, 1))
    return min(max(value / whole, 0.01), 1.0)
