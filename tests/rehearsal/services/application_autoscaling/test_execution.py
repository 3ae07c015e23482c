"""The execution of policies whose alarms are in ALARM."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rehearsal.services.application_autoscaling import ApplicationAutoScaling
from tests.rehearsal.fakes import SCOPE
from tests.rehearsal.services.application_autoscaling.conftest import (
    COMPONENT,
    VARIANT,
    WAKE_UP,
    FakeAlarms,
    FakeSageMaker,
    track,
)

Settled = Callable[[], list[dict[str, Any]]]


def test_an_alarm_scales_out_to_where_the_metric_meets_its_target(
    scaling: Any,
    target: dict[str, str],
    alarms: FakeAlarms,
    sagemaker: FakeSageMaker,
    settled: Settled,
    service: ApplicationAutoScaling,
) -> None:
    arn = track(scaling)["PolicyARN"]
    name = alarms.ring("AlarmHigh", 120.0, 240.0)

    service.execute_policy(arn, name, SCOPE)

    (activity,) = settled()
    assert sagemaker.instances == 3
    assert activity["Description"] == "Setting desired instance count to 3."
    assert activity["Cause"] == f"monitor alarm {name} in state ALARM triggered policy invocations"
    assert activity["StatusMessage"] == (
        "Successfully set desired instance count to 3. Change successfully fulfilled by sagemaker."
    )


def test_an_alarm_reports_its_datapoints(
    scaling: Any,
    target: dict[str, str],
    alarms: FakeAlarms,
    sagemaker: FakeSageMaker,
    settled: Settled,
    service: ApplicationAutoScaling,
) -> None:
    track(scaling)
    name = alarms.ring("AlarmHigh", 1.0)
    alarms.alarms[name]["StateReasonData"] = json.dumps({"recentDatapoints": [110.0, 190.0]})

    service.execute_alarms()

    settled()
    assert sagemaker.instances == 2


def test_a_cooldown_holds_the_next_change_back(
    scaling: Any,
    target: dict[str, str],
    alarms: FakeAlarms,
    sagemaker: FakeSageMaker,
    settled: Settled,
    service: ApplicationAutoScaling,
) -> None:
    track(scaling)
    alarms.ring("AlarmHigh", 200.0)
    service.execute_alarms()
    settled()

    service.execute_alarms()

    assert len(settled()) == 1
    assert sagemaker.instances == 2
    track(scaling, ScaleOutCooldown=0)
    alarms.ring("AlarmHigh", 200.0)
    service.execute_alarms()
    settled()
    assert sagemaker.instances == 4


def test_capacity_goes_only_when_all_tracking_policies_agree(
    scaling: Any,
    target: dict[str, str],
    alarms: FakeAlarms,
    sagemaker: FakeSageMaker,
    settled: Settled,
    service: ApplicationAutoScaling,
) -> None:
    sagemaker.instances = 4
    track(scaling, ScaleInCooldown=0)
    custom = {"MetricName": "CPU", "Namespace": "Churn", "Statistic": "Average"}
    scaling.put_scaling_policy(
        **VARIANT,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 50.0,
            "CustomizedMetricSpecification": custom,
        },
    )
    alarms.ring("AlarmLow", 20.0, 30.0)
    service.execute_alarms()
    assert settled() == []

    for name in [name for name in alarms.alarms if "AlarmLow" in name]:
        alarms.alarms[name]["StateValue"] = "ALARM"
    service.execute_alarms()

    settled()
    assert sagemaker.instances == 2


def test_a_step_policy_wakes_a_component_up(
    scaling: Any,
    alarms: FakeAlarms,
    sagemaker: FakeSageMaker,
    settled: Settled,
    service: ApplicationAutoScaling,
) -> None:
    sagemaker.copies = 0
    scaling.register_scalable_target(**COMPONENT, MinCapacity=0, MaxCapacity=2)
    arn = scaling.put_scaling_policy(
        **COMPONENT,
        PolicyName="wake-up",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration=WAKE_UP,
    )["PolicyARN"]
    alarms.put_metric_alarm(
        AlarmName="no-capacity",
        Namespace="AWS/SageMaker",
        MetricName="NoCapacityInvocationFailures",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        AlarmActions=[arn],
    )
    alarms.ring("no-capacity", 1.0)

    service.execute_alarms()

    (activity,) = settled()
    (described,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")[
        "ScalingPolicies"
    ]
    assert [alarm["AlarmName"] for alarm in described["Alarms"]] == ["no-capacity"]
    assert sagemaker.copies == 1
    assert activity["Description"] == "Setting desired copy count to 1."


def test_suspended_scaling_changes_nothing(
    scaling: Any,
    target: dict[str, str],
    alarms: FakeAlarms,
    sagemaker: FakeSageMaker,
    settled: Settled,
    service: ApplicationAutoScaling,
) -> None:
    scaling.register_scalable_target(**VARIANT, SuspendedState={"DynamicScalingOutSuspended": True})
    track(scaling)
    alarms.ring("AlarmHigh", 200.0)

    service.execute_alarms()

    assert settled() == []
    assert sagemaker.instances == 1
