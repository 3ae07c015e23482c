"""Policies by which capacity follows a metric, or the clock; several of them on one target."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch

from mlops_constructs.hosting import (
    Endpoint,
    Model,
    RealTimeVariant,
    Scaling,
    ScalingMetric,
    ScalingPolicy,
    ScheduledAction,
    ServerlessVariant,
)

Resources = Callable[[str], list[dict[str, Any]]]
POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
MORNING = autoscaling.Schedule.cron(hour="7", minute="30", week_day="MON-FRI")
CPU = ScalingMetric.utilization("CPU")


def variant(model: Model, scaling: Scaling) -> RealTimeVariant:
    return RealTimeVariant(model=model, instance_type="ml.m7i.large", scaling=scaling)


def test_several_policies_share_a_target(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    orders = cloudwatch.Metric(
        namespace="Shop", metric_name="Orders", dimensions_map={"Shop": "1"}, statistic="Sum"
    )
    scaling = Scaling.between(
        2,
        6,
        ScalingPolicy.target_invocations(600, scale_in=False),
        ScalingPolicy.target_concurrency(5, scale_out_cooldown=cdk.Duration.seconds(30)),
        ScalingPolicy.target_metric(CPU, 60),
        ScalingPolicy.target_metric(ScalingMetric.of(orders), 100),
    )

    Endpoint(stack, "E", variants=[variant(model, scaling)])

    assert len(resources(TARGET)) == 1
    policies = {
        policy["PolicyName"]: policy["TargetTrackingScalingPolicyConfiguration"]
        for policy in resources(POLICY)
    }
    assert set(policies) == {
        "InvocationsPerInstance",
        "ConcurrentRequestsPerInstance",
        "CPUUtilization",
        "Orders",
    }
    assert policies["InvocationsPerInstance"]["DisableScaleIn"] is True
    concurrency = policies["ConcurrentRequestsPerInstance"]
    assert concurrency["PredefinedMetricSpecification"]["PredefinedMetricType"] == (
        "SageMakerVariantConcurrentRequestsPerModelHighResolution"
    )
    assert (concurrency["ScaleInCooldown"], concurrency["ScaleOutCooldown"]) == (300, 30)
    use = policies["CPUUtilization"]["CustomizedMetricSpecification"]
    assert use["Namespace"] == "/aws/sagemaker/Endpoints"
    assert [one["Name"] for one in use["Dimensions"]] == ["EndpointName", "VariantName"]
    assert policies["Orders"]["CustomizedMetricSpecification"] == {
        "Namespace": "Shop",
        "MetricName": "Orders",
        "Statistic": "Sum",
        "Dimensions": [{"Name": "Shop", "Value": "1"}],
    }


def test_steps_are_taken_by_an_alarm_above_and_below_a_threshold(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    latency = ScalingMetric.of_requests("ModelLatency", statistic="p99")
    scaling = Scaling.between(
        1,
        6,
        ScalingPolicy.steps_above(latency, 200_000, {0: 1, 300_000: 3}, minutes=2),
        ScalingPolicy.steps_below(CPU, 20, {0: -1, 10: -2}, cooldown=cdk.Duration.minutes(9)),
    )

    Endpoint(stack, "E", variants=[variant(model, scaling)])

    policies = {
        policy["PolicyName"]: policy["StepScalingPolicyConfiguration"]
        for policy in resources(POLICY)
    }
    assert policies["ModelLatencyAbove"]["StepAdjustments"] == [
        {
            "MetricIntervalLowerBound": 0,
            "MetricIntervalUpperBound": 300_000,
            "ScalingAdjustment": 1,
        },
        {"MetricIntervalLowerBound": 300_000, "ScalingAdjustment": 3},
    ]
    assert policies["CPUUtilizationBelow"]["StepAdjustments"] == [
        {"MetricIntervalLowerBound": -10, "MetricIntervalUpperBound": 0, "ScalingAdjustment": -1},
        {"MetricIntervalUpperBound": -10, "ScalingAdjustment": -2},
    ]
    assert policies["CPUUtilizationBelow"]["Cooldown"] == 540
    alarms = {alarm["MetricName"]: alarm for alarm in resources("AWS::CloudWatch::Alarm")}
    assert alarms["ModelLatency"]["ExtendedStatistic"] == "p99"
    assert alarms["ModelLatency"]["EvaluationPeriods"] == 2
    assert "ModelLatencyAbove" in str(alarms["ModelLatency"]["AlarmActions"])
    assert alarms["CPUUtilization"]["ComparisonOperator"] == "LessThanOrEqualToThreshold"


def test_bounds_change_by_the_clock(stack: cdk.Stack, model: Model, resources: Resources) -> None:
    zone = cdk.TimeZone.EUROPE_BERLIN
    working_day = ScheduledAction(name="Day", schedule=MORNING, minimum=4, time_zone=zone)
    night = ScheduledAction(
        name="Night", schedule=autoscaling.Schedule.expression("cron(0 20 * * ? *)"), maximum=2
    )
    scaling = Scaling.between(1, 6, schedule=[working_day, night])

    Endpoint(stack, "E", variants=[variant(model, scaling)])

    assert resources(TARGET)[0]["ScheduledActions"] == [
        {
            "ScheduledActionName": "Day",
            "Schedule": "cron(30 7 ? * MON-FRI *)",
            "Timezone": "Europe/Berlin",
            "ScalableTargetAction": {"MinCapacity": 4},
        },
        {
            "ScheduledActionName": "Night",
            "Schedule": "cron(0 20 * * ? *)",
            "ScalableTargetAction": {"MaxCapacity": 2},
        },
    ]
    assert not resources(POLICY)


def test_provisioned_concurrency_follows_its_use(
    stack: cdk.Stack, open_model: Model, resources: Resources
) -> None:
    scaling = Scaling.between(2, 10, ScalingPolicy.target_utilization(0.7))

    Endpoint(
        stack,
        "E",
        variants=[ServerlessVariant(model=open_model, max_concurrency=20, scaling=scaling)],
    )

    config = resources("AWS::SageMaker::EndpointConfig")[0]
    assert config["ProductionVariants"][0]["ServerlessConfig"]["ProvisionedConcurrency"] == 2
    target = resources(TARGET)[0]
    assert target["ScalableDimension"] == "sagemaker:variant:DesiredProvisionedConcurrency"
    assert resources(POLICY)[0]["TargetTrackingScalingPolicyConfiguration"] == {
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
        },
        "TargetValue": 0.7,
        "ScaleInCooldown": 300,
        "ScaleOutCooldown": 300,
    }
    # AWS keeps counts of instances only.
    assert "RetainAllVariantProperties" not in resources("AWS::SageMaker::Endpoint")[0]
