"""Chat channels are kept, and never posted to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.chatbot import Chatbot
from tests.rehearsal.fakes import CALLER, ROLE, FakePlatform, ServiceClient

SLACK = {
    "ConfigurationName": "ml",
    "SlackTeamId": "T0123",
    "SlackChannelId": "C0123",
    "IamRoleArn": ROLE,
}
TEAM = "11111111-1111-1111-1111-111111111111"
TEAMS = {
    "ConfigurationName": "ml",
    "TeamId": TEAM,
    "TenantId": TEAM,
    "ChannelId": "19%3a",
    "IamRoleArn": ROLE,
}


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    return FakePlatform(tmp_path)


@pytest.fixture
def chatbot(platform: FakePlatform) -> Any:
    return ServiceClient(Chatbot(platform), CALLER)


def test_a_slack_channel_is_kept_and_the_log_says_that_it_stays_silent(
    chatbot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    made = chatbot.create_slack_channel_configuration(**SLACK)["ChannelConfiguration"]
    arn = made["ChatConfigurationArn"]
    assert arn == "arn:aws:chatbot::111111111111:chat-configuration/slack-channel/ml"
    assert "stays silent" in caplog.text
    chatbot.update_slack_channel_configuration(
        ChatConfigurationArn=arn, SlackChannelId="C9", LoggingLevel="ERROR"
    )
    shown = chatbot.describe_slack_channel_configurations()["SlackChannelConfigurations"]
    assert [(one["SlackChannelId"], one["LoggingLevel"]) for one in shown] == [("C9", "ERROR")]
    with pytest.raises(ClientError, match="exists already"):
        chatbot.create_slack_channel_configuration(**SLACK)
    chatbot.delete_slack_channel_configuration(ChatConfigurationArn=arn)
    assert chatbot.describe_slack_channel_configurations()["SlackChannelConfigurations"] == []


def test_a_teams_channel_is_kept(chatbot: Any) -> None:
    made = chatbot.create_microsoft_teams_channel_configuration(**TEAMS)["ChannelConfiguration"]
    arn = made["ChatConfigurationArn"]
    chatbot.tag_resource(ResourceARN=arn, Tags=[{"TagKey": "team", "TagValue": "ml"}])
    chatbot.update_microsoft_teams_channel_configuration(ChatConfigurationArn=arn, ChannelId="20")
    shown = chatbot.get_microsoft_teams_channel_configuration(ChatConfigurationArn=arn)
    assert shown["ChannelConfiguration"]["ChannelId"] == "20"
    assert chatbot.list_tags_for_resource(ResourceARN=arn)["Tags"][0]["TagValue"] == "ml"
    chatbot.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert chatbot.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    chatbot.delete_microsoft_teams_channel_configuration(ChatConfigurationArn=arn)
    with pytest.raises(ClientError, match="There is no configuration"):
        chatbot.get_microsoft_teams_channel_configuration(ChatConfigurationArn=arn)


def test_who_may_not_pass_the_role_makes_no_channel(chatbot: Any, platform: FakePlatform) -> None:
    platform.denied.add(("iam:PassRole", ROLE))
    with pytest.raises(ClientError, match="iam:PassRole"):
        chatbot.create_slack_channel_configuration(**SLACK)
