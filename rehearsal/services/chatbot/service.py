"""Amazon Q Developer in chat applications: channel configurations without chat.

A rehearsal reaches neither Slack nor Teams, and no workspace can be authorised. A channel is
accepted as if its workspace were authorised, and the log reports that nothing is posted to it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.framework.tags import TagOperations, TagShape
from rehearsal.services.chatbot.request_rules import CHATBOT
from rehearsal.services.chatbot.resource_types import RESOURCE_TYPES as RESOURCE_TYPES

_SLACK, _TEAMS = "slack-channel", "microsoft-teams-channel"
_log = logging.getLogger("rehearsal.notifications")


@dataclass
class _Channel:
    """A channel; `shown` has the form of the API, without tags."""

    scope: Scope
    shown: dict[str, Any]


class Chatbot(Service):
    """Channel configurations of every account."""

    KEPT = ("_channels",)

    name = "chatbot"
    namespace = "chatbot"
    validation_error = "InvalidParameterException"
    rules = CHATBOT
    tag_shape = TagShape(arn="ResourceARN", key="TagKey", value="TagValue")

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._channels: dict[str, _Channel] = {}
        self._identity = ServiceIdentity(platform, "chatbot.amazonaws.com", "chatbot")
        self.compose(TagOperations(self.tags, lambda arn, _: self._find(arn)))

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """Returns the ARNs of an operation.

        Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awschatbot.html
        """
        for member in ("ChatConfigurationArn", "ResourceARN"):
            if member in request:
                return [request[member]]
        return ["*"]

    def create_slack_channel_configuration(self, request: Request, context: Context) -> Response:
        named = {"SlackTeamName": request["SlackTeamId"]}
        named["SlackChannelName"] = request.get("SlackChannelName", request["SlackChannelId"])
        return self._create(_SLACK, request, context, named)

    def describe_slack_channel_configurations(self, request: Request, context: Context) -> Response:
        arn = request.get("ChatConfigurationArn")
        with self.lock:
            found = [
                self._shown(channel)
                for key, channel in self._channels.items()
                if channel.scope.account == context.scope.account
                and f"/{_SLACK}/" in key
                and arn in (None, key)
            ]
        return {"SlackChannelConfigurations": found}

    def update_slack_channel_configuration(self, request: Request, context: Context) -> Response:
        return self._update(_SLACK, request, context)

    def delete_slack_channel_configuration(self, request: Request, context: Context) -> Response:
        return self._delete(_SLACK, request)

    def create_microsoft_teams_channel_configuration(
        self, request: Request, context: Context
    ) -> Response:
        return self._create(_TEAMS, request, context, {})

    def get_microsoft_teams_channel_configuration(
        self, request: Request, context: Context
    ) -> Response:
        channel = self._find(request["ChatConfigurationArn"], _TEAMS)
        return {"ChannelConfiguration": self._shown(channel)}

    def update_microsoft_teams_channel_configuration(
        self, request: Request, context: Context
    ) -> Response:
        return self._update(_TEAMS, request, context)

    def delete_microsoft_teams_channel_configuration(
        self, request: Request, context: Context
    ) -> Response:
        return self._delete(_TEAMS, request)

    def _create(
        self, kind: str, request: Request, context: Context, named: Mapping[str, str]
    ) -> Response:
        self._identity.check_role(context, request["IamRoleArn"])
        name = request["ConfigurationName"]
        arn = f"arn:aws:chatbot::{context.scope.account}:chat-configuration/{kind}/{name}"
        defaults = {"SnsTopicArns": [], "LoggingLevel": "NONE", "State": "ENABLED", **named}
        given = {member: value for member, value in request.items() if member != "Tags"}
        channel = _Channel(context.scope, {**defaults, **given, "ChatConfigurationArn": arn})
        with self.lock:
            if arn in self._channels:
                raise AwsError("ConflictException", f"{arn} exists already", 409)
            self._channels[arn] = channel
            self.tags.put(arn, request.get("Tags"))
        _log.warning("A rehearsal posts to no chat channel: %s stays silent", arn)
        return {"ChannelConfiguration": self._shown(channel)}

    def _update(self, kind: str, request: Request, context: Context) -> Response:
        channel = self._find(request["ChatConfigurationArn"], kind)
        if request.get("IamRoleArn", channel.shown["IamRoleArn"]) != channel.shown["IamRoleArn"]:
            self._identity.check_role(context, request["IamRoleArn"])
        with self.lock:
            channel.shown |= request
            return {"ChannelConfiguration": self._shown(channel)}

    def _delete(self, kind: str, request: Request) -> Response:
        self._find(request["ChatConfigurationArn"], kind)
        with self.lock:
            self._channels.pop(request["ChatConfigurationArn"], None)
            self.tags.drop(request["ChatConfigurationArn"])
        return {}

    def _find(self, arn: str, kind: str = "") -> _Channel:
        with self.lock:
            channel = self._channels.get(arn)
        if channel is None or (kind and f"/{kind}/" not in arn):
            raise AwsError("ResourceNotFoundException", f"There is no configuration {arn}", 404)
        return channel

    def _shown(self, channel: _Channel) -> dict[str, Any]:
        tags = self.tags.shown(channel.shown["ChatConfigurationArn"])
        return {**channel.shown, **({"Tags": tags} if tags else {})}
