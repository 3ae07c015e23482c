"""AWS::Chatbot::SlackChannelConfiguration and MicrosoftTeamsChannelConfiguration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.cloudformation.resource_requests import ResourceFailure
from rehearsal.cloudformation.resource_types import ResourceType

_NAMES = {
    "SlackWorkspaceId": "SlackTeamId",
    "GuardrailPolicies": "GuardrailPolicyArns",
    "UserRoleRequired": "UserAuthorizationRequired",
    "TeamsChannelId": "ChannelId",
    "TeamsChannelName": "ChannelName",
    "TeamsTenantId": "TenantId",
}
_CREATE_ONLY = ("ConfigurationName", "SlackTeamId", "TeamId", "TenantId", "Tags")


def _to_request(properties: dict[str, Any]) -> dict[str, Any]:
    """Returns a request with the names of the API, which differ from CloudFormation's."""
    if properties.get("CustomizationResourceArns"):
        raise ResourceFailure("CustomizationResourceArns: the rehearsal has no custom actions.")
    given = {key: item for key, item in properties.items() if key != "CustomizationResourceArns"}
    request = {_NAMES.get(name, name): value for name, value in given.items()}
    if "Tags" in request:
        request["Tags"] = [
            {"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in request["Tags"]
        ]
    return request


def _to_update_request(properties: dict[str, Any]) -> dict[str, Any]:
    request = _to_request(properties)
    return {key: value for key, value in request.items() if key not in _CREATE_ONLY}


def _arn(identifier: Mapping[str, Any]) -> str:
    given = identifier.get("ChannelConfiguration") or identifier
    return str(given["ChatConfigurationArn"])


def _by_arn(identifier: Mapping[str, Any]) -> dict[str, Any]:
    return {"ChatConfigurationArn": _arn(identifier)}


def _keep_arn(client: Any, identifier: Mapping[str, Any]) -> None:
    """Keeps the ARN of the nested response of the creation, which identifies a channel."""
    arn = _arn(identifier)
    if isinstance(identifier, dict):
        identifier.clear()
        identifier["ChatConfigurationArn"] = arn


def _channel(type_name: str, kind: str, describe: str) -> ResourceType:
    return ResourceType(
        type_name=type_name,
        service="chatbot",
        create=f"Create{kind}",
        update=f"Update{kind}",
        delete=f"Delete{kind}",
        describe=describe,
        identifier=("ChannelConfiguration",),
        ref=_arn,
        attributes={"Arn": _arn},
        to_request=_to_request,
        to_update_request=_to_update_request,
        to_describe_request=_by_arn,
        to_delete_request=_by_arn,
        wait=_keep_arn,
    )


RESOURCE_TYPES = [
    _channel(
        "AWS::Chatbot::SlackChannelConfiguration",
        "SlackChannelConfiguration",
        "DescribeSlackChannelConfigurations",
    ),
    _channel(
        "AWS::Chatbot::MicrosoftTeamsChannelConfiguration",
        "MicrosoftTeamsChannelConfiguration",
        "GetMicrosoftTeamsChannelConfiguration",
    ),
]
