"""Alarms that a rollout makes by itself: errors, latency, memory and disks."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from cdk_nag import HIPAASecurityChecks

from mlops_constructs.hosting import (
    CapacitySize,
    Endpoint,
    Model,
    RealTimeVariant,
    Rollback,
    Rollout,
)

Resources = Callable[[str], list[dict[str, Any]]]
Rejection = Callable[..., str]


def variant(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


def test_a_rollout_is_turned_back_by_default_when_anything_is_unhealthy(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(
        stack, "E", endpoint_name="churn", variants=[variant(model)], rollout=Rollout.all_at_once()
    )

    watched = {
        alarm["MetricName"]: (alarm["Namespace"], alarm["Statistic"], alarm["Threshold"])
        for alarm in resources("AWS::CloudWatch::Alarm")
    }
    assert watched == {
        "Invocation5XXErrors": ("AWS/SageMaker", "Average", 0.05),
        "Invocation4XXErrors": ("AWS/SageMaker", "Average", 0.25),
        "MemoryUtilization": ("/aws/sagemaker/Endpoints", "Maximum", 95),
        "DiskUtilization": ("/aws/sagemaker/Endpoints", "Maximum", 90),
    }
    rendered = resources("AWS::SageMaker::Endpoint")[0]["DeploymentConfig"]
    assert len(rendered["AutoRollbackConfiguration"]["Alarms"]) == 4


def test_latency_is_watched_where_its_bound_is_known(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    rollback = Rollback.on_health(maximum_latency=cdk.Duration.millis(300))

    Endpoint(
        stack,
        "E",
        endpoint_name="churn",
        variants=[variant(model, name="a"), variant(model, name="b")],
        rollout=Rollout.all_at_once(rollback=rollback),
    )

    alarms = resources("AWS::CloudWatch::Alarm")
    latency = [alarm for alarm in alarms if alarm["MetricName"] == "ModelLatency"]
    assert len(alarms) == 10
    assert [alarm["ExtendedStatistic"] for alarm in latency] == ["p99", "p99"]
    assert latency[0]["Threshold"] == 300_000  # microseconds


def test_a_topic_is_told_of_each_alarm(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    topic = sns.Topic(stack, "Topic")
    rollback = Rollback.on_errors(maximum_latency=cdk.Duration.seconds(1), notify=topic)

    Endpoint(
        stack,
        "E",
        endpoint_name="churn",
        variants=[variant(model)],
        rollout=Rollout.all_at_once(rollback=rollback),
    )

    alarms = resources("AWS::CloudWatch::Alarm")
    assert [alarm["AlarmActions"] for alarm in alarms] == [[{"Ref": "TopicBFC7AF6E"}]] * 2


def test_an_alarm_that_only_the_rollout_watches_says_so_to_security_packs(
    stack: cdk.Stack, model: Model
) -> None:
    Endpoint(
        stack, "E", endpoint_name="churn", variants=[variant(model)], rollout=Rollout.all_at_once()
    )

    report = HIPAASecurityChecks(stack.node.root).validate_scope(stack)
    found = {violation.rule_name for violation in report.violations}
    assert not [name for name in found if "CloudWatchAlarmAction" in name]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"server_error_share": 1}, "rollback share: got 1; allowed is a share"),
        ({"client_error_share": -0.1}, "rollback client_error_share: got -0.1"),
        ({"maximum_memory": 100}, "rollback maximum_memory: got 100 %; allowed is more than 0"),
        ({"maximum_disk": 0}, "rollback maximum_disk: got 0 %"),
    ],
)
def test_bounds_that_no_alarm_can_watch(
    rejection: Rejection, model: Model, settings: dict[str, Any], expected: str
) -> None:
    rollback = Rollback.on_health(**settings)

    assert expected in rejection(variant(model), rollout=Rollout.all_at_once(rollback=rollback))


def test_more_than_ten_alarms_are_rejected(rejection: Rejection, model: Model) -> None:
    variants = [variant(model, name=f"v{number}") for number in range(3)]

    message = rejection(*variants, rollout=Rollout.canary(size=CapacitySize.percent(10)))

    assert "rollback: got 12 alarms for 3 variants; allowed are at most 10; use" in message


def test_a_rolling_update_may_be_turned_back_in_batches(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    rollout = Rollout.rolling(
        batch=CapacitySize.percent(50), rollback_batch=CapacitySize.percent(50)
    )

    Endpoint(stack, "E", endpoint_name="churn", variants=[variant(model)], rollout=rollout)

    policy = resources("AWS::SageMaker::Endpoint")[0]["DeploymentConfig"]["RollingUpdatePolicy"]
    assert policy["RollbackMaximumBatchSize"] == {"Type": "CAPACITY_PERCENT", "Value": 50}


def test_copies_are_no_part_of_an_endpoint(rejection: Rejection, model: Model) -> None:
    message = rejection(variant(model), rollout=Rollout.canary(size=CapacitySize.copies(1)))

    assert "canary size: got copies; allowed is a number or percentage of instances" in message


def test_each_fleet_has_alarms_of_its_own_so_a_ringing_one_blocks_no_way_back(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(
        stack, "E", endpoint_name="churn", variants=[variant(model)], rollout=Rollout.all_at_once()
    )

    alarms = {alarm["MetricName"]: alarm for alarm in resources("AWS::CloudWatch::Alarm")}
    of_requests = [alarms["Invocation5XXErrors"], alarms["Invocation4XXErrors"]]
    assert [alarm["AlarmName"]["Fn::Join"][1][1] for alarm in of_requests] == [
        "-AllTraffic-ServerErrors",
        "-AllTraffic-ClientErrors",
    ]
    for alarm in of_requests:
        assert "EndpointConfigName" in str(alarm["AlarmName"])
        assert "EndpointConfigName" in str(alarm["Dimensions"])
    # CloudWatch has the machines of both fleets together.
    for metric in ("MemoryUtilization", "DiskUtilization"):
        assert "AlarmName" not in alarms[metric]
        assert "EndpointConfigName" not in str(alarms[metric]["Dimensions"])


def test_a_rollout_that_has_to_pass_looks_at_nothing(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    rollout = Rollout.canary(size=CapacitySize.percent(10), rollback=Rollback.off())

    # It requires no name either: there is nothing to watch.
    Endpoint(stack, "E", variants=[variant(model)], rollout=rollout)

    assert resources("AWS::CloudWatch::Alarm") == []
    deployment = resources("AWS::SageMaker::Endpoint")[0]["DeploymentConfig"]
    assert deployment.keys() == {"BlueGreenUpdatePolicy"}
