"""Status of a project: its pipelines, model packages and endpoints."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from rehearsal.client import approvals, pipeline_execution
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project

_COLOURS = {
    "Succeeded": "green",
    "Approved": "green",
    "InService": "green",
    "Failed": "red",
    "Rejected": "red",
    "ALARM": "red",
    "waits for approval": "yellow",
    "PendingManualApproval": "yellow",
}


def read(aws: LocalAws, project: Project) -> dict[str, Any]:
    """Returns the current status, as `rehearse status --json` prints it."""
    sagemaker = aws.client("sagemaker")
    return {
        "project": project.name,
        "pipelines": [_pipeline(aws, project.pipeline(which)) for which in ("build", "deploy")],
        "model_packages": [
            {
                "arn": package["ModelPackageArn"],
                "version": package.get("ModelPackageVersion"),
                "approval": package.get("ModelApprovalStatus"),
                "created": package["CreationTime"].isoformat(),
            }
            for package in approvals.packages(sagemaker, project.model_package_group)
        ],
        "endpoints": [
            endpoint
            for place in places(aws, project)
            for endpoint in endpoints(aws.at(*place), project)
        ],
    }


def places(aws: LocalAws, project: Project) -> list[tuple[str, str]]:
    """Returns the accounts and regions of a project's endpoints, its own first."""
    home = (aws.account, aws.region)
    return list(dict.fromkeys([home, *project.places(aws).values()]))


def endpoints(aws: LocalAws, project: Project) -> list[dict[str, Any]]:
    """Returns the status of the endpoints of a project in an account."""
    sagemaker = aws.client("sagemaker")
    pages = sagemaker.get_paginator("list_endpoints").paginate(NameContains=project.name)
    names = [endpoint["EndpointName"] for page in pages for endpoint in page["Endpoints"]]
    triggered = _alarms_in_alarm(aws) if names else []
    return [_endpoint(sagemaker.describe_endpoint(EndpointName=name), triggered) for name in names]


def _endpoint(described: Mapping[str, Any], triggered: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the status of an endpoint, its deployment and its alarms that are in ALARM."""
    name = described["EndpointName"]
    return {
        "name": name,
        "status": described["EndpointStatus"],
        "changed": described["LastModifiedTime"].isoformat(),
        "config": described["EndpointConfigName"],
        "deployment": _deployment(described.get("PendingDeploymentSummary")),
        "failure": described.get("FailureReason", ""),
        "alarms": [
            {
                "name": alarm["AlarmName"],
                "reason": alarm.get("StateReason", ""),
                "since": alarm["StateUpdatedTimestamp"].isoformat(),
            }
            for alarm in triggered
            if name in endpoints_of(alarm)
        ],
    }


def _deployment(pending: Mapping[str, Any] | None) -> str:
    """Returns the present step of a deployment; an empty text without one."""
    variants = (pending or {}).get("ProductionVariants", ())
    messages = [step["StatusMessage"] for one in variants for step in one.get("VariantStatus", ())]
    return " ".join(dict.fromkeys(messages))


def _alarms_in_alarm(aws: LocalAws) -> list[dict[str, Any]]:
    pages = aws.client("cloudwatch").get_paginator("describe_alarms").paginate(StateValue="ALARM")
    return [alarm for page in pages for alarm in page["MetricAlarms"]]


def endpoints_of(alarm: Mapping[str, Any]) -> set[str]:
    """Returns the names of the endpoints whose metrics an alarm watches."""
    metrics = [query.get("MetricStat", {}).get("Metric", {}) for query in alarm.get("Metrics", ())]
    return {
        dimension["Value"]
        for metric in (alarm, *metrics)
        for dimension in metric.get("Dimensions", ())
        if dimension["Name"] == "EndpointName"
    }


def _pipeline(aws: LocalAws, name: str) -> dict[str, Any]:
    codepipeline = aws.client("codepipeline")
    found = pipeline_execution.executions(codepipeline, name)
    if not found:
        return {"name": name, "status": "not started", "stages": []}
    state = codepipeline.get_pipeline_state(name=name)
    return {
        "name": name,
        "execution": found[0]["pipelineExecutionId"],
        "status": found[0]["status"],
        "stages": [_stage(stage) for stage in state["stageStates"]],
    }


def _stage(state: Mapping[str, Any]) -> dict[str, str]:
    actions = [action.get("latestExecution", {}) for action in state.get("actionStates", [])]
    waits = any(action.get("token") and action.get("status") == "InProgress" for action in actions)
    errors = [action.get("errorDetails", {}).get("message", "") for action in actions]
    status = state.get("latestExecution", {}).get("status", "not reached")
    return {
        "name": state["stageName"],
        "status": "waits for approval" if waits else status,
        "error": next(filter(None, errors), ""),
    }


def table(status: Mapping[str, Any]) -> Table:
    """Returns the status as a table for a terminal."""
    shown = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for pipeline in status["pipelines"]:
        _row(shown, pipeline["name"], pipeline["status"], "")
        for stage in pipeline["stages"]:
            _row(shown, f"  {stage['name']}", stage["status"], stage["error"])
    for package in status["model_packages"][:5]:
        _row(shown, f"model package {package['version']}", package["approval"], package["arn"])
    for endpoint in status["endpoints"]:
        detail = endpoint["failure"] or endpoint["deployment"] or endpoint["changed"]
        _row(shown, f"endpoint {endpoint['name']}", endpoint["status"], detail)
        for alarm in endpoint["alarms"]:
            _row(shown, f"  alarm {alarm['name']}", "ALARM", alarm["reason"])
    return shown


def _row(shown: Table, name: str, status: str, detail: str) -> None:
    # An ARN on two lines cannot be copied, so it is wider than the terminal instead.
    text = Text(detail.splitlines()[0] if detail else "", style="dim", no_wrap=True)
    shown.add_row(Text(name), Text(status, style=_COLOURS.get(status, "")), text)
