"""The rollouts of a run: alarms with their changes, and rollbacks of the endpoint's stack."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rehearsal.client import project_status
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project
from rehearsal.story import rollouts
from rehearsal.story.summary import FleetSummary
from tests.rehearsal.stubbed_aws import StubbedAws

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
LATER = NOW + datetime.timedelta(minutes=1)
WATCHED = [{"Name": "EndpointName", "Value": "churn-prod"}]
RESPONSES = {
    "describe_alarms": {
        "MetricAlarms": [
            {"AlarmName": "errors", "StateValue": "OK", "Dimensions": WATCHED},
            {"AlarmName": "other", "StateValue": "ALARM", "Dimensions": []},
        ]
    },
    "describe_stacks": {"Stacks": [{"StackName": "churn-prod-stack"}]},
    "describe_alarm_history": {
        "AlarmHistoryItems": [
            {"Timestamp": LATER, "HistorySummary": "Alarm updated from ALARM to OK"},
            {"Timestamp": NOW, "HistorySummary": "Alarm updated from OK to ALARM"},
        ]
    },
    "describe_stack_resources": {
        "StackResources": [
            {
                "ResourceType": "AWS::SageMaker::Endpoint",
                "PhysicalResourceId": "arn:aws:sagemaker:us-east-1:1:endpoint/churn-prod",
            }
        ]
    },
    "describe_stack_events": {
        "StackEvents": [
            {
                "LogicalResourceId": "churn-prod-stack",
                "ResourceStatus": "UPDATE_ROLLBACK_IN_PROGRESS",
                "ResourceStatusReason": "The following resource(s) failed to update: [Endpoint].",
                "Timestamp": LATER,
            },
            {
                "LogicalResourceId": "Endpoint",
                "ResourceStatus": "UPDATE_FAILED",
                "Timestamp": NOW,
            },
        ]
    },
}


class Client:
    """AWS whose operations have fixed responses."""

    def __getattr__(self, operation: str) -> Any:
        return lambda **_: RESPONSES[operation]

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: [RESPONSES[operation]])


def test_an_endpoint_has_its_alarms_and_rollbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoints = [
        {"name": name, "status": "InService", "config": "c", "failure": ""}
        for name in ("churn-prod", "churn-staging")
    ]
    monkeypatch.setattr(project_status, "endpoints", lambda *_: endpoints)
    aws = cast(LocalAws, SimpleNamespace(client=lambda _: Client()))

    production, staging = rollouts.in_place(aws, Project("churn", "", {}))

    (alarm,) = production.alarms
    assert (alarm.name, alarm.state) == ("errors", "OK")
    assert [text for _, text in alarm.history] == [
        "Alarm updated from OK to ALARM",
        "Alarm updated from ALARM to OK",
    ]
    assert production.rollbacks == [
        (LATER.isoformat(), "The following resource(s) failed to update: [Endpoint].")
    ]
    assert (staging.alarms, staging.rollbacks) == ([], [])


def metric_of(config: str) -> dict[str, Any]:
    named = {"EndpointName": "churn-prod", "VariantName": "All", "EndpointConfigName": config}
    return {"Dimensions": [{"Name": name, "Value": value} for name, value in named.items()]}


def test_requests_are_counted_by_the_fleet_that_received_them() -> None:
    sums = {
        "churn-prod-1": {"Invocations": [30.0, 10.0]},
        "churn-prod-2": {
            "Invocations": [20.0],
            "Invocation4XXErrors": [1.0],
            "Invocation5XXErrors": [4.0],
        },
        "churn-prod-0": {},
    }

    def respond(request: Mapping[str, Any]) -> Mapping[str, Any]:
        results = []
        for query in request["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            (config,) = (
                one["Value"] for one in metric["Dimensions"] if one["Name"] == "EndpointConfigName"
            )
            values = sums[config].get(metric["MetricName"], [])
            results.append({"Id": query["Id"], "Values": values})
        return {"MetricDataResults": results}

    aws = StubbedAws(
        ListMetrics={"Metrics": [metric_of(name) for name in sorted(sums, reverse=True)]},
        GetMetricData=respond,
    )

    found = rollouts.fleets(aws, "churn-prod", "churn-prod-1", since=NOW, until=LATER, requests=60)

    assert found == [
        FleetSummary("before", "churn-prod-1", 40, 0),
        FleetSummary("new", "churn-prod-2", 20, 5),
    ]


def test_a_deployment_without_metrics_has_no_fleets() -> None:
    aws = StubbedAws(ListMetrics={"Metrics": []})
    assert rollouts.fleets(aws, "churn-prod", "c", since=NOW, until=LATER, requests=0) == []
