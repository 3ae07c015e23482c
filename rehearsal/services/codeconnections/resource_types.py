"""AWS::CodeConnections::Connection and Host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.cloudformation.resource_types import ResourceType


def _host_id(identifier: Mapping[str, Any]) -> str:
    return str(identifier["HostArn"]).rsplit("/", 1)[-1]


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::CodeConnections::Connection",
        service="codeconnections",
        create="CreateConnection",
        delete="DeleteConnection",
        describe="GetConnection",
        identifier=("ConnectionArn",),
        ref="Connection.ConnectionArn",
        attributes={
            "ConnectionArn": "Connection.ConnectionArn",
            "ConnectionStatus": "Connection.ConnectionStatus",
            "OwnerAccountId": "Connection.OwnerAccountId",
        },
        name_property="ConnectionName",
    ),
    ResourceType(
        type_name="AWS::CodeConnections::Host",
        service="codeconnections",
        create="CreateHost",
        update="UpdateHost",
        delete="DeleteHost",
        describe="GetHost",
        identifier=("HostArn",),
        ref="HostArn",
        attributes={"HostArn": "HostArn", "HostId": _host_id, "Status": "Status"},
        name_property="Name",
    ),
]
