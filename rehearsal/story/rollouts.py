"""Rollouts of endpoints: their alarms, the changes of these, and rollbacks."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.client import project_status
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project
from rehearsal.story.summary import AlarmSummary, EndpointSummary

_MAX_CHANGES = 20
_ENDPOINT = "AWS::SageMaker::Endpoint"
_ROLLED_BACK = ("UPDATE_ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")


def read(aws: LocalAws, project: Project) -> list[EndpointSummary]:
    """Returns the endpoints of a project with their alarms in any state, and rollbacks."""
    return [
        endpoint
        for account in project_status.accounts(aws, project)
        for endpoint in _in_account(account, project)
    ]


def _in_account(aws: LocalAws, project: Project) -> list[EndpointSummary]:
    alarms, stacks = _alarms(aws), _stacks(aws)
    return [
        EndpointSummary(
            name=endpoint["name"],
            status=endpoint["status"],
            config=endpoint["config"],
            failure=endpoint["failure"],
            alarms=[
                _alarm(aws, alarm)
                for alarm in alarms
                if endpoint["name"] in project_status.endpoints_of(alarm)
            ],
            rollbacks=list(_rollbacks(aws, stacks.get(endpoint["name"]))),
        )
        for endpoint in project_status.endpoints(aws, project)
    ]


def _alarms(aws: LocalAws) -> list[dict[str, Any]]:
    pages = aws.client("cloudwatch").get_paginator("describe_alarms").paginate()
    return [alarm for page in pages for alarm in page["MetricAlarms"]]


def _alarm(aws: LocalAws, alarm: Mapping[str, Any]) -> AlarmSummary:
    history = aws.client("cloudwatch").describe_alarm_history(
        AlarmName=alarm["AlarmName"], HistoryItemType="StateUpdate", MaxRecords=_MAX_CHANGES
    )["AlarmHistoryItems"]
    changes = [(one["Timestamp"].isoformat(), one["HistorySummary"]) for one in history]
    return AlarmSummary(
        alarm["AlarmName"], alarm["StateValue"], alarm.get("StateReason", ""), sorted(changes)
    )


def _stacks(aws: LocalAws) -> dict[str, str]:
    """Returns the stacks of endpoints, by the name of the endpoint."""
    client = aws.client("cloudformation")
    names = [
        stack["StackName"]
        for page in client.get_paginator("describe_stacks").paginate()
        for stack in page["Stacks"]
    ]
    found = {}
    for name in names:
        for resource in client.describe_stack_resources(StackName=name)["StackResources"]:
            if resource["ResourceType"] == _ENDPOINT:
                endpoint = resource.get("PhysicalResourceId", "").rpartition("/")[2]
                found[endpoint] = name
    return found


def _rollbacks(aws: LocalAws, stack: str | None) -> Iterator[tuple[str, str]]:
    """Yields the rollbacks of a stack, oldest first; none without a stack."""
    if stack is None:
        return
    events = aws.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    for event in reversed(events):
        if event["ResourceStatus"] in _ROLLED_BACK and event["LogicalResourceId"] == stack:
            yield event["Timestamp"].isoformat(), event.get("ResourceStatusReason", "")
