"""Asynchronous endpoints: a queue before, S3 and topics behind, no instances without work."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from mlops_constructs.hosting import (
    AsyncInference,
    DataCapture,
    Endpoint,
    ManagedInstanceScaling,
    Model,
    ModelSource,
    RealTimeVariant,
    Scaling,
    ScalingPolicy,
    ServerlessVariant,
)

Resources = Callable[[str], list[dict[str, Any]]]
Rejection = Callable[..., str]
CONFIG = "AWS::SageMaker::EndpointConfig"
TO_ZERO = Scaling.between(0, 3, ScalingPolicy.target_backlog(5))


def variant(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


def test_answers_go_to_s3_and_topics(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, key: kms.IKey, resources: Resources
) -> None:
    done = sns.Topic.from_topic_arn(stack, "Done", "arn:aws:sns:eu-west-1:111111111111:done")
    failed = sns.Topic.from_topic_arn(stack, "Bad", "arn:aws:sns:eu-west-1:111111111111:failed")

    Endpoint(
        stack,
        "E",
        variants=[variant(model)],
        asynchronous=AsyncInference.to_bucket(
            bucket,
            prefix="responses",
            failure_prefix="failures",
            encryption_key=key,
            success_topic=done,
            error_topic=failed,
            include_response_in=[failed],
            max_concurrent_invocations=4,
        ),
    )

    assert resources(CONFIG)[0]["AsyncInferenceConfig"] == {
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4},
        "OutputConfig": {
            "S3OutputPath": "s3://churn-artifacts/responses",
            "S3FailurePath": "s3://churn-artifacts/failures",
            "KmsKeyId": key.key_arn,
            "NotificationConfig": {
                "SuccessTopic": done.topic_arn,
                "ErrorTopic": failed.topic_arn,
                "IncludeInferenceResponseIn": ["ERROR_NOTIFICATION_TOPIC"],
            },
        },
    }


def test_without_topics_nobody_is_told(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    asynchronous = AsyncInference.to_bucket(bucket, failure_prefix=None)

    Endpoint(stack, "E", variants=[variant(model)], asynchronous=asynchronous)

    assert resources(CONFIG)[0]["AsyncInferenceConfig"] == {
        "OutputConfig": {"S3OutputPath": "s3://churn-artifacts/async/answers"}
    }


def test_the_role_of_the_model_reads_requests_writes_answers_and_tells_topics(
    stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository, resources: Resources
) -> None:
    topic = sns.Topic(stack, "Topic", master_key=kms.Key(stack, "TopicKey"))
    model = Model(stack, "M", source=ModelSource.from_image(repository, tag_or_digest="1"))

    Endpoint(
        stack,
        "E",
        variants=[variant(model)],
        asynchronous=AsyncInference.to_bucket(bucket, success_topic=topic, error_topic=topic),
    )

    granted = {
        str(statement["Action"]): str(statement["Resource"])
        for policy in resources("AWS::IAM::ManagedPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
    }
    assert "/async/requests/*" in granted["s3:GetObject"]
    written = granted["['s3:AbortMultipartUpload', 's3:PutObject']"]
    assert "/async/answers/*" in written
    assert "/async/failures/*" in written
    assert granted["sns:Publish"] == "{'Ref': 'TopicBFC7AF6E'}"
    assert "TopicKey" in granted["['kms:Decrypt', 'kms:GenerateDataKey']"]


def test_a_caller_may_put_requests_into_the_queue(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    asynchronous = AsyncInference.to_bucket(bucket)
    endpoint = Endpoint(stack, "E", variants=[variant(model)], asynchronous=asynchronous)

    endpoint.grant_invoke_async(caller)

    statement = resources("AWS::IAM::Policy")[0]["PolicyDocument"]["Statement"][0]
    assert statement["Action"] == "sagemaker:InvokeEndpointAsync"
    assert "Ref" in statement["Resource"]


def test_an_empty_queue_has_no_instances_and_one_request_wakes_the_endpoint(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    Endpoint(
        stack,
        "E",
        variants=[variant(model, scaling=TO_ZERO)],
        asynchronous=AsyncInference.to_bucket(bucket),
    )

    # CreateEndpointConfig takes no count of 0.
    assert resources(CONFIG)[0]["ProductionVariants"][0]["InitialInstanceCount"] == 1
    assert resources("AWS::ApplicationAutoScaling::ScalableTarget")[0]["MinCapacity"] == 0
    policies = {
        policy["PolicyName"]: policy
        for policy in resources("AWS::ApplicationAutoScaling::ScalingPolicy")
    }
    tracking = policies["ApproximateBacklogSizePerInstance"]
    metric = tracking["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
    assert metric["MetricName"] == "ApproximateBacklogSizePerInstance"
    assert [dimension["Name"] for dimension in metric["Dimensions"]] == ["EndpointName"]
    assert policies["WakeUp"]["StepScalingPolicyConfiguration"]["StepAdjustments"] == [
        {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}
    ]
    alarm = resources("AWS::CloudWatch::Alarm")[0]
    assert alarm["MetricName"] == "HasBacklogWithoutCapacity"
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)
    assert [dimension["Name"] for dimension in alarm["Dimensions"]] == ["EndpointName"]
    assert "WakeUp" in str(alarm["AlarmActions"])


def test_a_rollout_starts_instances_though_the_queue_is_empty(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    Endpoint(
        stack,
        "E",
        variants=[variant(model, scaling=TO_ZERO)],
        asynchronous=AsyncInference.to_bucket(bucket),
    )

    endpoint = resources("AWS::SageMaker::Endpoint")[0]
    excluded = {one["VariantPropertyType"] for one in endpoint["ExcludeRetainedVariantProperties"]}
    assert excluded == {"DataCaptureConfig", "DesiredInstanceCount", "DesiredWeight"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"max_concurrent_invocations": 0}, "max_concurrent_invocations: got 0; allowed are 1 to"),
        ({"max_concurrent_invocations": 1001}, "max_concurrent_invocations: got 1001"),
        ({"prefix": "/responses"}, "asynchronous prefix: got '/responses'; allowed is a path"),
        ({"failure_prefix": ""}, "asynchronous failure_prefix: got ''"),
        ({"input_prefix": "a/"}, "asynchronous input_prefix: got 'a/'"),
    ],
)
def test_settings_that_aws_rejects(
    rejection: Rejection, model: Model, bucket: s3.IBucket, settings: dict[str, Any], expected: str
) -> None:
    asynchronous = AsyncInference.to_bucket(bucket, **settings)

    assert expected in rejection(variant(model), asynchronous=asynchronous)


def test_answers_are_included_only_where_they_are_told(
    rejection: Rejection, stack: cdk.Stack, model: Model, bucket: s3.IBucket
) -> None:
    stranger = sns.Topic(stack, "Stranger")
    asynchronous = AsyncInference.to_bucket(bucket, include_response_in=[stranger])

    message = rejection(variant(model), asynchronous=asynchronous)

    assert "include_response_in: got 1 topics that are neither success_topic nor error" in message


def test_a_queue_has_one_variant_on_instances_of_its_own_and_no_capture(
    rejection: Rejection, model: Model, open_model: Model, role: iam.IRole, bucket: s3.IBucket
) -> None:
    asynchronous = AsyncInference.to_bucket(bucket)

    message = rejection(
        variant(model, name="a"),
        variant(model, name="b"),
        asynchronous=asynchronous,
        data_capture=DataCapture.to_bucket(bucket),
    )
    assert "asynchronous: got 2 variants; InvokeEndpointAsync cannot choose one" in message
    assert "data_capture: asynchronous endpoints do not support data capture" in message

    message = rejection(ServerlessVariant(model=open_model), asynchronous=asynchronous)
    assert "asynchronous: cannot be combined with a serverless variant" in message

    fleet = ManagedInstanceScaling(instance_type="ml.m7i.large", role=role, maximum=1)
    assert "asynchronous: cannot be combined with ManagedInstanceScaling" in rejection(
        fleet, asynchronous=asynchronous
    )


def test_a_queue_has_no_multi_model_container(
    rejection: Rejection, stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository
) -> None:
    many = ModelSource.multi_model(
        repository, tag_or_digest="1", model_data_bucket=bucket, model_data_prefix="many/"
    )
    model = Model(stack, "Many", source=many)

    message = rejection(variant(model), asynchronous=AsyncInference.to_bucket(bucket))

    assert "asynchronous: got a multi-model container; InvokeEndpointAsync cannot name" in message
