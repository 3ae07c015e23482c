"""Transform jobs that a schedule starts."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from mlops_constructs.hosting import (
    BatchDataCapture,
    BatchStrategy,
    BatchTransform,
    Model,
    ModelSource,
    SplitType,
    TransformInput,
    TransformInstances,
    TransformOutput,
)

Resources = Callable[[str], list[dict[str, Any]]]
NIGHTLY = scheduler.ScheduleExpression.cron(
    hour="3", minute="0", time_zone=cdk.TimeZone.EUROPE_BERLIN
)


def transform(scope: cdk.Stack, model: Any, bucket: s3.IBucket, **settings: Any) -> BatchTransform:
    return BatchTransform(
        scope,
        "T",
        **{
            "model": model,
            "source": TransformInput(bucket=bucket, prefix="batch/in"),
            "destination": TransformOutput(bucket=bucket, prefix="batch/out"),
            "instances": TransformInstances(instance_type="ml.m7i.large"),
            "schedule": NIGHTLY,
            "job_name_prefix": "nightly",
            **settings,
        },
    )


def request(resources: Resources) -> dict[str, Any]:
    """Returns the request of the Scheduler, with references in words."""
    given = resources("AWS::Scheduler::Schedule")[0]["Target"]["Input"]
    if isinstance(given, dict):
        parts = given["Fn::Join"][1]
        given = "".join(part if isinstance(part, str) else "reference" for part in parts)
    sent: dict[str, Any] = json.loads(given)
    return sent


def test_the_scheduler_starts_jobs_of_unique_names(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    transform(stack, model, bucket)

    schedule = resources("AWS::Scheduler::Schedule")[0]
    assert schedule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert ":scheduler:::aws-sdk:sagemaker:createTransformJob" in str(schedule["Target"]["Arn"])
    assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 3
    assert "DeadLetters" in str(schedule["Target"]["DeadLetterConfig"])
    assert request(resources) == {
        "TransformJobName": "nightly-<aws.scheduler.execution-id>",
        "ModelName": "reference",
        "BatchStrategy": "MultiRecord",
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": "s3://churn-artifacts/batch/in/",
                }
            },
            "ContentType": "text/csv",
            "CompressionType": "None",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": "s3://churn-artifacts/batch/out",
            "Accept": "text/csv",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m7i.large", "InstanceCount": 1},
        "DataProcessing": {"JoinSource": "None"},
    }


def test_jobs_filter_join_encrypt_and_share_the_work(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, key: kms.IKey, resources: Resources
) -> None:
    transform(
        stack,
        model,
        bucket,
        source=TransformInput(
            bucket=bucket,
            prefix="batch/in",
            gzip=True,
            batch=BatchStrategy.SINGLE_RECORD,
            input_filter="$[1:]",
        ),
        destination=TransformOutput(
            bucket=bucket,
            prefix="batch/out",
            encryption_key=key,
            join_input=True,
            output_filter="$[0,-1]",
        ),
        instances=TransformInstances(
            instance_type="ml.m7i.large",
            count=3,
            encryption_key=key,
            concurrency=4,
            payload_mb=20,
        ),
    )

    job = request(resources)
    assert job["TransformInput"]["CompressionType"] == "Gzip"
    assert job["BatchStrategy"] == "SingleRecord"
    assert job["DataProcessing"] == {
        "InputFilter": "$[1:]",
        "OutputFilter": "$[0,-1]",
        "JoinSource": "Input",
    }
    assert job["TransformOutput"]["KmsKeyId"] == key.key_arn
    assert job["TransformResources"]["VolumeKmsKeyId"] == key.key_arn
    assert job["TransformResources"]["InstanceCount"] == 3
    assert (job["MaxConcurrentTransforms"], job["MaxPayloadInMB"]) == (4, 20)


def test_whole_files_have_no_batch_strategy(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    source = TransformInput(
        bucket=bucket, prefix="images", content_type="image/png", split=SplitType.NONE
    )

    transform(stack, model, bucket, source=source)

    job = request(resources)
    assert "BatchStrategy" not in job
    assert job["TransformOutput"]["AssembleWith"] == "None"


def test_the_scheduler_may_start_these_jobs_only_and_the_model_reads_and_writes(
    stack: cdk.Stack,
    bucket: s3.IBucket,
    key: kms.IKey,
    repository: ecr.IRepository,
    resources: Resources,
) -> None:
    model = Model(stack, "M", source=ModelSource.from_image(repository, tag_or_digest="1"))
    output = TransformOutput(bucket=bucket, prefix="batch/out", encryption_key=key)
    instances = TransformInstances(instance_type="ml.m7i.large", encryption_key=key)

    transform(stack, model, bucket, destination=output, instances=instances)

    granted = {
        str(statement["Action"]): str(statement["Resource"])
        for policy in resources("AWS::IAM::ManagedPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    }
    assert ":transform-job/nightly-*" in granted["sagemaker:CreateTransformJob"]
    assert "DeadLetters" in granted["sqs:SendMessage"]
    assert granted["kms:CreateGrant"] == key.key_arn
    assert "/batch/in/*" in granted["s3:GetObject"]
    assert "/batch/out/*" in granted["s3:PutObject"]
    # Jobs have their own log group, beside those of endpoints.
    logs = str([v for actions, v in granted.items() if "logs:PutLogEvents" in actions])
    assert ":log-group:/aws/sagemaker/TransformJobs:*" in logs
    assert granted["['kms:Decrypt', 'kms:GenerateDataKey']"] == key.key_arn
    assert "iam:PassRole" not in granted


def test_a_queue_of_ones_own_takes_what_could_not_be_started(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    queue = sqs.Queue.from_queue_arn(stack, "Q", "arn:aws:sqs:eu-west-1:111111111111:letters")

    transform(stack, model, bucket, dead_letter_queue=queue)

    assert not resources("AWS::SQS::Queue")
    letters = resources("AWS::Scheduler::Schedule")[0]["Target"]["DeadLetterConfig"]
    assert letters == {"Arn": queue.queue_arn}


def test_a_topic_is_told_of_failed_jobs(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    topic = sns.Topic(stack, "Topic")

    transform(stack, model, bucket).on_state_change(
        "Failed", statuses=["Failed"], target=targets.SnsTopic(topic)
    )

    assert resources("AWS::Events::Rule")[0]["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Transform Job State Change"],
        "detail": {
            "TransformJobName": [{"prefix": "nightly-"}],
            "TransformJobStatus": ["Failed"],
        },
    }


def test_jobs_list_what_they_read_and_wrote_where_a_monitor_looks(
    stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository, resources: Resources
) -> None:
    model = Model(stack, "M", source=ModelSource.from_image(repository, tag_or_digest="1"))
    capture = BatchDataCapture(
        bucket=bucket,
        prefix="batch/capture",
        encryption_key=kms.Key(stack, "CaptureKey"),
        inference_id=True,
    )

    transform(stack, model, bucket, capture=capture)

    assert request(resources)["DataCaptureConfig"] == {
        "DestinationS3Uri": "s3://churn-artifacts/batch/capture",
        "GenerateInferenceId": True,
        "KmsKeyId": "reference",
    }
    granted = {
        str(statement["Action"]): str(statement["Resource"])
        for policy in resources("AWS::IAM::ManagedPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
    }
    assert "/batch/capture/*" in granted["s3:PutObject"]
    assert "CaptureKey" in granted["['kms:Decrypt', 'kms:GenerateDataKey']"]


def test_a_capture_without_a_prefix_is_rejected(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket
) -> None:
    with pytest.raises(ValueError, match="capture prefix: got ''"):
        transform(stack, model, bucket, capture=BatchDataCapture(bucket=bucket, prefix=""))


def test_an_existing_role_and_a_name_of_the_schedule_are_used(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    role = iam.Role.from_role_arn(
        stack, "Existing", "arn:aws:iam::111111111111:role/batch", mutable=False
    )
    queue = sqs.Queue.from_queue_arn(
        stack, "Queue", "arn:aws:sqs:eu-west-1:111111111111:not-started"
    )

    transform(
        stack,
        model,
        bucket,
        scheduler_role=role,
        dead_letter_queue=queue,
        schedule_name="churn-prod",
    )

    (schedule,) = resources("AWS::Scheduler::Schedule")
    assert schedule["Name"] == "churn-prod"
    assert schedule["Target"]["RoleArn"] == "arn:aws:iam::111111111111:role/batch"
    assert not [one for one in resources("AWS::IAM::Role") if "scheduler" in str(one)]
    assert not resources("AWS::SQS::Queue")


def test_a_malformed_name_of_the_schedule_is_rejected(
    stack: cdk.Stack, model: Model, bucket: s3.IBucket
) -> None:
    with pytest.raises(ValueError, match="schedule_name: got 'churn prod'"):
        transform(stack, model, bucket, schedule_name="churn prod")
