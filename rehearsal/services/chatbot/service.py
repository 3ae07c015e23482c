"""Amazon Q Developer in chat applications: channels are kept, and never posted to.

Slack and Teams are no part of a rehearsal, and nobody can authorise a workspace here: a channel is
accepted as if that had been done, and the log says that it stays silent.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.services.chatbot.resource_types import RESOURCE_TYPES as RESOURCE_TYPES

_PRINCIPAL = "chatbot.amazonaws.com"
_SLACK, _TEAMS = "slack-channel", "microsoft-teams-channel"
_log = logging.getLogger("rehearsal.notifications")


@dataclass
class _Channel:
    """A channel; `shown` is what the API answers of it."""

    scope: Scope
    shown: dict[str, Any]

    @property
    def tags(self) -> dict[str, str]:
        return {tag["TagKey"]: tag["TagValue"] for tag in self.shown.get("Tags", [])}


class Chatbot(Service):
    """Channel configurations of every account."""

    name = "chatbot"
    namespace = "chatbot"
    validation_error = "InvalidParameterException"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._channels: dict[str, _Channel] = {}

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awschatbot.html"""
        for member in ("ChatConfigurationArn", "ResourceARN"):
            if member in request:
                return [request[member]]
        return ["*"]

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        with self.lock:
            channel = self._channels.get(arn)
            return channel.tags if channel else {}

    def create_slack_channel_configuration(self, request: Request, context: Context) -> Response:
        named = {"SlackTeamName": request["SlackTeamId"]}
        named["SlackChannelName"] = request.get("SlackChannelName", request["SlackChannelId"])
        return self._create(_SLACK, request, context, named)

    def describe_slack_channel_configurations(self, request: Request, context: Context) -> Response:
        arn = request.get("ChatConfigurationArn")
        with self.lock:
            found = [
                dict(channel.shown)
                for key, channel in self._channels.items()
                if channel.scope.account == context.scope.account
                and f"/{_SLACK}/" in key
                and arn in (None, key)
            ]
        return {"SlackChannelConfigurations": found}

    def update_slack_channel_configuration(self, request: Request, context: Context) -> Response:
        return self._update(request, context)

    def delete_slack_channel_configuration(self, request: Request, context: Context) -> Response:
        return self._delete(request)

    def create_microsoft_teams_channel_configuration(
        self, request: Request, context: Context
    ) -> Response:
        return self._create(_TEAMS, request, context, {})

    def get_microsoft_teams_channel_configuration(
        self, request: Request, context: Context
    ) -> Response:
        return {"ChannelConfiguration": dict(self._find(request["ChatConfigurationArn"]).shown)}

    def update_microsoft_teams_channel_configuration(
        self, request: Request, context: Context
    ) -> Response:
        return self._update(request, context)

    def delete_microsoft_teams_channel_configuration(
        self, request: Request, context: Context
    ) -> Response:
        return self._delete(request)

    def tag_resource(self, request: Request, context: Context) -> Response:
        channel = self._find(request["ResourceARN"])
        tags = channel.tags | {tag["TagKey"]: tag["TagValue"] for tag in request["Tags"]}
        return self._set_tags(channel, tags)

    def untag_resource(self, request: Request, context: Context) -> Response:
        channel = self._find(request["ResourceARN"])
        tags = {k: v for k, v in channel.tags.items() if k not in request["TagKeys"]}
        return self._set_tags(channel, tags)

    def list_tags_for_resource(self, request: Request, context: Context) -> Response:
        return {"Tags": list(self._find(request["ResourceARN"]).shown.get("Tags", []))}

    def _create(
        self, kind: str, request: Request, context: Context, named: Mapping[str, str]
    ) -> Response:
        self.platform.check_pass_role(context, request["IamRoleArn"], _PRINCIPAL)
        name = request["ConfigurationName"]
        arn = f"arn:aws:chatbot::{context.scope.account}:chat-configuration/{kind}/{name}"
        defaults = {"SnsTopicArns": [], "LoggingLevel": "NONE", "State": "ENABLED", **named}
        shown = {**defaults, **request, "ChatConfigurationArn": arn}
        with self.lock:
            if arn in self._channels:
                raise AwsError("ConflictException", f"{arn} exists already", 409)
            self._channels[arn] = _Channel(context.scope, shown)
        _log.warning("A rehearsal cannot post to chat channels: %s stays silent", arn)
        return {"ChannelConfiguration": dict(shown)}

    def _update(self, request: Request, context: Context) -> Response:
        channel = self._find(request["ChatConfigurationArn"])
        if request.get("IamRoleArn", channel.shown["IamRoleArn"]) != channel.shown["IamRoleArn"]:
            self.platform.check_pass_role(context, request["IamRoleArn"], _PRINCIPAL)
        with self.lock:
            channel.shown |= request
            return {"ChannelConfiguration": dict(channel.shown)}

    def _delete(self, request: Request) -> Response:
        self._find(request["ChatConfigurationArn"])
        with self.lock:
            self._channels.pop(request["ChatConfigurationArn"], None)
        return {}

    def _find(self, arn: str) -> _Channel:
        with self.lock:
            channel = self._channels.get(arn)
        if channel is None:
            raise AwsError("ResourceNotFoundException", f"There is no configuration {arn}", 404)
        return channel

    def _set_tags(self, channel: _Channel, tags: Mapping[str, str]) -> Response:
        with self.lock:
            channel.shown["Tags"] = [{"TagKey": k, "TagValue": v} for k, v in sorted(tags.items())]
        return {}
