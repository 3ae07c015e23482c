"""Notification rules and their validation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import AwsError, Scope
from rehearsal.services.codestar_notifications.event_types import EVENT_TYPES

CHATS = ("AWSChatbotSlack", "AWSChatbotMicrosoftTeams")
"""Types of targets that a rehearsal does not reach."""

_PIPELINE = re.compile(r"arn:aws:codepipeline:[a-z0-9-]+:\d{12}:[A-Za-z0-9.@_-]+")
_MAX_TARGETS = 10


@dataclass
class NotificationRule:
    """A rule; `settings` has the form of CreateNotificationRule, `statuses` are its targets'."""

    arn: str
    scope: Scope
    settings: dict[str, Any]
    created_by: str
    statuses: dict[str, str]
    created: datetime = field(default_factory=utc_now)
    modified: datetime = field(default_factory=utc_now)

    def describe(self) -> dict[str, Any]:
        targets = [
            {**target, "TargetStatus": self.statuses[target["TargetAddress"]]}
            for target in self.settings["Targets"]
        ]
        return {
            "Arn": self.arn,
            "Name": self.settings["Name"],
            "EventTypes": [_event_type(one) for one in self.settings["EventTypeIds"]],
            "Resource": self.settings["Resource"],
            "Targets": targets,
            "DetailType": self.settings["DetailType"],
            "CreatedBy": self.created_by,
            "Status": self.settings.get("Status", "ENABLED"),
            "CreatedTimestamp": self.created,
            "LastModifiedTimestamp": self.modified,
        }


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raises AwsError (ValidationException) with all problems of a rule."""
    problems = [
        f"{one} is not an event type of a pipeline; use one of {', '.join(EVENT_TYPES)}"
        for one in settings["EventTypeIds"]
        if one not in EVENT_TYPES
    ]
    if not _PIPELINE.fullmatch(settings["Resource"]):
        problems.append(
            f"Resource is {settings['Resource']}; the rehearsal supports pipelines only"
        )
    if len(settings["Targets"]) > _MAX_TARGETS:
        problems.append(f"a rule has at most {_MAX_TARGETS} targets")
    if problems:
        raise AwsError("ValidationException", "; ".join(problems))


def target_statuses(targets: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Returns the status of each target before the first message."""
    return {
        target["TargetAddress"]: "UNREACHABLE" if target["TargetType"] in CHATS else "ACTIVE"
        for target in targets
    }


def _event_type(identifier: str) -> dict[str, str]:
    return {
        "EventTypeId": identifier,
        "ServiceName": "CodePipeline",
        "EventTypeName": EVENT_TYPES[identifier],
        "ResourceType": "Pipeline",
    }
