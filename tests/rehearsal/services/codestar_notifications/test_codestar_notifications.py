"""Notification rules publish the messages of AWS about pipelines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.events.listeners import EventListeners
from rehearsal.services.codestar_notifications import CodeStarNotifications
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform, ServiceClient
from tests.rehearsal.services.codepipeline.workshop import wait_for

PIPELINE = SCOPE.arn("codepipeline", "demo")
TOPIC = SCOPE.arn("sns", "alerts")
SLACK = "arn:aws:chatbot::111111111111:chat-configuration/slack-channel/ml"
RULE: dict[str, Any] = {
    "Name": "demo",
    "Resource": PIPELINE,
    "DetailType": "FULL",
    "EventTypeIds": [
        "codepipeline-pipeline-pipeline-execution-failed",
        "codepipeline-pipeline-manual-approval-needed",
    ],
    "Targets": [{"TargetType": "SNS", "TargetAddress": TOPIC}],
}


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    return FakePlatform(tmp_path)


@pytest.fixture
def service(platform: FakePlatform) -> Iterator[CodeStarNotifications]:
    service = CodeStarNotifications(platform)
    yield service
    service.close()


@pytest.fixture
def notifications(service: CodeStarNotifications) -> Any:
    return ServiceClient(service, CALLER)


def tell(platform: FakePlatform, kind: str, state: str, **detail: Any) -> None:
    detail_type = f"CodePipeline {kind} Execution State Change"
    listeners = EventListeners.of(platform)
    listeners.notify(SCOPE, detail_type, {"pipeline": "demo", "state": state, **detail}, PIPELINE)


def test_a_failure_is_told_in_awss_words(notifications: Any, platform: FakePlatform) -> None:
    arn = notifications.create_notification_rule(**RULE)["Arn"]
    tell(platform, "Pipeline", "SUCCEEDED")
    tell(platform, "Pipeline", "FAILED")
    topic, text = wait_for(lambda: platform.published)[0]
    message = json.loads(text)
    assert topic == TOPIC
    assert message["notificationRuleArn"] == arn
    assert message["detailType"] == "CodePipeline Pipeline Execution State Change"
    assert message["detail"] == {"pipeline": "demo", "state": "FAILED"}
    assert (message["account"], message["region"]) == (SCOPE.account, SCOPE.region)
    assert (message["source"], message["resources"]) == ("aws.codepipeline", [PIPELINE])
    assert len(platform.published) == 1


def test_a_needed_approval_is_reported(notifications: Any, platform: FakePlatform) -> None:
    notifications.create_notification_rule(**RULE)
    tell(platform, "Action", "STARTED", type={"category": "Build"})
    tell(platform, "Action", "STARTED", type={"category": "Approval"})
    wait_for(lambda: platform.published)
    assert len(platform.published) == 1


def test_a_topic_that_rejects_is_unreachable_until_it_does_not(
    notifications: Any, platform: FakePlatform
) -> None:
    arn = notifications.create_notification_rule(**RULE)["Arn"]
    platform.denied.add(("sns:Publish", TOPIC))
    tell(platform, "Pipeline", "FAILED")

    def status() -> Any:
        shown = notifications.describe_notification_rule(Arn=arn)
        return shown["Targets"][0]["TargetStatus"]

    wait_for(lambda: status() == "UNREACHABLE")
    assert platform.published == []
    platform.denied.clear()
    tell(platform, "Pipeline", "FAILED")
    wait_for(lambda: status() == "ACTIVE")


def test_a_chat_channel_is_not_reached_and_says_so(
    notifications: Any, platform: FakePlatform, caplog: pytest.LogCaptureFixture
) -> None:
    chat = {"TargetType": "AWSChatbotSlack", "TargetAddress": SLACK}
    arn = notifications.create_notification_rule(**{**RULE, "Targets": [chat]})["Arn"]
    shown = notifications.describe_notification_rule(Arn=arn)
    assert shown["Targets"] == [{**chat, "TargetStatus": "UNREACHABLE"}]
    tell(platform, "Pipeline", "FAILED")
    wait_for(lambda: "cannot post to the chat channel" in caplog.text)


def test_a_rule_changes_in_place_and_can_be_silent(
    notifications: Any, platform: FakePlatform
) -> None:
    arn = notifications.create_notification_rule(**RULE, Tags={"team": "ml"})["Arn"]
    started = "codepipeline-pipeline-pipeline-execution-started"
    notifications.update_notification_rule(Arn=arn, EventTypeIds=[started], Name="renamed")
    tell(platform, "Pipeline", "FAILED")
    tell(platform, "Pipeline", "STARTED")
    wait_for(lambda: platform.published)
    notifications.update_notification_rule(Arn=arn, Status="DISABLED")
    tell(platform, "Pipeline", "STARTED")
    shown = notifications.describe_notification_rule(Arn=arn)
    assert [one["EventTypeId"] for one in shown["EventTypes"]] == [started]
    assert (shown["Name"], shown["Status"], shown["Tags"]) == (
        "renamed",
        "DISABLED",
        {"team": "ml"},
    )
    assert len(platform.published) == 1
    listed = notifications.list_notification_rules()["NotificationRules"]
    assert [one["Arn"] for one in listed] == [arn]
    notifications.delete_notification_rule(Arn=arn)
    with pytest.raises(ClientError, match="There is no notification rule"):
        notifications.describe_notification_rule(Arn=arn)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"EventTypeIds": ["codebuild-project-build-state-failed"]},
            "not an event type of a pipeline",
        ),
        ({"Resource": SCOPE.arn("codebuild", "project/x")}, "supports pipelines only"),
        (
            {"Targets": [{"TargetType": "SQS", "TargetAddress": TOPIC}]},
            "TargetType must be one of",
        ),
        ({"Targets": RULE["Targets"] * 11}, "at most 10 targets"),
    ],
)
def test_what_a_rule_cannot_be_is_rejected(
    notifications: Any, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        notifications.create_notification_rule(**{**RULE, **change})


def test_a_name_is_taken_once(notifications: Any) -> None:
    notifications.create_notification_rule(**RULE)
    with pytest.raises(ClientError) as error:
        notifications.create_notification_rule(**RULE)
    assert error.value.response["Error"]["Code"] == "ResourceAlreadyExistsException"
