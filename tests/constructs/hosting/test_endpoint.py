"""Endpoints: what they are made of, what stays and what changes, permissions and metrics."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.hosting import (
    Capacity,
    DataCapture,
    Endpoint,
    Model,
    ModelSource,
    RealTimeVariant,
    Rollback,
    Rollout,
    Scaling,
    ServerlessVariant,
)

Resources = Callable[[str], list[dict[str, Any]]]
ENDPOINT = "AWS::SageMaker::Endpoint"
CONFIG = "AWS::SageMaker::EndpointConfig"
PACKAGE_ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"
SCALING = Scaling.target_invocations(per_instance=600, minimum=2, maximum=4)


def real_time(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


def test_an_endpoint_needs_only_a_variant(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(stack, "E", variants=[real_time(model)])

    variant = resources(CONFIG)[0]["ProductionVariants"][0]
    assert variant["VariantName"] == "AllTraffic"
    assert variant["InitialInstanceCount"] == 1
    assert set(resources(ENDPOINT)[0]) == {"EndpointConfigName"}


def test_a_serverless_variant_has_memory_and_concurrency(
    stack: cdk.Stack, open_model: Model, resources: Resources
) -> None:
    variant = ServerlessVariant(
        model=open_model, memory_mb=4096, max_concurrency=20, provisioned_concurrency=3
    )

    Endpoint(stack, "E", variants=[variant])

    assert resources(CONFIG)[0]["ProductionVariants"][0]["ServerlessConfig"] == {
        "MemorySizeInMB": 4096,
        "MaxConcurrency": 20,
        "ProvisionedConcurrency": 3,
    }


def test_variants_share_the_traffic_by_weight(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(
        stack,
        "E",
        variants=[
            real_time(model, name="champion", weight=9),
            real_time(model, name="challenger", weight=1),
        ],
    )

    variants = resources(CONFIG)[0]["ProductionVariants"]
    assert [variant["InitialVariantWeight"] for variant in variants] == [9, 1]


def test_timeouts_of_the_container_are_in_seconds(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(
        stack,
        "E",
        variants=[
            real_time(
                model,
                startup_timeout=cdk.Duration.minutes(5),
                model_download_timeout=cdk.Duration.minutes(10),
            )
        ],
    )

    variant = resources(CONFIG)[0]["ProductionVariants"][0]
    assert variant["ContainerStartupHealthCheckTimeoutInSeconds"] == 300
    assert variant["ModelDataDownloadTimeoutInSeconds"] == 600


def test_volumes_are_encrypted_with_the_key(
    stack: cdk.Stack, model: Model, key: kms.IKey, resources: Resources
) -> None:
    Endpoint(stack, "E", variants=[real_time(model)], encryption_key=key)

    assert resources(CONFIG)[0]["KmsKeyId"] == key.key_arn


def names_of(stack: cdk.Stack) -> dict[str, str]:
    template = assertions.Template.from_stack(stack)
    return {
        kind: next(iter(template.find_resources(kind).values()))["Properties"][name]
        for kind, name in ((ENDPOINT, "EndpointName"), (CONFIG, "EndpointConfigName"))
    }


def named_endpoint(package_version: int = 7, **settings: Any) -> dict[str, str]:
    """The names in a stack whose endpoint has these settings."""
    stack = cdk.Stack(cdk.App(), "S")
    role = iam.Role.from_role_arn(
        stack, "Role", "arn:aws:iam::111111111111:role/model", mutable=False
    )
    source = ModelSource.from_package(f"{PACKAGE_ARN[:-1]}{package_version}")
    model = Model(stack, "M", source=source, role=role)
    variant = real_time(model, **settings)
    Endpoint(stack, "E", endpoint_name="churn-prod", variants=[variant])
    return names_of(stack)


def test_the_name_stays_and_the_configuration_is_replaced_when_anything_changes() -> None:
    versions = [
        named_endpoint(),
        named_endpoint(package_version=8),
        named_endpoint(instance_type="ml.m7i.xlarge"),
        named_endpoint(initial_instance_count=2),
        named_endpoint(weight=2),
    ]

    assert {names[ENDPOINT] for names in versions} == {"churn-prod"}
    assert len({names[CONFIG] for names in versions}) == len(versions)
    assert named_endpoint() == versions[0]


def test_a_variant_that_scales_is_registered_after_the_endpoint(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(stack, "E", endpoint_name="churn-prod", variants=[real_time(model, scaling=SCALING)])

    target = resources("AWS::ApplicationAutoScaling::ScalableTarget")[0]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 4)
    assert target["ScalableDimension"] == "sagemaker:variant:DesiredInstanceCount"
    # A reference to the endpoint, so it is created before and deleted after the target.
    assert "Fn::GetAtt" in str(target["ResourceId"])
    assert "/variant/AllTraffic" in str(target["ResourceId"])


def test_scaling_uses_the_service_linked_role(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(stack, "E", variants=[real_time(model, scaling=SCALING)])

    assert "RoleARN" not in resources("AWS::ApplicationAutoScaling::ScalableTarget")[0]
    assert not resources("AWS::IAM::Role")


def test_scaling_follows_invocations_per_instance(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    scaling = Scaling.target_invocations(
        per_instance=600, minimum=1, maximum=2, scale_out_cooldown=cdk.Duration.seconds(60)
    )
    Endpoint(stack, "E", variants=[real_time(model, scaling=scaling)])

    policy = resources("AWS::ApplicationAutoScaling::ScalingPolicy")[0]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
        },
        "ScaleInCooldown": 300,
        "ScaleOutCooldown": 60,
        "TargetValue": 600,
    }


def test_an_update_keeps_the_count_of_instances_but_neither_weights_nor_capture(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(stack, "E", variants=[real_time(model, scaling=SCALING)])

    endpoint = resources(ENDPOINT)[0]
    assert endpoint["RetainAllVariantProperties"] is True
    excluded = [one["VariantPropertyType"] for one in endpoint["ExcludeRetainedVariantProperties"]]
    assert sorted(excluded) == ["DataCaptureConfig", "DesiredWeight"]
    assert resources(CONFIG)[0]["ProductionVariants"][0]["InitialInstanceCount"] == 2


def test_traffic_is_captured_and_the_role_of_the_model_may_write_it(
    stack: cdk.Stack,
    bucket: s3.IBucket,
    key: kms.IKey,
    repository: ecr.IRepository,
    resources: Resources,
) -> None:
    model = Model(stack, "M", source=ModelSource.from_image(repository, tag_or_digest="1"))
    capture = DataCapture.to_bucket(bucket, sampling_percentage=25, encryption_key=key)

    Endpoint(stack, "E", variants=[real_time(model)], data_capture=capture)

    assert resources(CONFIG)[0]["DataCaptureConfig"] == {
        "EnableCapture": True,
        "InitialSamplingPercentage": 25,
        "DestinationS3Uri": "s3://churn-artifacts/capture",
        "KmsKeyId": key.key_arn,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json"],
        },
    }
    statements = resources("AWS::IAM::Policy")[0]["PolicyDocument"]["Statement"]
    assert [one["Action"] for one in statements] == [
        "s3:PutObject",
        ["kms:Decrypt", "kms:GenerateDataKey"],
    ]


def test_a_role_of_another_stack_is_left_alone(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    Endpoint(stack, "E", variants=[real_time(model)], data_capture=DataCapture.to_bucket(bucket))

    assert not resources("AWS::IAM::Policy")


def test_answers_alone_can_be_captured(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    capture = DataCapture.to_bucket(bucket, requests=False, json_content_types=())

    Endpoint(stack, "E", variants=[real_time(model)], data_capture=capture)

    rendered = resources(CONFIG)[0]["DataCaptureConfig"]
    assert rendered["CaptureOptions"] == [{"CaptureMode": "Output"}]
    assert rendered["CaptureContentTypeHeader"] == {"CsvContentTypes": ["text/csv"]}


def test_a_canary_turns_back_on_alarms_that_the_endpoint_makes(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(
        stack,
        "E",
        endpoint_name="churn-prod",
        variants=[real_time(model, initial_instance_count=2)],
        rollout=Rollout.canary(
            size=Capacity.instances(1),
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
        assert {one["Name"]: one["Value"] for one in alarm["Dimensions"]} == {
            "EndpointName": "churn-prod",
            "VariantName": "AllTraffic",
        }
        assert alarm["TreatMissingData"] == "notBreaching"


def test_other_rollouts_are_all_at_once_linear_and_rolling(model: Model) -> None:
    policies = {}
    for rollout in (
        Rollout.all_at_once(),
        Rollout.linear(step=Capacity.percent(25)),
        Rollout.rolling(batch=Capacity.percent(50)),
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


def test_a_principal_may_invoke_this_endpoint_only(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))

    Endpoint(stack, "E", variants=[real_time(model)]).grant_invoke(caller)

    statement = resources("AWS::IAM::Policy")[0]["PolicyDocument"]["Statement"][0]
    assert statement["Action"] == "sagemaker:InvokeEndpoint"
    assert "Ref" in statement["Resource"]


def test_an_imported_endpoint_can_be_invoked_and_measured(
    stack: cdk.Stack, resources: Resources
) -> None:
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    imported = Endpoint.from_endpoint_name(stack, "E", "Churn-Prod")

    imported.grant_invoke(caller)

    assert imported.metric_invocations().dimensions == {
        "EndpointName": "Churn-Prod",
        "VariantName": "AllTraffic",
    }
    statement = resources("AWS::IAM::Policy")[0]["PolicyDocument"]["Statement"][0]
    assert ":endpoint/churn-prod" in str(statement["Resource"])


def test_metrics_have_their_own_statistic_and_the_callers_options_win(
    stack: cdk.Stack, model: Model
) -> None:
    endpoint = Endpoint(stack, "E", variants=[real_time(model, name="champion")])

    described = {
        metric.metric_name: (metric.namespace, metric.statistic)
        for metric in (
            endpoint.metric("ModelSetupTime"),
            endpoint.metric_invocations(),
            endpoint.metric_invocations_per_instance(),
            endpoint.metric_client_errors(),
            endpoint.metric_server_errors(),
            endpoint.metric_model_latency(statistic="p99"),
            endpoint.metric_overhead_latency(),
            endpoint.metric_cpu_utilization(),
            endpoint.metric_memory_utilization(),
        )
    }
    assert described == {
        "ModelSetupTime": ("AWS/SageMaker", "Average"),
        "Invocations": ("AWS/SageMaker", "Sum"),
        "InvocationsPerInstance": ("AWS/SageMaker", "Sum"),
        "Invocation4XXErrors": ("AWS/SageMaker", "Sum"),
        "Invocation5XXErrors": ("AWS/SageMaker", "Sum"),
        "ModelLatency": ("AWS/SageMaker", "p99"),
        "OverheadLatency": ("AWS/SageMaker", "Average"),
        "CPUUtilization": ("/aws/sagemaker/Endpoints", "Average"),
        "MemoryUtilization": ("/aws/sagemaker/Endpoints", "Average"),
    }
    one = endpoint.metric_invocations(variant="other", period=cdk.Duration.minutes(1), label="n")
    assert one.dimensions is not None and one.dimensions["VariantName"] == "other"
    assert (one.period.to_seconds(), one.label) == (60, "n")
    default = endpoint.metric_invocations().dimensions
    assert default is not None and default["VariantName"] == "champion"
