"""AWS::CodeStarNotifications::NotificationRule."""

from __future__ import annotations

from typing import Any

from rehearsal.cloudformation.resource_requests import ResourceFailure
from rehearsal.cloudformation.resource_types import ResourceType


def _to_request(properties: dict[str, Any]) -> dict[str, Any]:
    """Rejects the old properties `EventTypeId`, `TargetAddress` and `CreatedBy`."""
    for name in ("EventTypeId", "TargetAddress", "CreatedBy"):
        if properties.get(name):
            raise ResourceFailure(
                f"AWS::CodeStarNotifications::NotificationRule {name}: the rehearsal does not "
                "support it; use EventTypeIds and Targets."
            )
    return properties


def _to_update_request(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in _to_request(properties).items()
        if key not in {"Resource", "Tags"}
    }


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::CodeStarNotifications::NotificationRule",
        service="codestar-notifications",
        create="CreateNotificationRule",
        update="UpdateNotificationRule",
        delete="DeleteNotificationRule",
        describe="DescribeNotificationRule",
        identifier=("Arn",),
        ref="Arn",
        attributes={"Arn": "Arn"},
        name_property="Name",
        to_request=_to_request,
        to_update_request=_to_update_request,
    )
]
