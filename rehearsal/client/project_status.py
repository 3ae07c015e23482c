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
    "waits for approval": "yellow",
    "PendingManualApproval": "yellow",
}


def read(aws: LocalAws, project: Project) -> dict[str, Any]:
    """Returns the current status, as `rehearse status --json` prints it."""
    sagemaker = aws.client("sagemaker")
    pages = sagemaker.get_paginator("list_endpoints").paginate(NameContains=project.name)
    endpoints = [endpoint for page in pages for endpoint in page["Endpoints"]]
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
            {
                "name": endpoint["EndpointName"],
                "status": endpoint["EndpointStatus"],
                "changed": endpoint["LastModifiedTime"].isoformat(),
            }
            for endpoint in endpoints
        ],
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
        _row(shown, f"endpoint {endpoint['name']}", endpoint["status"], endpoint["changed"])
    return shown


def _row(shown: Table, name: str, status: str, detail: str) -> None:
    # An ARN on two lines cannot be copied, so it is wider than the terminal instead.
    text = Text(detail.splitlines()[0] if detail else "", style="dim", no_wrap=True)
    shown.add_row(Text(name), Text(status, style=_COLOURS.get(status, "")), text)
