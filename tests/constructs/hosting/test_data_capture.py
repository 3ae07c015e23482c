"""Data capture of requests and responses."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.hosting import (
    DataCapture,
    Endpoint,
    Model,
    ModelSource,
    RealTimeVariant,
)

Resources = Callable[[str], list[dict[str, Any]]]
CONFIG = "AWS::SageMaker::EndpointConfig"


def real_time(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


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
    granted = resources("AWS::IAM::ManagedPolicy")[-1]["PolicyDocument"]["Statement"]
    assert [one["Action"] for one in granted] == [
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
