"""The status of a project's endpoints: their deployments, failures and alarms."""

from __future__ import annotations

import datetime
import io
from typing import Any, cast

import pytest
from rich.console import Console

from rehearsal.client import project_status
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
REASON = "One or more alarms have been triggered during endpoint deployment: bad-errors"


class Client:
    """AWS with two endpoints, one of which was rolled back while its alarms ring."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_paginator(self, operation: str) -> Any:
        return Pages(getattr(self, operation))

    def list_endpoints(self, **_: Any) -> Any:
        names = ("churn-prod", "churn-staging")
        return {"Endpoints": [{"EndpointName": name} for name in names]}

    def get_pipeline(self, **_: Any) -> Any:
        return {"pipeline": {"stages": []}}

    def list_model_packages(self, **_: Any) -> Any:
        return {"ModelPackageSummaryList": []}

    def list_pipeline_executions(self, **_: Any) -> Any:
        return {"pipelineExecutionSummaries": []}

    def describe_endpoint(self, *, EndpointName: str) -> Any:  # noqa: N803
        shared = {
            "EndpointName": EndpointName,
            "EndpointConfigName": f"{EndpointName}-config",
            "LastModifiedTime": NOW,
        }
        if EndpointName == "churn-prod":
            return {**shared, "EndpointStatus": "InService", "FailureReason": REASON}
        step = {"StatusMessage": "Baking for 300 seconds.", "Status": "Baking"}
        pending = {"ProductionVariants": [{"VariantName": "A", "VariantStatus": [step]}]}
        return {**shared, "EndpointStatus": "Updating", "PendingDeploymentSummary": pending}

    def describe_alarms(self, *, StateValue: str) -> Any:  # noqa: N803
        assert StateValue == "ALARM"
        dimensions = [{"Name": "EndpointName", "Value": "churn-prod"}]
        query = {"Id": "m", "MetricStat": {"Metric": {"Dimensions": dimensions}}}
        state = {"StateReason": "Threshold Crossed", "StateUpdatedTimestamp": NOW}
        return {
            "MetricAlarms": [
                {"AlarmName": "errors", "Dimensions": dimensions, **state},
                {"AlarmName": "share", "Metrics": [query, {"Id": "e"}], **state},
                {"AlarmName": "other", "Dimensions": [], **state},
            ]
        }


class Pages:
    def __init__(self, call: Any) -> None:
        self._call = call

    def paginate(self, **request: Any) -> Any:
        return [self._call(**request)]


class Local:
    account, region = "111111111111", "us-east-1"

    def at(self, account: str, region: str) -> Local:
        assert (account, region) == (self.account, self.region)
        return self

    def client(self, name: str) -> Client:
        return Client(name)


@pytest.fixture
def status() -> dict[str, Any]:
    aws = cast(LocalAws, Local())
    outputs = {
        "ModelPackageGroupName": "churn",
        "ModelBuildPipelineName": "churn-build",
        "ModelDeployPipelineName": "churn-deploy",
    }
    return project_status.read(aws, Project("churn", "p-1", outputs))


def test_a_rollback_is_shown_with_its_reason(status: dict[str, Any]) -> None:
    production, staging = status["endpoints"]
    assert production["failure"] == REASON
    assert production["deployment"] == ""
    assert staging["deployment"] == "Baking for 300 seconds."
    assert staging["failure"] == ""


def test_alarms_of_an_endpoint_that_ring_are_shown(status: dict[str, Any]) -> None:
    production, staging = status["endpoints"]
    assert [alarm["name"] for alarm in production["alarms"]] == ["errors", "share"]
    assert production["alarms"][0]["reason"] == "Threshold Crossed"
    assert production["alarms"][0]["since"] == NOW.isoformat()
    assert staging["alarms"] == []


def test_the_table_has_a_row_for_each_alarm(status: dict[str, Any]) -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(project_status.table(status))
    text = console.export_text()
    assert "alarm errors" in text
    assert REASON in text
