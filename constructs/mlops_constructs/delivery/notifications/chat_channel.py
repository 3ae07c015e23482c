"""Chat channels that receive pipeline notifications."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

import aws_cdk as cdk
from aws_cdk import aws_chatbot as chatbot
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.access import ServiceRole

_SLACK_WORKSPACE = r"[0-9A-Z]{1,255}"
_SLACK_CHANNEL = r"[A-Za-z0-9]{1,256}"
_UUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_NAME = r"[A-Za-z0-9_-]{1,128}"


class ChatChannel(ABC):
    """Defines a Slack or Microsoft Teams channel of Amazon Q Developer in chat applications.

    The workspace or team must be authorised once in the console of Amazon Q Developer in chat
    applications; CloudFormation cannot do it. The channel only receives notifications: its role
    allows no actions, and its guardrail denies all actions for every user of the channel.

    Example:
        ```python
        ChatChannel.slack("ml-alerts", workspace_id="T0123ABCD", channel_id="C0123ABCD")
        ```
    """

    target_type: str
    """Target type in a notification rule."""

    resource_type: str
    """Resource type in CloudFormation."""

    @staticmethod
    def slack(name: str, *, workspace_id: str, channel_id: str) -> ChatChannel:
        """Returns a Slack channel; a private channel first needs `/invite @Amazon Q`.

        Args:
            name: name of the configuration, unique in the account: 1 to 128 letters, digits,
                hyphens and underscores.
            workspace_id: id of the workspace, such as "T0123ABCD".
            channel_id: id of the channel (at the end of its link), such as "C0123ABCD".

        Raises:
            ValueError: if the name or an id is malformed.
        """
        return _SlackChannel(name, workspace_id=workspace_id, channel_id=channel_id)

    @staticmethod
    def teams(name: str, *, team_id: str, tenant_id: str, channel_id: str) -> ChatChannel:
        """Returns a Microsoft Teams channel.

        Args:
            name: name of the configuration, unique in the account: 1 to 128 letters, digits,
                hyphens and underscores.
            team_id: id of the team, a UUID.
            tenant_id: id of the tenant, a UUID.
            channel_id: id of the channel, URL-encoded as in its link, up to 256 characters.

        Raises:
            ValueError: if the name or an id is malformed.
        """
        return _TeamsChannel(name, team_id=team_id, tenant_id=tenant_id, channel_id=channel_id)

    def bind(self, scope: Construct) -> str:
        """Creates the configuration and returns its ARN.

        Args:
            scope: parent construct.

        Raises:
            ValueError: if CloudFormation does not support the resource type in the region.
        """
        problems = Problems("ChatChannel", scope)
        problems.extend(region_problems(scope, self.resource_type))
        problems.raise_if_any()
        role = ServiceRole(
            scope,
            "Role",
            service="chatbot.amazonaws.com",
            description="Amazon Q Developer in chat: notifies a channel, allows no actions",
            permissions=[],
        )
        guardrail = f"arn:{cdk.Aws.PARTITION}:iam::aws:policy/AWSDenyAll"
        return self._configure(scope, role.role_arn, guardrail)

    @abstractmethod
    def _configure(self, scope: Construct, role_arn: str, guardrail: str) -> str: ...


class _SlackChannel(ChatChannel):
    target_type = "AWSChatbotSlack"
    resource_type = "AWS::Chatbot::SlackChannelConfiguration"

    def __init__(self, name: str, *, workspace_id: str, channel_id: str) -> None:
        _validate(
            name=(name, _NAME, "letters, digits, hyphens and underscores"),
            workspace_id=(workspace_id, _SLACK_WORKSPACE, "capital letters and digits"),
            channel_id=(channel_id, _SLACK_CHANNEL, "letters and digits"),
        )
        self._name, self._workspace_id, self._channel_id = name, workspace_id, channel_id

    def _configure(self, scope: Construct, role_arn: str, guardrail: str) -> str:
        resource = chatbot.CfnSlackChannelConfiguration(
            scope,
            "Resource",
            configuration_name=self._name,
            slack_workspace_id=self._workspace_id,
            slack_channel_id=self._channel_id,
            iam_role_arn=role_arn,
            guardrail_policies=[guardrail],
            logging_level="ERROR",
        )
        return resource.attr_arn


class _TeamsChannel(ChatChannel):
    target_type = "AWSChatbotMicrosoftTeams"
    resource_type = "AWS::Chatbot::MicrosoftTeamsChannelConfiguration"

    def __init__(self, name: str, *, team_id: str, tenant_id: str, channel_id: str) -> None:
        _validate(
            name=(name, _NAME, "letters, digits, hyphens and underscores"),
            team_id=(team_id, _UUID, "a UUID"),
            tenant_id=(tenant_id, _UUID, "a UUID"),
            channel_id=(
                channel_id,
                r"\S{1,256}",
                "the id in the channel's link, up to 256 characters",
            ),
        )
        self._name, self._team_id = name, team_id
        self._tenant_id, self._channel_id = tenant_id, channel_id

    def _configure(self, scope: Construct, role_arn: str, guardrail: str) -> str:
        resource = chatbot.CfnMicrosoftTeamsChannelConfiguration(
            scope,
            "Resource",
            configuration_name=self._name,
            team_id=self._team_id,
            teams_tenant_id=self._tenant_id,
            teams_channel_id=self._channel_id,
            iam_role_arn=role_arn,
            guardrail_policies=[guardrail],
            logging_level="ERROR",
        )
        return resource.attr_arn


def _validate(**values: tuple[str, str, str]) -> None:
    problems = Problems("ChatChannel")
    for name, (value, pattern, allowed) in values.items():
        if is_known(value) and not re.fullmatch(pattern, value):
            problems.add(f"{name}: got {value!r}; allowed: {allowed}")
    problems.raise_if_any()
