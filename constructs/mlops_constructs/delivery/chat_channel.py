"""Chat channels that hear of pipelines."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

import aws_cdk as cdk
from aws_cdk import aws_chatbot as chatbot
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.access.service_role import ServiceRole

_SLACK_WORKSPACE = r"[0-9A-Z]{1,255}"
_SLACK_CHANNEL = r"[A-Za-z0-9]{1,256}"
_UUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_NAME = r"[A-Za-z0-9_-]{1,128}"


class ChatChannel(ABC):
    """Defines a channel of Slack or Microsoft Teams, reached by Amazon Q Developer (AWS Chatbot).

    A person has to authorise the workspace, or the team, once in the console of Amazon Q Developer
    in chat applications: CloudFormation cannot. The channel can only read what it is told: its
    role allows nothing, and so does the guardrail above it, whatever someone types there.

    Example:
        ```python
        ChatChannel.slack("ml-alerts", workspace_id="T0123ABCD", channel_id="C0123ABCD")
        ```
    """

    target_type: str
    """The target's type in a notification rule."""

    resource_type: str
    """The type in CloudFormation."""

    @staticmethod
    def slack(name: str, *, workspace_id: str, channel_id: str) -> ChatChannel:
        """A channel of Slack; in a private one, `/invite @Amazon Q` first.

        Args:
            name: the configuration's name, once per account.
            workspace_id: id of the workspace, such as T0123ABCD.
            channel_id: id of the channel (at the end of its link), such as C0123ABCD.

        Raises ValueError for ids or a name of another form.
        """
        return _SlackChannel(name, workspace_id=workspace_id, channel_id=channel_id)

    @staticmethod
    def teams(name: str, *, team_id: str, tenant_id: str, channel_id: str) -> ChatChannel:
        """A channel of Microsoft Teams.

        Args:
            name: the configuration's name, once per account.
            team_id: id of the team, a UUID.
            tenant_id: id of the tenant, a UUID.
            channel_id: id of the channel, as it stands URL-encoded in its link.

        Raises ValueError for ids or a name of another form.
        """
        return _TeamsChannel(name, team_id=team_id, tenant_id=tenant_id, channel_id=channel_id)

    def bind(self, scope: Construct) -> str:
        """Creates the configuration below `scope` and gives its ARN.

        Raises ValueError in a region where CloudFormation knows no such channels.
        """
        problems = Problems(f"the chat channel {scope.node.path}")
        problems.extend(region_problems(scope, self.resource_type))
        problems.raise_if_any()
        role = ServiceRole(
            scope,
            "Role",
            service="chatbot.amazonaws.com",
            description="Amazon Q Developer in chat: tells a channel, and may do nothing",
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
        _refuse(
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
        _refuse(
            name=(name, _NAME, "letters, digits, hyphens and underscores"),
            team_id=(team_id, _UUID, "a UUID"),
            tenant_id=(tenant_id, _UUID, "a UUID"),
            channel_id=(channel_id, r"\S{1,256}", "the id in the channel's link, up to 256 signs"),
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


def _refuse(**values: tuple[str, str, str]) -> None:
    problems = Problems("the chat channel")
    for name, (value, pattern, allowed) in values.items():
        if is_known(value) and not re.fullmatch(pattern, value):
            problems.add(f"{name} is {value!r}; allowed is {allowed}")
    problems.raise_if_any()
