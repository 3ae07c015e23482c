from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.application_autoscaling import ApplicationAutoScaling
from rehearsal.aws.application_autoscaling.adjustments import check_steps, stepped, tracked
from rehearsal.aws.platform import AwsError
from tests.rehearsal.aws.application_autoscaling.conftest import (
    COMPONENT,
    VARIANT,
    FakeAlarms,
    FakeSageMaker,
)
from tests.rehearsal.fakes import SCOPE

Settled = Callable[[], list[dict[str, Any]]]

TRACKING = {
    "TargetValue": 100.0,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    },
}
WAKE_UP = {
    "AdjustmentType": "ChangeInCapacity",
    "MetricAggregationType": "Maximum",
    "Cooldown": 60,
    "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
}


@pytest.fixture
def target(scaling: Any) -> dict[str, str]:
    scaling.register_scalable_target(**VARIANT, MinCapacity=0, MaxCapacity=4)
    return VARIANT


def track(scaling: Any, **changes: Any) -> Any:
    return scaling.put_scaling_policy(
        **VARIANT,
        PolicyName="invocations",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={**TRACKING, **changes},
    )


def test_target_tracking_makes_its_alarms(
    scaling: Any, target: dict[str, str], alarms: FakeAlarms
) -> None:
    answer = track(scaling)

    high, low = alarms.alarms.values()
    assert high["AlarmName"].startswith(
        "TargetTracking-endpoint/live/variant/AllTraffic-AlarmHigh-"
    )
    assert low["AlarmName"].startswith("TargetTracking-endpoint/live/variant/AllTraffic-AlarmLow-")
    assert [alarm["AlarmName"] for alarm in answer["Alarms"]] == list(alarms.alarms)
    assert answer["Alarms"][0]["AlarmARN"] == SCOPE.arn("cloudwatch", f"alarm:{high['AlarmName']}")
    assert high["AlarmActions"] == [answer["PolicyARN"]]
    assert (high["ComparisonOperator"], high["Threshold"]) == ("GreaterThanThreshold", 100.0)
    assert (low["ComparisonOperator"], low["Threshold"]) == ("LessThanThreshold", 90.0)
    assert (high["EvaluationPeriods"], low["EvaluationPeriods"]) == (3, 15)
    assert high["MetricName"] == "InvocationsPerInstance"
    assert high["Dimensions"] == [
        {"Name": "EndpointName", "Value": "live"},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ]
    (described,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")[
        "ScalingPolicies"
    ]
    assert described["Alarms"] == answer["Alarms"]


def test_a_changed_policy_keeps_its_arn_and_changes_its_alarms(
    scaling: Any, target: dict[str, str], alarms: FakeAlarms
) -> None:
    first = track(scaling)

    second = track(scaling, TargetValue=50.0, DisableScaleIn=True)

    (high,) = alarms.alarms.values()
    assert second["PolicyARN"] == first["PolicyARN"]
    assert high["Threshold"] == 50.0


def test_the_alarms_go_with_their_policy_and_the_policy_with_its_target(
    scaling: Any, target: dict[str, str], alarms: FakeAlarms
) -> None:
    track(scaling)
    scaling.delete_scaling_policy(**VARIANT, PolicyName="invocations")
    assert alarms.alarms == {}
    track(scaling)

    scaling.deregister_scalable_target(**VARIANT)

    assert alarms.alarms == {}
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")
    assert policies["ScalingPolicies"] == []


def test_a_metric_with_math_is_watched_each_minute(
    scaling: Any, target: dict[str, str], alarms: FakeAlarms
) -> None:
    stat = {"Metric": {"Namespace": "Churn", "MetricName": "Queue"}, "Stat": "Average"}
    metrics = [
        {"Id": "q", "MetricStat": stat, "ReturnData": False},
        {"Id": "each", "Expression": "q / 2", "ReturnData": True},
    ]

    scaling.put_scaling_policy(
        **VARIANT,
        PolicyName="queue",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 5.0,
            "CustomizedMetricSpecification": {"Metrics": metrics},
        },
    )

    high = next(iter(alarms.alarms.values()))
    assert high["Metrics"][0]["MetricStat"] == {**stat, "Period": 60}
    assert high["Metrics"][1]["Expression"] == "q / 2"


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


def test_an_alarm_tells_on_which_data_it_went_off(
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


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"PolicyType": "StepScaling"},
            "A policy of type StepScaling needs StepScalingPolicyConfiguration",
        ),
        (
            {
                "PolicyType": "StepScaling",
                "StepScalingPolicyConfiguration": WAKE_UP,
                "TargetTrackingScalingPolicyConfiguration": TRACKING,
            },
            "cannot have TargetTrackingScalingPolicyConfiguration",
        ),
        (
            {"StepScalingPolicyConfiguration": {"AdjustmentType": "ExactCapacity"}},
            "needs AdjustmentType and StepAdjustments",
        ),
        (
            {
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0},
            },
            "needs exactly one of PredefinedMetricSpecification and Customized",
        ),
        (
            {
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 1.0,
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": "SageMakerInferenceComponentInvocationsPerCopy"
                    },
                },
            },
            "is not a predefined metric of scalable dimension sagemaker:variant",
        ),
        (
            {"PolicyType": "PredictiveScaling", "PredictiveScalingPolicyConfiguration": {}},
            "Predictive scaling does not support",
        ),
    ],
)
def test_a_wrong_policy_is_refused(
    scaling: Any, target: dict[str, str], request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        scaling.put_scaling_policy(**VARIANT, PolicyName="p", **request_)


STEPS = {
    "AdjustmentType": "PercentChangeInCapacity",
    "MinAdjustmentMagnitude": 2,
    "StepAdjustments": [
        {"MetricIntervalUpperBound": -10, "ScalingAdjustment": -50},
        {"MetricIntervalLowerBound": -10, "MetricIntervalUpperBound": 0, "ScalingAdjustment": -10},
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 10},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 60},
    ],
}


@pytest.mark.parametrize(
    ("current", "breach", "capacity"),
    [(10, 5, 12), (10, 10, 16), (10, 25, 16), (10, -5, 8), (10, -10, 5), (10, -11, 5), (1, -20, 0)],
)
def test_steps_follow_the_size_of_the_breach(current: int, breach: float, capacity: int) -> None:
    assert stepped(STEPS, current, breach) == capacity


def test_at_the_threshold_a_step_below_it_counts() -> None:
    step = {"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}
    config = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [step]}

    assert stepped(config, 3, 0) == 2


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ([(0, 10), (20, None)], "cannot overlap or have a gap"),
        ([(0, 10), (5, None)], "cannot overlap or have a gap"),
        ([(None, None)], "cannot both be left out"),
        ([(10, 0)], "lower bounds must be less than upper bounds"),
        ([(0, 10)], "above the threshold one step needs no upper bound"),
        ([(-10, 0)], "below the threshold one step needs no lower bound"),
    ],
)
def test_ranges_of_steps_that_aws_refuses(
    bounds: list[tuple[int | None, int | None]], message: str
) -> None:
    names = ("MetricIntervalLowerBound", "MetricIntervalUpperBound")
    steps = [
        {name: value for name, value in zip(names, pair, strict=True) if value is not None}
        for pair in bounds
    ]

    with pytest.raises(AwsError, match=message):
        check_steps({"StepAdjustments": steps})


def test_an_exact_step_and_none() -> None:
    step = {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 3}
    config = {"AdjustmentType": "ExactCapacity", "StepAdjustments": [step]}

    assert stepped(config, 7, 0) == 3
    assert stepped(config, 7, -1) == 7


@pytest.mark.parametrize(
    ("current", "metric", "capacity"), [(2, 150, 3), (3, 100, 3), (3, 10, 1), (0, 250, 3)]
)
def test_tracking_aims_at_the_target(current: int, metric: float, capacity: int) -> None:
    assert tracked(100.0, current, metric) == capacity
