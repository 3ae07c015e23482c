"""AWS::CloudWatch::Alarm, CompositeAlarm and Dashboard; `Ref` gives their name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.cloudformation.resource_types import ResourceType


def _named(identifier: Mapping[str, Any]) -> dict[str, Any]:
    return {"AlarmNames": [identifier["AlarmName"]]}


def _composite(identifier: Mapping[str, Any]) -> dict[str, Any]:
    return {**_named(identifier), "AlarmTypes": ["CompositeAlarm"]}


def _without_tags(properties: dict[str, Any]) -> dict[str, Any]:
    """Returns an update request; TagResource changes the tags of an existing resource."""
    return {name: value for name, value in properties.items() if name != "Tags"}


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::CloudWatch::Alarm",
        service="cloudwatch",
        create="PutMetricAlarm",
        update="PutMetricAlarm",
        describe="DescribeAlarms",
        delete="DeleteAlarms",
        identifier=("AlarmName",),
        ref="MetricAlarms.0.AlarmName",
        attributes={"Arn": "MetricAlarms.0.AlarmArn"},
        name_property="AlarmName",
        to_update_request=_without_tags,
        to_describe_request=_named,
        to_delete_request=_named,
    ),
    ResourceType(
        type_name="AWS::CloudWatch::CompositeAlarm",
        service="cloudwatch",
        create="PutCompositeAlarm",
        update="PutCompositeAlarm",
        describe="DescribeAlarms",
        delete="DeleteAlarms",
        identifier=("AlarmName",),
        ref="CompositeAlarms.0.AlarmName",
        attributes={"Arn": "CompositeAlarms.0.AlarmArn"},
        name_property="AlarmName",
        to_update_request=_without_tags,
        to_describe_request=_composite,
        to_delete_request=_named,
    ),
    ResourceType(
        type_name="AWS::CloudWatch::Dashboard",
        service="cloudwatch",
        create="PutDashboard",
        update="PutDashboard",
        describe="GetDashboard",
        delete="DeleteDashboards",
        identifier=("DashboardName",),
        ref="DashboardName",
        arn="DashboardArn",
        name_property="DashboardName",
        to_update_request=_without_tags,
        to_delete_request=lambda identifier: {"DashboardNames": [identifier["DashboardName"]]},
    ),
]
