"""Notifications of pipelines, and the permissions that they need."""

from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template

from mlops_constructs.delivery import ChatChannel, Notifications, PipelineEvent

ARN = "arn:aws:codepipeline:us-east-1:111111111111:churn"
SLACK = ChatChannel.slack("ml", workspace_id="T0123", channel_id="C0123")
UUID = "11111111-2222-3333-4444-555555555555"
PRINCIPAL = {"Service": "codestar-notifications.amazonaws.com"}


@pytest.fixture
def pipeline(stack: cdk.Stack) -> codepipeline.IPipeline:
    return codepipeline.Pipeline.from_pipeline_arn(stack, "Pipeline", ARN)


def test_a_topic_is_notified_of_failures_and_approvals_and_allows_it(
    stack: cdk.Stack, pipeline: codepipeline.IPipeline
) -> None:
    key = kms.Key(stack, "Key")
    topic = sns.Topic(stack, "Topic", master_key=key)
    Notifications(stack, "Notifications", pipeline=pipeline, topics=[topic])

    template = Template.from_stack(stack)
    template.has_resource(
        "AWS::CodeStarNotifications::NotificationRule",
        {
            "Properties": Match.object_like(
                {
                    "Resource": ARN,
                    "DetailType": "FULL",
                    "EventTypeIds": [
                        "codepipeline-pipeline-pipeline-execution-failed",
                        "codepipeline-pipeline-manual-approval-needed",
                    ],
                    "Targets": [{"TargetType": "SNS", "TargetAddress": Match.any_value()}],
                }
            ),
            # AWS rejects a rule whose topic it cannot publish to.
            "DependsOn": [Match.string_like_regexp("TopicPolicy.*")],
        },
    )
    # Both as AWS documents them: a condition that AWS does not set would be silent.
    publish = {
        "Action": "sns:Publish",
        "Effect": "Allow",
        "Principal": PRINCIPAL,
        "Resource": {"Ref": stack.get_logical_id(cast(cdk.CfnElement, topic.node.default_child))},
        "Sid": "0",
    }
    through_sns = {"StringEquals": {"kms:ViaService": "sns.us-east-1.amazonaws.com"}}
    (policy,) = template.find_resources("AWS::SNS::TopicPolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert [one for one in statements if one["Principal"] == PRINCIPAL] == [publish]
    template.has_resource_properties(
        "AWS::KMS::Key",
        {
            "KeyPolicy": Match.object_like(
                {
                    "Statement": Match.array_with(
                        [
                            Match.object_like(
                                {
                                    "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                                    "Principal": PRINCIPAL,
                                    "Condition": through_sns,
                                }
                            )
                        ]
                    )
                }
            )
        },
    )


def test_chat_channels_can_do_nothing(stack: cdk.Stack, pipeline: codepipeline.IPipeline) -> None:
    teams = ChatChannel.teams("ml", team_id=UUID, tenant_id=UUID, channel_id="19%3aabc")
    Notifications(
        stack,
        "Notifications",
        pipeline=pipeline,
        channels=[SLACK, teams],
        events=[PipelineEvent.STAGE_FAILED],
    )

    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::CodeStarNotifications::NotificationRule",
        {
            "EventTypeIds": ["codepipeline-pipeline-stage-execution-failed"],
            "Targets": [
                Match.object_like({"TargetType": "AWSChatbotSlack"}),
                Match.object_like({"TargetType": "AWSChatbotMicrosoftTeams"}),
            ],
        },
    )
    template.resource_count_is("AWS::IAM::ManagedPolicy", 0)
    for kind in ("SlackChannelConfiguration", "MicrosoftTeamsChannelConfiguration"):
        template.has_resource_properties(
            f"AWS::Chatbot::{kind}",
            {
                "GuardrailPolicies": [
                    {"Fn::Join": ["", Match.array_with([Match.string_like_regexp(".*AWSDenyAll")])]}
                ]
            },
        )


def test_a_topic_of_another_stack_is_notified_too(
    stack: cdk.Stack, pipeline: codepipeline.IPipeline
) -> None:
    topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:us-east-1:111111111111:alerts")
    Notifications(stack, "Notifications", pipeline=pipeline, topics=[topic])

    Template.from_stack(stack).has_resource_properties(
        "AWS::CodeStarNotifications::NotificationRule",
        {"Targets": [{"TargetAddress": topic.topic_arn, "TargetType": "SNS"}]},
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "topics and channels: got 0"),
        ({"channels": [SLACK] * 11}, "topics and channels: got 11"),
        ({"channels": [SLACK], "events": []}, "events: got none"),
    ],
)
def test_a_rule_without_targets_or_events_is_rejected(
    stack: cdk.Stack, pipeline: codepipeline.IPipeline, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Notifications(stack, "Notifications", pipeline=pipeline, **options)


def test_a_region_without_notification_rules_is_rejected() -> None:
    stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(region="ca-west-1"))
    pipeline = codepipeline.Pipeline.from_pipeline_arn(stack, "Pipeline", ARN)
    with pytest.raises(ValueError, match="AWS::CodeStarNotifications::NotificationRule"):
        Notifications(stack, "Notifications", pipeline=pipeline, channels=[SLACK])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ChatChannel.slack("a b", workspace_id="T1", channel_id="C1"), "name: got 'a b'"),
        (lambda: ChatChannel.slack("a", workspace_id="t1", channel_id="C1"), "workspace_id: got"),
        (lambda: ChatChannel.slack("a", workspace_id="T1", channel_id="#ml"), "channel_id: got"),
        (
            lambda: ChatChannel.teams("a", team_id="x", tenant_id=UUID, channel_id="19"),
            "team_id: got 'x'; allowed: a UUID",
        ),
        (
            lambda: ChatChannel.teams("a", team_id=UUID, tenant_id="x", channel_id="19"),
            "tenant_id: got 'x'",
        ),
    ],
)
def test_malformed_ids_are_rejected(make: Callable[[], ChatChannel], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
