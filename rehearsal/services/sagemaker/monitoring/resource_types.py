"""Definitions of monitoring jobs, and monitoring schedules; `Ref` gives their ARN."""

from typing import Any

from rehearsal.cloudformation.resource_types import ResourceFailure, ResourceType
from rehearsal.services.sagemaker.monitoring.job_definitions import KINDS

_READ_ONLY = ("FailureReason", "LastMonitoringExecutionSummary", "MonitoringScheduleStatus")
_REQUESTED = ("MonitoringScheduleName", "MonitoringScheduleConfig", "Tags")


def _schedule_request(properties: dict[str, Any]) -> dict[str, Any]:
    for name in _READ_ONLY:
        if name in properties:
            raise ResourceFailure(
                f"The rehearsal does not set {name} of AWS::SageMaker::MonitoringSchedule: only "
                "SageMaker sets it. Remove it."
            )
    # EndpointName repeats a member of the configuration.
    return {name: properties[name] for name in _REQUESTED if name in properties}


def _schedule_update(properties: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in _schedule_request(properties).items() if k != "Tags"}


RESOURCE_TYPES = [
    *(
        ResourceType(
            type_name=f"AWS::SageMaker::{kind.noun}",
            service="sagemaker",
            create=f"Create{kind.noun}",
            describe=f"Describe{kind.noun}",
            delete=f"Delete{kind.noun}",
            identifier=("JobDefinitionName",),
            ref="JobDefinitionArn",
            attributes={"JobDefinitionArn": "JobDefinitionArn", "CreationTime": "CreationTime"},
            name_property="JobDefinitionName",
        )
        for kind in KINDS
    ),
    ResourceType(
        type_name="AWS::SageMaker::MonitoringSchedule",
        service="sagemaker",
        create="CreateMonitoringSchedule",
        update="UpdateMonitoringSchedule",
        describe="DescribeMonitoringSchedule",
        delete="DeleteMonitoringSchedule",
        identifier=("MonitoringScheduleName",),
        ref="MonitoringScheduleArn",
        attributes={
            "MonitoringScheduleArn": "MonitoringScheduleArn",
            "CreationTime": "CreationTime",
            "LastModifiedTime": "LastModifiedTime",
        },
        name_property="MonitoringScheduleName",
        to_request=_schedule_request,
        to_update_request=_schedule_update,
    ),
]
