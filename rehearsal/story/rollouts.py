"""Rollouts of endpoints: their alarms, the changes of these, rollbacks, and requests by fleet."""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from rehearsal.client import project_status
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project
from rehearsal.story.summary import AlarmSummary, EndpointSummary, FleetSummary

_MAX_CHANGES = 20
_MAX_EVENTS = 2000  # some twenty deployments
_ENDPOINT = "AWS::SageMaker::Endpoint"
_BEFORE, _CONFIG = "before", "EndpointConfigName"
_NAMESPACE, _REQUESTS = "AWS/SageMaker", "Invocations"
_FAILED = ("Invocation4XXErrors", "Invocation5XXErrors")
_MINUTE = timedelta(minutes=1)
_PATIENCE_SECONDS = 30.0  # until CloudWatch has the metrics of the last requests
_ROLLED_BACK = ("UPDATE_ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")


def read(aws: LocalAws, project: Project) -> list[EndpointSummary]:
    """Returns the endpoints of a project with their alarms in any state, and rollbacks.

    Args:
        aws: the account of the project.
        project: the project.
    """
    places = project_status.places(aws, project)
    return [one for place in places for one in in_place(aws.at(*place), project)]


def in_place(aws: LocalAws, project: Project) -> list[EndpointSummary]:
    """Returns the endpoints of a project in one account and region, as `read` does.

    Args:
        aws: the account and region of the endpoints.
        project: the project.
    """
    alarms, stacks = _alarms(aws), _stacks(aws, f"{project.name}-")
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
    pages = (
        aws.client("cloudwatch")
        .get_paginator("describe_alarm_history")
        .paginate(
            AlarmName=alarm["AlarmName"],
            HistoryItemType="StateUpdate",
            PaginationConfig={"MaxItems": _MAX_CHANGES},
        )
    )
    history = [item for page in pages for item in page["AlarmHistoryItems"]]
    changes = [(one["Timestamp"].isoformat(), one["HistorySummary"]) for one in history]
    return AlarmSummary(
        alarm["AlarmName"], alarm["StateValue"], alarm.get("StateReason", ""), sorted(changes)
    )


def _stacks(aws: LocalAws, prefix: str) -> dict[str, str]:
    """Returns the stacks of endpoints, by the name of the endpoint.

    CloudFormation throttles an account that has hundreds of stacks, so others are not described.

    Args:
        aws: the account.
        prefix: beginning of the names of the stacks.
    """
    client = aws.client("cloudformation")
    names = [
        stack["StackName"]
        for page in client.get_paginator("describe_stacks").paginate()
        for stack in page["Stacks"]
        if stack["StackName"].startswith(prefix)
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
    pages = (
        aws.client("cloudformation")
        .get_paginator("describe_stack_events")
        .paginate(StackName=stack, PaginationConfig={"MaxItems": _MAX_EVENTS})
    )
    events = [event for page in pages for event in page["StackEvents"]]
    for event in reversed(events):
        if event["ResourceStatus"] in _ROLLED_BACK and event["LogicalResourceId"] == stack:
            yield event["Timestamp"].isoformat(), event.get("ResourceStatusReason", "")


def fleets(
    aws: LocalAws, endpoint: str, before: str, *, since: datetime, until: datetime, requests: int
) -> list[FleetSummary]:
    """Returns the requests of each fleet of an endpoint, that of before a deployment first.

    Both fleets have the same variant, so that responses do not show which one served; CloudWatch
    has the metrics of each endpoint configuration.

    Args:
        aws: the account of the endpoint.
        endpoint: name of the endpoint.
        before: name of the endpoint configuration before the deployment.
        since: time of the first request, as CloudWatch sees it.
        until: time after the last request.
        requests: number of requests; their metrics are awaited for seconds.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = [
            _fleet(aws, dimensions, before, since, until)
            for dimensions in _fleet_dimensions(aws, endpoint)
        ]
        served = [one for one in found if one.requests]
        if sum(one.requests for one in served) >= requests or time.monotonic() > deadline:
            return sorted(served, key=lambda one: (one.role != _BEFORE, one.config))
        time.sleep(0.5)


def _fleet_dimensions(aws: LocalAws, endpoint: str) -> list[dict[str, str]]:
    pages = (
        aws.client("cloudwatch")
        .get_paginator("list_metrics")
        .paginate(
            Namespace=_NAMESPACE,
            MetricName=_REQUESTS,
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": _CONFIG}],
        )
    )
    return [
        {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        for page in pages
        for metric in page["Metrics"]
    ]


def _fleet(
    aws: LocalAws, dimensions: Mapping[str, str], before: str, since: datetime, until: datetime
) -> FleetSummary:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    queries = [
        {
            "Id": f"m{at}",
            "MetricStat": {
                "Metric": {"Namespace": _NAMESPACE, "MetricName": metric, "Dimensions": named},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for at, metric in enumerate((_REQUESTS, *_FAILED))
    ]
    response = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries,
        StartTime=since.replace(second=0, microsecond=0),
        EndTime=until + _MINUTE,
    )
    sums = {one["Id"]: sum(one["Values"]) for one in response["MetricDataResults"]}
    config = dimensions[_CONFIG]
    return FleetSummary(
        role=_BEFORE if config == before else "new",
        config=config,
        requests=int(sums.get("m0", 0)),
        failed=int(sums.get("m1", 0) + sums.get("m2", 0)),
    )
