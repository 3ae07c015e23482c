"""Rollouts of endpoints, and their alarms."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions

from mlops_constructs.hosting import (
    CapacitySize,
    Endpoint,
    Model,
    RealTimeVariant,
    Rollback,
    Rollout,
)

Resources = Callable[[str], list[dict[str, Any]]]
ENDPOINT = "AWS::SageMaker::Endpoint"


def real_time(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


def test_a_canary_turns_back_on_alarms_that_the_endpoint_makes(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(
        stack,
        "E",
        endpoint_name="churn-prod",
        variants=[real_time(model, initial_instance_count=2)],
        rollout=Rollout.canary(
            size=CapacitySize.instances(1),
            wait=cdk.Duration.minutes(3),
            termination_wait=cdk.Duration.minutes(1),
            maximum_duration=cdk.Duration.minutes(30),
            rollback=Rollback.on_errors(share=0.01, maximum_latency=cdk.Duration.millis(300)),
        ),
    )

    deployment = resources(ENDPOINT)[0]["DeploymentConfig"]
    assert deployment["BlueGreenUpdatePolicy"] == {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
            "WaitIntervalInSeconds": 180,
        },
        "TerminationWaitInSeconds": 60,
        "MaximumExecutionTimeoutInSeconds": 1800,
    }
    assert len(deployment["AutoRollbackConfiguration"]["Alarms"]) == 2
    alarms = {alarm["MetricName"]: alarm for alarm in resources("AWS::CloudWatch::Alarm")}
    assert alarms["Invocation5XXErrors"]["Threshold"] == 0.01
    assert alarms["ModelLatency"]["Threshold"] == 300_000  # microseconds
    for alarm in alarms.values():
        dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
        # The new fleet alone: the one before may fail as it likes.
        assert "EConfig" in str(dimensions.pop("EndpointConfigName"))
        assert dimensions == {"EndpointName": "churn-prod", "VariantName": "AllTraffic"}
        assert alarm["TreatMissingData"] == "notBreaching"


def test_other_rollouts_are_all_at_once_linear_and_rolling(model: Model) -> None:
    policies = {}
    for rollout in (
        Rollout.all_at_once(),
        Rollout.linear(step=CapacitySize.percent(25)),
        Rollout.rolling(batch=CapacitySize.percent(50)),
    ):
        stack = cdk.Stack(cdk.App(), "S")
        imported = Model.from_model_name(stack, "M", "churn-1")
        Endpoint(
            stack,
            "E",
            endpoint_name="churn",
            variants=[real_time(imported, initial_instance_count=4)],  # type: ignore[arg-type]
            rollout=rollout,
        )
        found = assertions.Template.from_stack(stack).find_resources(ENDPOINT)
        policies[rollout.kind] = next(iter(found.values()))["Properties"]["DeploymentConfig"]

    routing = "TrafficRoutingConfiguration"
    assert policies["ALL_AT_ONCE"]["BlueGreenUpdatePolicy"][routing] == {
        "Type": "ALL_AT_ONCE",
        "WaitIntervalInSeconds": 300,
    }
    assert policies["LINEAR"]["BlueGreenUpdatePolicy"][routing]["LinearStepSize"]["Value"] == 25
    assert policies["ROLLING"]["RollingUpdatePolicy"]["MaximumBatchSize"]["Value"] == 50
    assert "BlueGreenUpdatePolicy" not in policies["ROLLING"]


def test_a_rollout_can_turn_back_on_alarms_of_ones_own(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    alarm = cdk.aws_cloudwatch.Alarm.from_alarm_arn(
        stack, "A", "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:orders"
    )

    Endpoint(
        stack,
        "E",
        variants=[real_time(model)],
        rollout=Rollout.all_at_once(rollback=Rollback.on_alarms(alarm)),
    )

    rollback = resources(ENDPOINT)[0]["DeploymentConfig"]["AutoRollbackConfiguration"]
    assert rollback == {"Alarms": [{"AlarmName": "orders"}]}
    assert not resources("AWS::CloudWatch::Alarm")
