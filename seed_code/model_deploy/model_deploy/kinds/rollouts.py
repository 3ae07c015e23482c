"""Rollouts from their settings."""

import aws_cdk as cdk
from mlops_constructs.hosting import CapacitySize, Rollback, Rollout

from model_deploy import settings


def rollout_of(rollout: settings.Rollout | None) -> Rollout | None:
    """Returns the rollout of an endpoint or component; None without settings."""
    if rollout is None:
        return None
    wait = cdk.Duration.minutes(rollout.wait_minutes)
    termination_wait = _minutes(rollout.termination_wait_minutes)
    maximum = _minutes(rollout.maximum_minutes)
    rollback = _rollback(rollout.rollback)
    if rollout.instances is not None:
        size = CapacitySize.instances(rollout.instances)
    else:
        size = CapacitySize.percent(rollout.percent or 0)
    match rollout.strategy:
        case "all-at-once":
            return Rollout.all_at_once(
                baking=wait,
                termination_wait=termination_wait,
                maximum_duration=maximum,
                rollback=rollback,
            )
        case "canary":
            return Rollout.canary(
                size=size,
                wait=wait,
                termination_wait=termination_wait,
                maximum_duration=maximum,
                rollback=rollback,
            )
        case "linear":
            return Rollout.linear(
                step=size,
                wait=wait,
                termination_wait=termination_wait,
                maximum_duration=maximum,
                rollback=rollback,
            )
        case "rolling":
            return Rollout.rolling(
                batch=size, wait=wait, maximum_duration=maximum, rollback=rollback
            )


def _rollback(rollback: settings.Rollback) -> Rollback:
    if not rollback.enabled:
        return Rollback.off()
    latency = rollback.latency_milliseconds
    return Rollback.on_errors(
        share=rollback.error_percentage / 100,
        maximum_latency=None if latency is None else cdk.Duration.millis(latency),
    )


def _minutes(minutes: int | None) -> cdk.Duration | None:
    return None if minutes is None else cdk.Duration.minutes(minutes)
