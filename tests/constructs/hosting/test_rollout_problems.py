"""Validation of rollouts at synthesis."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from mlops_constructs.hosting import (
    CapacitySize,
    Model,
    RealTimeVariant,
    Rollback,
    Rollout,
)

Rejection = Callable[..., str]


def real_time(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        (
            Rollout.canary(size=CapacitySize.percent(51)),
            "canary size: got 51 %; allowed are 1 to 50 %",
        ),
        (Rollout.canary(size=CapacitySize.instances(0)), "canary size: got 0 instances"),
        (Rollout.canary(size=CapacitySize.instances(3)), "canary size: got 3 of 4 instances"),
        (
            Rollout.linear(step=CapacitySize.percent(9)),
            "linear step: got 9 %; allowed are 10 to 50 %",
        ),
        (
            Rollout.rolling(batch=CapacitySize.percent(4)),
            "rolling batch: got 4 %; allowed are 5 to 50",
        ),
        (Rollout.linear(step=CapacitySize.instances(3)), "linear step: got 3 of 4 instances"),
        (
            Rollout.all_at_once(baking=cdk.Duration.minutes(61)),
            "rollout wait: got 3660 seconds; allowed are 0 to 3600",
        ),
        (
            Rollout.all_at_once(termination_wait=cdk.Duration.hours(2)),
            "rollout termination_wait: got 7200 seconds",
        ),
        (
            Rollout.all_at_once(maximum_duration=cdk.Duration.minutes(9)),
            "rollout maximum_duration: got 540 seconds; allowed are 600 to 28800",
        ),
        (
            Rollout.linear(
                step=CapacitySize.percent(10),
                wait=cdk.Duration.minutes(10),
                maximum_duration=cdk.Duration.minutes(90),
            ),
            "got 5400 seconds, but the waits alone take 6000",
        ),
        (Rollout.all_at_once(rollback=Rollback.on_alarms()), "rollback alarms: got 0"),
        (
            Rollout.all_at_once(rollback=Rollback.on_errors(share=1)),
            "rollback share: got 1; allowed is a share of the invocations",
        ),
    ],
)
def test_a_rollout_that_aws_rejects(
    rejection: Rejection, model: Model, rollout: Rollout, expected: str
) -> None:
    assert expected in rejection(real_time(model, initial_instance_count=4), rollout=rollout)


@pytest.mark.parametrize(
    ("rollout", "least"),
    [
        (Rollout.linear(step=CapacitySize.instances(2)), "linear step: got 2 of 30 instances"),
        (Rollout.rolling(batch=CapacitySize.instances(1)), "rolling batch: got 1 of 30 instances"),
    ],
)
def test_steps_of_a_large_variant_can_be_too_small(
    rejection: Rejection, model: Model, rollout: Rollout, least: str
) -> None:
    assert least in rejection(real_time(model, initial_instance_count=30), rollout=rollout)


def test_a_rolling_update_knows_one_variant(rejection: Rejection, model: Model) -> None:
    message = rejection(
        real_time(model, name="a"),
        real_time(model, name="b"),
        rollout=Rollout.rolling(batch=CapacitySize.percent(50)),
    )

    assert "rollout: got rolling for 2 variants; allowed is one variant" in message


def test_inferentia_1_would_ignore_a_rollout(rejection: Rejection, model: Model) -> None:
    message = rejection(
        real_time(model, instance_type="ml.inf1.xlarge"), rollout=Rollout.all_at_once()
    )

    assert "AWS ignores guardrails on Inf1" in message


def test_more_alarms_than_aws_takes_are_rejected(rejection: Rejection, model: Model) -> None:
    latency = Rollback.on_errors(maximum_latency=cdk.Duration.millis(100))
    variants = [real_time(model, name=f"v{number}") for number in range(6)]

    message = rejection(*variants, rollout=Rollout.all_at_once(rollback=latency))

    assert "rollback: got 12 alarms for 6 variants; allowed are at most 10" in message


def test_alarms_need_an_endpoint_with_a_name(rejection: Rejection, model: Model) -> None:
    message = rejection(real_time(model), endpoint_name=None, rollout=Rollout.all_at_once())

    assert "require endpoint_name" in message
