"""Approvals of model packages and of manual approval actions of CodePipeline."""

import time
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client import pipeline_execution
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project

_TAKEN_SECONDS = 10.0


def model_package(
    aws: LocalAws, project: Project, *, arn: str | None, approve: bool, reason: str
) -> str:
    """Approves or rejects a model package and returns its ARN.

    Args:
        aws: the local AWS.
        project: the project of the model package group.
        arn: ARN of the package; None chooses the newest pending one.
        approve: True approves, False rejects.
        reason: the approval description.

    Raises:
        RehearsalError: the package does not exist, or no package is pending.
    """
    sagemaker = aws.client("sagemaker")
    chosen = arn or _newest_pending(sagemaker, project)
    _describe(sagemaker, chosen, project)
    sagemaker.update_model_package(
        ModelPackageArn=chosen,
        ModelApprovalStatus="Approved" if approve else "Rejected",
        ApprovalDescription=reason,
    )
    return chosen


def executions(aws: LocalAws, project: Project) -> set[str]:
    """Returns the ids of the executions of the deploy pipeline."""
    found = pipeline_execution.executions(aws.client("codepipeline"), project.pipeline("deploy"))
    return {one["pipelineExecutionId"] for one in found}


def started(aws: LocalAws, project: Project, known: set[str]) -> str | None:
    """Waits for the execution that an approval starts, and returns its id.

    None if none has started within some seconds, as for a package that was approved before.
    """
    deadline = time.monotonic() + _TAKEN_SECONDS
    while time.monotonic() < deadline:
        new = executions(aws, project) - known
        if new:
            return new.pop()
        time.sleep(0.2)
    return None


def packages(sagemaker: Any, group: str) -> list[dict[str, Any]]:
    """Returns the model packages of a group, newest first."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
    )
    return [item for page in pages for item in page["ModelPackageSummaryList"]]


def _newest_pending(sagemaker: Any, project: Project) -> str:
    found = packages(sagemaker, project.model_package_group)
    for package in found:
        if package.get("ModelApprovalStatus") == "PendingManualApproval":
            return str(package["ModelPackageArn"])
    raise RehearsalError(
        f"No model package of group {project.model_package_group!r} waits for approval.",
        _known(found),
        f"Push to the build repository, which registers one: `rehearse push {project.name}`. "
        "To change the status of another package, pass its ARN with --package.",
    )


def _describe(sagemaker: Any, arn: str, project: Project) -> None:
    try:
        sagemaker.describe_model_package(ModelPackageName=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDeniedException", "AccessDenied"):
            raise
        raise RehearsalError(
            f"Model package {arn!r} does not exist.",
            _known(packages(sagemaker, project.model_package_group)),
            "Pass one of these ARNs with --package, or omit --package for the newest pending one.",
        ) from error


def _known(found: list[dict[str, Any]]) -> str:
    if not found:
        return "The group contains no model package yet."
    return "The group contains:\n" + "\n".join(
        f"  {item['ModelPackageArn']}  {item.get('ModelApprovalStatus', '')}" for item in found[:10]
    )


def _wait_until_taken(codepipeline: Any, pipeline: str, token: str) -> None:
    """Waits until the pipeline has taken an approval, so that its state no longer shows it."""
    deadline = time.monotonic() + _TAKEN_SECONDS
    while time.monotonic() < deadline:
        states = codepipeline.get_pipeline_state(name=pipeline)["stageStates"]
        actions = [action for state in states for action in state.get("actionStates", [])]
        if token not in [action.get("latestExecution", {}).get("token") for action in actions]:
            return
        time.sleep(0.1)


def stage(aws: LocalAws, pipeline: str, stage_name: str, *, approve: bool, reason: str) -> None:
    """Approves or rejects the manual approval action that a stage of a pipeline waits for.

    Raises:
        RehearsalError: the stage does not exist or does not wait for an approval.
    """
    codepipeline = aws.client("codepipeline")
    states = codepipeline.get_pipeline_state(name=pipeline)["stageStates"]
    chosen = [state for state in states if state["stageName"].lower() == stage_name.lower()]
    if not chosen:
        raise RehearsalError(
            f"Pipeline {pipeline} has no stage {stage_name!r}.",
            "Stages: " + ", ".join(state["stageName"] for state in states) + ".",
            "Pass one of them with --stage.",
        )
    for action in chosen[0].get("actionStates", []):
        latest = action.get("latestExecution", {})
        if latest.get("token") and latest.get("status") == "InProgress":
            codepipeline.put_approval_result(
                pipelineName=pipeline,
                stageName=chosen[0]["stageName"],
                actionName=action["actionName"],
                token=latest["token"],
                result={"status": "Approved" if approve else "Rejected", "summary": reason},
            )
            _wait_until_taken(codepipeline, pipeline, latest["token"])
            return
    raise RehearsalError(
        f"Stage {chosen[0]['stageName']} of {pipeline} does not wait for an approval.",
        f"It is {chosen[0].get('latestExecution', {}).get('status', 'not reached yet')}.",
        "Run `rehearse status NAME` to see which stages wait.",
    )
