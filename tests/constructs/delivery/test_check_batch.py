"""Schedules of transform jobs in the templates of stages that the check accepts and rejects."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from mlops_constructs.delivery.runtime.check_monitors import main
from mlops_constructs.hosting import (
    BatchDataCapture,
    BatchTransform,
    Model,
    ModelSource,
    TransformInput,
    TransformInstances,
    TransformOutput,
)

ACCOUNT = "111111111111"
ROLES = f"arn:aws:iam::{ACCOUNT}:role/sagemaker-projects/"
ENVIRONMENT = {
    "SAGEMAKER_PROJECT_NAME": "churn",
    "STAGES": "staging prod",
    "STAGING_KINDS": "real-time",
    "PROD_KINDS": "real-time batch",
    "CODEBUILD_BUILD_ARN": f"arn:aws:codebuild:eu-west-1:{ACCOUNT}:build/Check-1:0a-1b",
    "MONITORING_ROLE_ARN": f"{ROLES}runs",
    "MONITORING_STARTER_ROLE_ARN": f"{ROLES}starter",
    "MONITORING_QUEUE_ARN": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:not-started",
}
Change = Callable[[dict[str, Any]], Any]


def registry(*_: str) -> Any:
    """The AWS CLI, with one model package."""
    return {"InferenceSpecification": {"Containers": [{"Image": "churn:abc"}]}}


@pytest.fixture(scope="module")
def synthesised() -> dict[str, Any]:
    """The stack of a stage of the kind `batch`, as model-deploy synthesises it."""
    stack = cdk.Stack(cdk.App(), "prod")
    key = kms.Key.from_key_arn(
        stack, "Key", stack.format_arn(service="kms", resource="key", resource_name="0a-1b")
    )
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "churn-artifacts")
    role = iam.Role.from_role_arn(stack, "Role", f"{ROLES}model", mutable=False)
    package = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package/churn/7"
    BatchTransform(
        stack,
        "Batch",
        model=Model(stack, "Model", source=ModelSource.from_package(package), role=role),
        source=TransformInput(bucket=bucket, prefix="batch/input/prod"),
        destination=TransformOutput(
            bucket=bucket, prefix="batch/predictions/prod", encryption_key=key
        ),
        capture=BatchDataCapture(bucket=bucket, prefix="batch/capture/prod", encryption_key=key),
        instances=TransformInstances(instance_type="ml.m5.large"),
        schedule=scheduler.ScheduleExpression.cron(hour="3", minute="0"),
        schedule_name="churn-prod-batch",
        job_name_prefix="churn-prod",
        scheduler_role=iam.Role.from_role_arn(
            stack, "Starter", ENVIRONMENT["MONITORING_STARTER_ROLE_ARN"], mutable=False
        ),
        dead_letter_queue=sqs.Queue.from_queue_arn(
            stack, "Queue", ENVIRONMENT["MONITORING_QUEUE_ARN"]
        ),
    )
    template: dict[str, Any] = dict(Template.from_stack(stack).to_json())
    return template


@pytest.fixture
def template(synthesised: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(synthesised)


def schedule_of(template: dict[str, Any]) -> dict[str, Any]:
    (found,) = (
        one["Properties"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::Scheduler::Schedule"
    )
    properties: dict[str, Any] = found
    return properties


def run(
    folder: Path, template: Any, capsys: pytest.CaptureFixture[str], **changes: str
) -> tuple[int, str]:
    (folder / "prod.template.json").write_text(json.dumps(template))
    status = main([str(folder)], {**ENVIRONMENT, **changes}, registry)
    return status, capsys.readouterr().out


def requested(change: Change) -> Change:
    """Returns a change of the request, whose model stays that of the template."""

    def apply(template: dict[str, Any]) -> None:
        target = schedule_of(template)["Target"]
        parts = target["Input"]["Fn::Join"][1]
        model = next(one for one in parts if isinstance(one, dict) and "Fn::GetAtt" in one)
        text = "".join(
            one if isinstance(one, str) else "MODEL" if one is model else "x" for one in parts
        )
        request = json.loads(text)
        change(request)
        before, *after = json.dumps(request).split("MODEL")
        joined = [before, *(part for text in after for part in (model, text))]
        target["Input"] = {"Fn::Join": ["", joined]}

    return apply


def files(uri: str) -> Change:
    return requested(
        lambda one: one["TransformInput"]["DataSource"]["S3DataSource"].update(S3Uri=uri)
    )


ATTACKS: dict[str, tuple[Change, str]] = {
    "a model that is there already": (
        requested(lambda one: one.update(ModelName="fraud-prod-1")),
        "ModelName is 'fraud-prod-1'; allowed is a model of the template",
    ),
    "a part of the name of a model": (
        requested(lambda one: one.update(ModelName="MODEL-evil")),
        "-evil'; allowed is a model of the template",
    ),
    "a model by another attribute": (
        lambda template: schedule_of(template)["Target"]["Input"]["Fn::Join"][1].append(
            {"Fn::GetAtt": ["Model", "Id"]}
        ),
        "allowed is a literal value",
    ),
    "the data of training": (
        files("s3://churn-artifacts/data/"),
        "S3Uri is 's3://churn-artifacts/data/'",
    ),
    "the files of another stage": (
        files("s3://churn-artifacts/batch/input/staging/"),
        "S3Uri is 's3://churn-artifacts/batch/input/staging/'",
    ),
    "a way out of the folder": (
        files("s3://churn-artifacts/batch/input/prod/../../../data/"),
        "S3Uri is ",
    ),
    "a list of files": (
        requested(
            lambda one: one["TransformInput"]["DataSource"]["S3DataSource"].update(
                S3DataType="ManifestFile"
            )
        ),
        "allowed is a prefix of S3",
    ),
    "predictions over model data": (
        requested(lambda one: one["TransformOutput"].update(S3OutputPath="s3://b/models")),
        "S3OutputPath is 's3://b/models'; allowed is s3://BUCKET/batch/predictions/prod",
    ),
    "other variables": (
        requested(lambda one: one.update(Environment={"PYTHONPATH": "s3://evil"})),
        "Environment; allowed are BatchStrategy",
    ),
    "capture elsewhere": (
        requested(lambda one: one["DataCaptureConfig"].update(DestinationS3Uri="s3://evil")),
        "DestinationS3Uri is 's3://evil'; allowed is s3://BUCKET/batch/capture/prod",
    ),
    "capture over that of another stage": (
        requested(
            lambda one: one["DataCaptureConfig"].update(
                DestinationS3Uri="s3://churn-artifacts/batch/capture/staging"
            )
        ),
        "DestinationS3Uri is 's3://churn-artifacts/batch/capture/staging'",
    ),
    "another member of the capture": (
        requested(lambda one: one["DataCaptureConfig"].update(RoleArn="evil")),
        "DataCaptureConfig.RoleArn; allowed are DestinationS3Uri",
    ),
    "too many machines": (
        requested(lambda one: one["TransformResources"].update(InstanceCount=1000)),
        "InstanceCount is 1000; allowed are 1 to 100",
    ),
    "a run each minute": (
        lambda template: schedule_of(template).update(ScheduleExpression="rate(1 minute)"),
        "ScheduleExpression is 'rate(1 minute)'",
    ),
    "many runs in an hour": (
        lambda template: schedule_of(template).update(ScheduleExpression="cron(* * * * ? *)"),
        "ScheduleExpression is 'cron(* * * * ? *)'",
    ),
    "another API": (
        lambda template: schedule_of(template)["Target"].update(
            Arn="arn:aws:scheduler:::aws-sdk:sagemaker:updateModelPackage"
        ),
        "Target.Arn is 'arn:aws:scheduler:::aws-sdk:sagemaker:updateModelPackage'",
    ),
    "another role": (
        lambda template: schedule_of(template)["Target"].update(RoleArn=f"{ROLES}model"),
        f"Target.RoleArn is '{ROLES}model'",
    ),
    "another queue": (
        lambda template: schedule_of(template)["Target"].update(
            DeadLetterConfig={"Arn": "arn:aws:sqs:eu-west-1:222222222222:evil"}
        ),
        "Target.DeadLetterConfig is",
    ),
    "the schedule of another stage": (
        lambda template: schedule_of(template).update(Name="churn-staging-batch"),
        "Name is 'churn-staging-batch'; allowed is churn-prod-NAME",
    ),
    "the name of a monitor": (
        lambda template: schedule_of(template).update(Name="churn-prod-data"),
        "Target.Arn is",
    ),
}


def test_transform_jobs_of_an_approved_model_are_accepted(
    tmp_path: Path, template: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, template, capsys) == (0, "")


def test_a_stage_without_the_kind_starts_no_job(
    tmp_path: Path, template: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    status, printed = run(tmp_path, template, capsys, PROD_KINDS="real-time")

    assert status == 1
    assert "starts transform jobs; allowed kinds are real-time" in printed


@pytest.mark.parametrize("attack", ATTACKS)
def test_jobs_over_anything_else_are_rejected(
    tmp_path: Path, template: dict[str, Any], capsys: pytest.CaptureFixture[str], attack: str
) -> None:
    change, message = ATTACKS[attack]
    change(template)

    status, printed = run(tmp_path, template, capsys)

    assert status == 1
    assert message in printed
