"""Scaling policies, and the alarms that they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import SCOPE
from tests.rehearsal.services.application_autoscaling.conftest import (
    TRACKING,
    VARIANT,
    WAKE_UP,
    FakeAlarms,
    track,
)

Settled = Callable[[], list[dict[str, Any]]]


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
            "Exactly one of PredefinedMetricSpecification, Customized",
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
            {
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 0.7,
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
                    },
                },
            },
            "is not a predefined metric of scalable dimension sagemaker:variant:DesiredInstance",
        ),
        (
            {"PolicyType": "PredictiveScaling", "PredictiveScalingPolicyConfiguration": {}},
            "Predictive scaling does not support",
        ),
    ],
)
def test_a_wrong_policy_is_rejected(
    scaling: Any, target: dict[str, str], request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        scaling.put_scaling_policy(**VARIANT, PolicyName="p", **request_)
