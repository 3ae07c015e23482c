"""Complaints about comparable libraries (numbers as in `tests/test_complaints.py`)."""

import json
from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from mlops_constructs.delivery import (
    Connection,
    GitProvider,
    ModelBuildPipeline,
    Notifications,
    ProjectResources,
    Source,
)


def behind_a_connection(stack: cdk.Stack) -> Source:
    connection = Connection(
        stack, "Connection", provider=GitProvider.GITHUB, connection_name="team"
    )
    return Source.connection(connection, "team", "churn")


def in_a_bucket(stack: cdk.Stack) -> Source:
    return Source.s3(s3.Bucket.from_bucket_name(stack, "Code", "code"), "churn.zip")


@pytest.mark.parametrize(
    ("make", "provider"),
    [(behind_a_connection, "CodeStarSourceConnection"), (in_a_bucket, "S3")],
)
def test_complaint_1_a_model_is_built_without_codecommit(
    stack: cdk.Stack,
    project: ProjectResources,
    make: Callable[[cdk.Stack], Source],
    provider: str,
) -> None:
    ModelBuildPipeline(
        stack,
        "ModelBuild",
        project=project,
        source=make(stack),
        image_repository=ecr.Repository(stack, "Images"),
    )

    text = json.dumps(Template.from_stack(stack).to_json()).lower()
    assert f'"provider": "{provider.lower()}"' in text
    assert "codecommit" not in text


def test_complaint_13_a_pipeline_notifies_of_its_failure_by_default(
    stack: cdk.Stack,
) -> None:
    arn = "arn:aws:codepipeline:us-east-1:111111111111:churn"
    pipeline = codepipeline.Pipeline.from_pipeline_arn(stack, "Pipeline", arn)
    Notifications(stack, "Notifications", pipeline=pipeline, topics=[sns.Topic(stack, "Topic")])

    (rule,) = (
        Template.from_stack(stack)
        .find_resources("AWS::CodeStarNotifications::NotificationRule")
        .values()
    )
    events = rule["Properties"]["EventTypeIds"]
    assert "codepipeline-pipeline-pipeline-execution-failed" in events
