"""The rollouts of a run: alarms with their changes, and rollbacks of the endpoint's stack."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rehearsal.client import project_status
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project
from rehearsal.story import rollouts

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
    monkeypatch.setattr(project_status, "accounts", lambda aws, _: [aws])
    monkeypatch.setattr(project_status, "endpoints", lambda *_: endpoints)
    aws = cast(LocalAws, SimpleNamespace(client=lambda _: Client()))

    production, staging = rollouts.read(aws, cast(Project, None))

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
