"""Inference components, which share instances of an endpoint."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

from mlops_constructs.access import ModelExecutionRole
from mlops_constructs.hosting import (
    CapacitySize,
    ComputeResourceRequirements,
    Endpoint,
    InferenceComponent,
    ManagedInstanceScaling,
    Model,
    ModelSource,
    Rollback,
    Rollout,
    RoutingStrategy,
    Scaling,
    ScalingMetric,
    ScalingPolicy,
    VpcConfig,
)

Resources = Callable[[str], list[dict[str, Any]]]
COMPONENT = "AWS::SageMaker::InferenceComponent"
CONFIG = "AWS::SageMaker::EndpointConfig"
POLICY = "AWS::IAM::ManagedPolicy"
COMPUTE = ComputeResourceRequirements(minimum_memory_mb=1024, cpu_cores=2)


def test_a_fleet_has_bounds_a_role_and_no_model(
    stack: cdk.Stack, role: iam.IRole, resources: Resources
) -> None:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
    fleet = ManagedInstanceScaling(
        instance_type="ml.m7i.xlarge",
        role=role,
        minimum=0,
        maximum=3,
        routing=RoutingStrategy.LEAST_OUTSTANDING_REQUESTS,
        placement=VpcConfig(vpc=vpc),
    )

    Endpoint(stack, "E", variants=[fleet])

    config = resources(CONFIG)[0]
    assert config["ProductionVariants"] == [
        {
            "VariantName": "AllTraffic",
            "InstanceType": "ml.m7i.xlarge",
            "InitialInstanceCount": 1,
            "ManagedInstanceScaling": {
                "Status": "ENABLED",
                "MinInstanceCount": 0,
                "MaxInstanceCount": 3,
            },
            "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        }
    ]
    assert config["ExecutionRoleArn"] == role.role_arn
    assert config["EnableNetworkIsolation"] is True
    assert len(config["VpcConfig"]["Subnets"]) == 2
    assert resources("AWS::EC2::SecurityGroup")[0]["SecurityGroupEgress"][0]["ToPort"] == 443


def test_a_component_is_a_model_with_a_share_of_the_instances(
    stack: cdk.Stack, shared: Endpoint, model: Model, resources: Resources
) -> None:
    component = InferenceComponent(
        stack,
        "C",
        endpoint=shared,
        model=model,
        compute=ComputeResourceRequirements(
            minimum_memory_mb=1024, maximum_memory_mb=2048, accelerators=1
        ),
        inference_component_name="churn",
        copies=2,
        startup_timeout=cdk.Duration.minutes(5),
    )

    rendered = resources(COMPONENT)[0]
    assert rendered["InferenceComponentName"] == component.inference_component_name == "churn"
    assert "GetAtt" in str(rendered["EndpointName"])
    assert rendered["VariantName"] == "AllTraffic"
    assert rendered["RuntimeConfig"] == {"CopyCount": 2}
    assert rendered["Specification"]["ComputeResourceRequirements"] == {
        "MinMemoryRequiredInMb": 1024,
        "MaxMemoryRequiredInMb": 2048,
        "NumberOfAcceleratorDevicesRequired": 1,
    }
    assert rendered["Specification"]["StartupParameters"] == {
        "ContainerStartupHealthCheckTimeoutInSeconds": 300
    }
    assert "GetAtt" in str(rendered["Specification"]["ModelName"])


def test_a_component_without_a_name_is_named_for_its_place(
    stack: cdk.Stack, shared: Endpoint, model: Model
) -> None:
    component = InferenceComponent(
        stack, "Component", endpoint=shared, model=model, compute=COMPUTE
    )

    assert component.inference_component_name.startswith("S-Component-")
    assert len(component.inference_component_name) <= 63


def test_copies_write_the_log_of_their_component(
    stack: cdk.Stack, repository: ecr.IRepository, resources: Resources
) -> None:
    fleet = ManagedInstanceScaling(
        instance_type="ml.m7i.xlarge",
        role=ModelExecutionRole(stack, "FleetRole", image_repository=repository),
        maximum=3,
    )
    endpoint = Endpoint(stack, "Shared", variants=[fleet])
    model = Model(stack, "M", source=ModelSource.from_image(repository, tag_or_digest="1"))

    InferenceComponent(
        stack,
        "C",
        endpoint=endpoint,
        model=model,
        compute=COMPUTE,
        inference_component_name="churn",
    )

    allowed = str([policy["PolicyDocument"] for policy in resources(POLICY)])
    assert ":log-group:/aws/sagemaker/InferenceComponents/*" in allowed
    assert ":log-group:/aws/sagemaker/InferenceComponents/churn:*" in allowed


def test_copies_and_fleet_go_to_zero_and_one_failed_request_wakes_them(
    stack: cdk.Stack, shared: Endpoint, model: Model, resources: Resources
) -> None:
    InferenceComponent(
        stack,
        "C",
        endpoint=shared,
        model=model,
        compute=COMPUTE,
        inference_component_name="churn",
        scaling=Scaling.between(
            0,
            4,
            ScalingPolicy.target_concurrency(5),
            ScalingPolicy.target_invocations(60),
            ScalingPolicy.target_metric(ScalingMetric.utilization("GPU"), 70),
        ),
    )

    assert resources(COMPONENT)[0]["RuntimeConfig"] == {"CopyCount": 1}
    target = resources("AWS::ApplicationAutoScaling::ScalableTarget")[0]
    assert target["ResourceId"] == "inference-component/churn"
    assert target["ScalableDimension"] == "sagemaker:inference-component:DesiredCopyCount"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 4)
    policies = {
        policy["PolicyName"]: policy.get("TargetTrackingScalingPolicyConfiguration", {})
        for policy in resources("AWS::ApplicationAutoScaling::ScalingPolicy")
    }
    predefined = {
        name: policy.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
        for name, policy in policies.items()
    }
    assert predefined == {
        "ConcurrentRequestsPerCopy": (
            "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution"
        ),
        "InvocationsPerCopy": "SageMakerInferenceComponentInvocationsPerCopy",
        "GPUUtilization": None,
        "WakeUp": None,
    }
    use = policies["GPUUtilization"]["CustomizedMetricSpecification"]
    assert use["Namespace"] == "/aws/sagemaker/InferenceComponents"
    assert use["MetricName"] == "GPUUtilizationNormalized"
    alarm = resources("AWS::CloudWatch::Alarm")[0]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("NoCapacityInvocationFailures", "Sum")
    assert alarm["Threshold"] == 1
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert alarm["Dimensions"] == [{"Name": "InferenceComponentName", "Value": "churn"}]


def test_a_target_is_registered_after_its_component_and_deregistered_before(
    stack: cdk.Stack, shared: Endpoint, model: Model
) -> None:
    scaling = Scaling.between(1, 2, ScalingPolicy.target_invocations(60))
    InferenceComponent(stack, "C", endpoint=shared, model=model, compute=COMPUTE, scaling=scaling)

    template = assertions.Template.from_stack(stack)
    component = next(iter(template.find_resources(COMPONENT)))
    targets = template.find_resources("AWS::ApplicationAutoScaling::ScalableTarget")
    assert component in next(iter(targets.values()))["DependsOn"]


def test_a_component_rolls_by_itself_and_is_turned_back_by_its_own_alarms(
    stack: cdk.Stack, shared: Endpoint, model: Model, resources: Resources
) -> None:
    topic = sns.Topic(stack, "Topic")

    InferenceComponent(
        stack,
        "C",
        endpoint=shared,
        model=model,
        compute=COMPUTE,
        inference_component_name="churn",
        copies=4,
        rollout=Rollout.rolling(
            batch=CapacitySize.copies(1),
            wait=cdk.Duration.minutes(2),
            rollback_batch=CapacitySize.percent(50),
            rollback=Rollback.on_health(maximum_latency=cdk.Duration.millis(200), notify=topic),
        ),
    )

    deployment = resources(COMPONENT)[0]["DeploymentConfig"]
    assert deployment["RollingUpdatePolicy"] == {
        "MaximumBatchSize": {"Type": "COPY_COUNT", "Value": 1},
        "RollbackMaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 120,
    }
    assert len(deployment["AutoRollbackConfiguration"]["Alarms"]) == 4
    alarms = {alarm["MetricName"]: alarm for alarm in resources("AWS::CloudWatch::Alarm")}
    assert set(alarms) == {
        "Invocation5XXErrors",
        "Invocation4XXErrors",
        "ModelLatency",
        "MemoryUtilizationNormalized",
    }
    for alarm in alarms.values():
        assert alarm["Dimensions"] == [{"Name": "InferenceComponentName", "Value": "churn"}]
        assert alarm["AlarmActions"] == [{"Ref": "TopicBFC7AF6E"}]


def test_components_are_invoked_through_their_endpoint_and_measured_by_name(
    stack: cdk.Stack, shared: Endpoint, model: Model, resources: Resources
) -> None:
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    component = InferenceComponent(stack, "C", endpoint=shared, model=model, compute=COMPUTE)
    imported = InferenceComponent.from_inference_component_name(
        stack, "Imported", "Upsell", endpoint=shared
    )

    component.grant_invoke(caller)
    imported.grant_invoke(caller)

    assert imported.metric_invocations().dimensions == {"InferenceComponentName": "Upsell"}
    use = component.metric_cpu_utilization()
    assert (use.namespace, use.metric_name) == (
        "/aws/sagemaker/InferenceComponents",
        "CPUUtilizationNormalized",
    )
    with pytest.raises(
        ValueError, match="metric: got a variant, which inference components do not have"
    ):
        component.metric_invocations(variant="AllTraffic")
    policy = str(resources("AWS::IAM::Policy")[0]["PolicyDocument"])
    assert ":inference-component/upsell" in policy
    assert policy.count("InvokeEndpointWithResponseStream") == 2


def test_a_renamed_endpoint_has_components_of_its_own(model: Model, role: iam.IRole) -> None:
    """AWS cannot move one, and no property of the type is create-only."""

    def component_on(endpoint_name: str | None, **given: Any) -> tuple[str, str]:
        stack = cdk.Stack(cdk.App(), "S", env=cdk.Environment(region="eu-west-1"))
        fleet = ManagedInstanceScaling(instance_type="ml.m7i.xlarge", role=role, maximum=1)
        endpoint = Endpoint(stack, "E", endpoint_name=endpoint_name, variants=[fleet])
        imported = Model.from_model_name(stack, "M", "churn-1")
        InferenceComponent(stack, "C", endpoint=endpoint, model=imported, compute=COMPUTE, **given)
        found = assertions.Template.from_stack(stack).find_resources(COMPONENT)
        ((logical_id, resource),) = found.items()
        return logical_id, resource["Properties"]["InferenceComponentName"]

    first, renamed = component_on("shared"), component_on("shared-2")
    assert first[0] != renamed[0]
    assert first[1] != renamed[1]
    assert component_on("shared") == first
    assert len(component_on("x" * 52)[1]) <= 63
    # CloudFormation names that endpoint, and a person this component: neither changes by itself.
    assert first[0].startswith(component_on(None)[0])
    named = component_on("shared", inference_component_name="churn")
    assert named == component_on("shared-2", inference_component_name="churn")
