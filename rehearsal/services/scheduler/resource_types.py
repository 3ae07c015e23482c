"""AWS::Scheduler::Schedule and AWS::Scheduler::ScheduleGroup; `Ref` gives their name."""

from __future__ import annotations

from typing import Any

from rehearsal.cloudformation.resource_types import ResourceType


def _in_a_group(properties: dict[str, Any]) -> dict[str, Any]:
    return {"GroupName": "default", **properties}


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::Scheduler::Schedule",
        service="scheduler",
        create="CreateSchedule",
        update="UpdateSchedule",
        describe="GetSchedule",
        delete="DeleteSchedule",
        identifier=("Name", "GroupName"),
        ref="Name",
        attributes={"Arn": "Arn"},
        name_property="Name",
        to_request=_in_a_group,
        to_update_request=_in_a_group,
    ),
    ResourceType(
        type_name="AWS::Scheduler::ScheduleGroup",
        service="scheduler",
        create="CreateScheduleGroup",
        describe="GetScheduleGroup",
        delete="DeleteScheduleGroup",
        identifier=("Name",),
        ref="Name",
        attributes={
            "Arn": "Arn",
            "State": "State",
            "CreationDate": "CreationDate",
            "LastModificationDate": "LastModificationDate",
        },
        name_property="Name",
    ),
]
