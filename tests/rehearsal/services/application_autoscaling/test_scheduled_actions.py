from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.application_autoscaling import ApplicationAutoScaling
from tests.rehearsal.services.application_autoscaling.conftest import VARIANT, FakeSageMaker

Settled = Callable[[], list[dict[str, Any]]]

NOW = datetime.datetime.now(datetime.UTC)
TOMORROW = NOW + datetime.timedelta(days=1)


@pytest.fixture
def target(scaling: Any) -> dict[str, str]:
    scaling.register_scalable_target(**VARIANT, MinCapacity=1, MaxCapacity=2)
    return VARIANT


def morning(scaling: Any, **changes: Any) -> None:
    given = {
        **VARIANT,
        "ScheduledActionName": "morning",
        "Schedule": "rate(1 hour)",
        "ScalableTargetAction": {"MinCapacity": 4, "MaxCapacity": 10},
        **changes,
    }
    scaling.put_scheduled_action(**{k: v for k, v in given.items() if v is not None})


def test_a_scheduled_action_changes_bounds_and_capacity(
    scaling: Any,
    target: dict[str, str],
    sagemaker: FakeSageMaker,
    service: ApplicationAutoScaling,
    settled: Settled,
) -> None:
    morning(scaling)
    service.run_due(NOW)
    assert settled() == []

    service.run_due(TOMORROW)

    raised, set_ = settled()
    (described,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")[
        "ScalableTargets"
    ]
    assert (described["MinCapacity"], described["MaxCapacity"]) == (4, 10)
    assert sagemaker.instances == 4
    assert set_["Description"] == "Setting min capacity to 4 and max capacity to 10"
    assert set_["Cause"] == "scheduled action name morning was triggered"
    assert raised["Cause"] == "minimum capacity was set to 4"


def test_an_action_is_described_and_deleted(scaling: Any, target: dict[str, str]) -> None:
    morning(scaling, Schedule="cron(30 7 ? * MON-FRI *)", Timezone="Europe/Berlin")

    (described,) = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")[
        "ScheduledActions"
    ]
    scaling.delete_scheduled_action(**VARIANT, ScheduledActionName="morning")

    assert described["Timezone"] == "Europe/Berlin"
    assert ":scheduledActionName/morning" in described["ScheduledActionARN"]
    answer = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")
    assert answer["ScheduledActions"] == []


def test_an_action_keeps_to_its_time(
    scaling: Any, target: dict[str, str], service: ApplicationAutoScaling, settled: Settled
) -> None:
    morning(scaling, StartTime=TOMORROW + datetime.timedelta(days=1))
    service.run_due(TOMORROW)
    assert settled() == []
    morning(scaling, StartTime=NOW, EndTime=NOW + datetime.timedelta(seconds=1))
    service.run_due(TOMORROW)
    assert settled() == []


def test_suspended_schedules_do_nothing(
    scaling: Any, target: dict[str, str], service: ApplicationAutoScaling, settled: Settled
) -> None:
    scaling.register_scalable_target(**VARIANT, SuspendedState={"ScheduledScalingSuspended": True})
    morning(scaling)

    service.run_due(TOMORROW)

    assert settled() == []


def test_actions_go_with_their_target(scaling: Any, target: dict[str, str]) -> None:
    morning(scaling)

    scaling.deregister_scalable_target(**VARIANT)

    answer = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")
    assert answer["ScheduledActions"] == []
    with pytest.raises(ClientError, match="No scalable target registered"):
        morning(scaling)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Schedule": None}, "Schedule must be set"),
        ({"Schedule": "every morning"}, "Invalid Schedule Expression every morning"),
        ({"Timezone": "Mars/Base"}, "Mars/Base"),
        ({"ScalableTargetAction": None}, "ScalableTargetAction must be set"),
        (
            {"ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 2}},
            r"MinCapacity must be less than or equal to MaxCapacity \(2\); got 3",
        ),
    ],
)
def test_a_wrong_action_is_rejected(
    scaling: Any, target: dict[str, str], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        morning(scaling, **changes)
