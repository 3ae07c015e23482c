"""Input that AWS rejects, or accepts without effect, is rejected at synthesis."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_kms as kms

from mlops_constructs.access import Permission
from mlops_constructs.delivery import (
    ArtifactStore,
    DeploymentTarget,
    Notifications,
    ProjectResources,
    StageRule,
    TargetAccount,
    approval_action,
    deploy_to_account_action,
)

HERE = "111111111111"


def test_a_store_is_not_encrypted_with_an_alias(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    alias = kms.Alias.from_alias_name(stack, "Alias", "alias/artifacts")
    with pytest.raises(ValueError, match="key: got an alias"):
        ArtifactStore(bucket=project.artifacts.bucket, key=alias)


@pytest.mark.parametrize("question", ["", "?" * 1001])
def test_an_approval_has_a_question_that_codepipeline_can_show(question: str) -> None:
    with pytest.raises(ValueError, match="allowed are 1 to 1000"):
        approval_action(question=question)


def test_a_target_of_another_region_is_rejected(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    with pytest.raises(
        ValueError, match="got a stack in us-east-1; allowed is the target's region eu-west-1"
    ):
        DeploymentTarget(
            stack,
            "Target",
            target=TargetAccount(account=HERE, pipeline_name="release", region="eu-west-1"),
            tooling_account="222222222222",
            artifacts=project.artifacts,
            stack_names=["prod"],
            permissions=[Permission(actions=["sns:CreateTopic"], resources=["arn:aws:sns:::t"])],
        )


@pytest.mark.parametrize(
    ("make", "resources"),
    [
        (
            lambda scope: cloudwatch.Alarm.from_alarm_arn(
                scope, "Alarm", f"arn:aws:cloudwatch:us-east-1:{HERE}:alarm:errors"
            ),
            [f"arn:aws:cloudwatch:us-east-1:{HERE}:alarm:errors"],
        ),
        (
            lambda scope: cloudwatch.CompositeAlarm(
                scope, "Alarms", alarm_rule=cloudwatch.AlarmRule.from_boolean(False)
            ),
            # Composite alarms can only be described with permission for all alarms.
            ["*"],
        ),
    ],
)
def test_a_rule_may_read_its_alarm(
    stack: cdk.Stack, make: Callable[[cdk.Stack], cloudwatch.IAlarm], resources: list[str]
) -> None:
    (permission,) = StageRule.alarm_is_quiet(make(stack)).permissions
    assert list(permission.resources) == resources


def test_a_notification_rule_has_a_name_that_aws_takes(stack: cdk.Stack) -> None:
    arn = f"arn:aws:codepipeline:us-east-1:{HERE}:churn"
    pipeline = codepipeline.Pipeline.from_pipeline_arn(stack, "Pipeline", arn)
    topic = cdk.aws_sns.Topic(stack, "Topic")
    notifications = Notifications(stack, "Churn.Failures", pipeline=pipeline, topics=[topic])
    assert notifications.rule.name.startswith("Churn-Failures-")


def test_a_stack_with_named_roles_needs_its_capability(stack: cdk.Stack) -> None:
    code: Any = codepipeline.Artifact("Code")
    action = deploy_to_account_action(
        stack,
        stack_name="prod",
        template=code.at_path("prod.json"),
        target=TargetAccount(account="222222222222", pipeline_name="release"),
        capabilities=[cdk.CfnCapabilities.NAMED_IAM],
    )
    bound = action.action.bind(
        stack,
        cdk.aws_codepipeline.Pipeline(stack, "P").add_stage(stage_name="S"),
        bucket=cdk.aws_s3.Bucket(stack, "B"),
        role=cdk.aws_iam.Role.from_role_name(stack, "R", "r"),
    )
    assert "CAPABILITY_NAMED_IAM" in json.dumps(bound.configuration)
