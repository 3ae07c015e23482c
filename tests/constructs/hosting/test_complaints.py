"""Frequent complaints about other constructs, by the numbers of the notes on peers.

Each test is a complaint, and would fail on the construct that it was made about.
"""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler

from mlops_constructs.hosting import (
    AsyncInference,
    BatchTransform,
    CapacitySize,
    ComputeResourceRequirements,
    DataCapture,
    Endpoint,
    InferenceComponent,
    ManagedInstanceScaling,
    Model,
    ModelSource,
    RealTimeVariant,
    Rollout,
    Scaling,
    ScalingMetric,
    ScalingPolicy,
    ScheduledAction,
    ServerlessVariant,
    ShadowVariant,
    TransformInput,
    TransformInstances,
    TransformOutput,
)

Resources = Callable[[str], list[dict[str, Any]]]
PACKAGE_ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/"
ENDPOINT = "AWS::SageMaker::Endpoint"
CONFIG = "AWS::SageMaker::EndpointConfig"
MODEL = "AWS::SageMaker::Model"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"


def deployed(package_version: int) -> dict[str, Any]:
    """The resources of a stack that serves a version of a package, with scaling and a canary."""
    stack = cdk.Stack(cdk.App(), "S")
    role = iam.Role.from_role_arn(
        stack, "Role", "arn:aws:iam::111111111111:role/model", mutable=False
    )
    model = Model(
        stack,
        "Model",
        source=ModelSource.from_package(f"{PACKAGE_ARN}{package_version}"),
        role=role,
        name_prefix="churn-prod",
    )
    variant = RealTimeVariant(
        model=model,
        instance_type="ml.m7i.large",
        scaling=Scaling.target_invocations(per_instance=600, minimum=2, maximum=8),
    )
    Endpoint(
        stack,
        "Endpoint",
        endpoint_name="churn-prod",
        variants=[variant],
        rollout=Rollout.canary(size=CapacitySize.percent(10)),
    )
    found: dict[str, Any] = assertions.Template.from_stack(stack).to_json()["Resources"]
    return found


def only(resources: dict[str, Any], resource_type: str) -> tuple[str, dict[str, Any]]:
    found = [
        (logical_id, resource["Properties"])
        for logical_id, resource in resources.items()
        if resource["Type"] == resource_type
    ]
    assert len(found) == 1
    return found[0]


def test_complaint_2_a_new_model_does_not_reach_the_endpoint() -> None:
    before, after = deployed(7), deployed(8)

    # A new model and configuration are made, under new names, before the old ones are deleted:
    # nothing "already exists", and the endpoint refers to what is new.
    for resource_type, name in ((MODEL, "ModelName"), (CONFIG, "EndpointConfigName")):
        assert only(before, resource_type)[1][name] != only(after, resource_type)[1][name]
    assert only(after, ENDPOINT)[1]["EndpointConfigName"] == {
        "Fn::GetAtt": [only(after, CONFIG)[0], "EndpointConfigName"]
    }


def test_complaint_3_an_update_throws_away_the_scaled_number_of_instances() -> None:
    endpoint = only(deployed(7), ENDPOINT)[1]

    assert endpoint["RetainAllVariantProperties"] is True
    excluded = {one["VariantPropertyType"] for one in endpoint["ExcludeRetainedVariantProperties"]}
    assert "DesiredInstanceCount" not in excluded


def test_complaint_3_scaling_blocks_updates_and_deletion() -> None:
    before, after = deployed(7), deployed(8)

    # The variant keeps its name, so the target stays registered through the update; it refers to
    # the endpoint, so it is deregistered before that is deleted.
    assert only(before, TARGET) == only(after, TARGET)
    resource_id = str(only(after, TARGET)[1]["ResourceId"])
    assert "'Fn::GetAtt': ['Endpoint" in resource_id
    assert "/variant/AllTraffic" in resource_id


def test_complaint_4_managed_scaling_stands_beside_a_model(
    stack: cdk.Stack, role: iam.IRole, model: Model, resources: Resources
) -> None:
    fleet = ManagedInstanceScaling(instance_type="ml.m7i.large", role=role, minimum=0, maximum=2)
    variant = RealTimeVariant(model=model, instance_type="ml.m7i.large", name="own")

    Endpoint(stack, "Shared", variants=[fleet])
    Endpoint(stack, "Own", variants=[variant])
    with pytest.raises(
        ValueError, match="AWS rejects managed instance scaling beside a variant with a"
    ):
        Endpoint(stack, "Both", variants=[fleet, variant])

    variants = [config["ProductionVariants"][0] for config in resources(CONFIG)]
    assert {("ManagedInstanceScaling" in one, "ModelName" in one) for one in variants} == {
        (True, False),
        (False, True),
    }


def test_complaint_4_a_real_time_variant_is_scaled_to_zero(stack: cdk.Stack, model: Model) -> None:
    scaling = Scaling.target_invocations(per_instance=600, minimum=0, maximum=2)
    variant = RealTimeVariant(model=model, instance_type="ml.m7i.large", scaling=scaling)

    with pytest.raises(ValueError, match="only inference components and asynchronous endpoints"):
        Endpoint(stack, "E", variants=[variant])


def test_complaint_4_one_request_never_wakes_what_scaled_to_zero(
    stack: cdk.Stack, role: iam.IRole, model: Model, resources: Resources
) -> None:
    fleet = ManagedInstanceScaling(instance_type="ml.m7i.large", role=role, minimum=0, maximum=2)
    endpoint = Endpoint(stack, "E", variants=[fleet])
    InferenceComponent(
        stack,
        "C",
        endpoint=endpoint,
        model=model,
        compute=ComputeResourceRequirements(minimum_memory_mb=512),
        scaling=Scaling.between(0, 2, ScalingPolicy.target_invocations(60)),
    )

    alarm = resources("AWS::CloudWatch::Alarm")[0]
    requests_in_a_minute = 1
    assert alarm["MetricName"] == "NoCapacityInvocationFailures"
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert requests_in_a_minute >= alarm["Threshold"]
    assert alarm["EvaluationPeriods"] == 1


def test_complaint_5_constructs_cannot_scale(
    stack: cdk.Stack, model: Model, open_model: Model, resources: Resources
) -> None:
    night = ScheduledAction(
        name="Night", schedule=autoscaling.Schedule.cron(hour="20", minute="0"), maximum=2
    )
    on_instances = Scaling.between(
        1,
        4,
        ScalingPolicy.target_invocations(600),
        ScalingPolicy.steps_above(ScalingMetric.utilization("CPU"), 90, {0: 1}),
        schedule=[night],
    )
    warm = Scaling.between(1, 5, ScalingPolicy.target_utilization(0.7))

    Endpoint(
        stack,
        "RealTime",
        variants=[RealTimeVariant(model=model, instance_type="ml.m7i.large", scaling=on_instances)],
    )
    Endpoint(stack, "Serverless", variants=[ServerlessVariant(model=open_model, scaling=warm)])

    dimensions = {target["ScalableDimension"] for target in resources(TARGET)}
    assert dimensions == {
        "sagemaker:variant:DesiredInstanceCount",
        "sagemaker:variant:DesiredProvisionedConcurrency",
    }
    kinds = [
        policy["PolicyType"] for policy in resources("AWS::ApplicationAutoScaling::ScalingPolicy")
    ]
    assert sorted(kinds) == ["StepScaling", "TargetTrackingScaling", "TargetTrackingScaling"]


def test_complaint_6_constructs_lack_capture_queues_shadows_and_packages(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    variant = RealTimeVariant(model=model, instance_type="ml.m7i.large")
    shadow = ShadowVariant(model=model, instance_type="ml.m7i.large")
    capture = DataCapture.to_bucket(bucket)

    Endpoint(stack, "RealTime", variants=[variant], shadow=shadow, data_capture=capture)
    Endpoint(stack, "Queue", variants=[variant], asynchronous=AsyncInference.to_bucket(bucket))

    members = {member for config in resources(CONFIG) for member in config}
    assert members >= {"DataCaptureConfig", "ShadowProductionVariants", "AsyncInferenceConfig"}
    assert "ModelPackageName" in resources(MODEL)[0]["PrimaryContainer"]


def test_complaint_15_the_endpoint_changes_its_name_with_each_model() -> None:
    names = {only(deployed(version), ENDPOINT)[1]["EndpointName"] for version in (7, 8, 9)}

    assert names == {"churn-prod"}


def test_complaint_15_there_is_no_batch_inference(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    BatchTransform(
        stack,
        "Nightly",
        model=model,
        source=TransformInput(bucket=bucket, prefix="in"),
        destination=TransformOutput(bucket=bucket, prefix="out"),
        instances=TransformInstances(instance_type="ml.m7i.large"),
        schedule=scheduler.ScheduleExpression.rate(cdk.Duration.days(1)),
        job_name_prefix="nightly",
    )

    target = resources("AWS::Scheduler::Schedule")[0]["Target"]
    assert ":aws-sdk:sagemaker:createTransformJob" in str(target["Arn"])
