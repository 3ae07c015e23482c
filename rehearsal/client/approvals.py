"""The two approvals of the loop: of a model package, and of a CodePipeline's manual action."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project


def model_package(
    aws: LocalAws, project: Project, *, arn: str | None, approve: bool, reason: str
) -> str:
    """Approves or rejects a model package; without an ARN the newest one that waits.

    Returns its ARN. Raises `RehearsalError` when there is no such package, or none waits.
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


def packages(sagemaker: Any, group: str) -> list[dict[str, Any]]:
    """The model packages of a group, newest first."""
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
        f"No model package of {project.model_package_group!r} waits for approval.",
        _known(found),
        f"A push to the build repository registers one: `rehearse push {project.name}`. "
        "--package names one whose status should change.",
    )


def _describe(sagemaker: Any, arn: str, project: Project) -> None:
    try:
        sagemaker.describe_model_package(ModelPackageName=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDeniedException", "AccessDenied"):
            raise
        raise RehearsalError(
            f"There is no model package {arn!r}.",
            _known(packages(sagemaker, project.model_package_group)),
            "Pass the ARN of one of them with --package, or leave it out for the newest.",
        ) from error


def _known(found: list[dict[str, Any]]) -> str:
    if not found:
        return "The group holds no model package yet."
    return "The group holds:\n" + "\n".join(
        f"  {item['ModelPackageArn']}  {item.get('ModelApprovalStatus', '')}" for item in found[:10]
    )


def stage(aws: LocalAws, pipeline: str, stage_name: str, *, approve: bool, reason: str) -> None:
    """Answers the manual approval that a stage of a pipeline waits for.

    Raises `RehearsalError` when the stage does not exist or does not wait.
    """
    codepipeline = aws.client("codepipeline")
    states = codepipeline.get_pipeline_state(name=pipeline)["stageStates"]
    chosen = [state for state in states if state["stageName"].lower() == stage_name.lower()]
    if not chosen:
        raise RehearsalError(
            f"Pipeline {pipeline} has no stage {stage_name!r}.",
            "Stages: " + ", ".join(state["stageName"] for state in states) + ".",
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
            return
    raise RehearsalError(
        f"Stage {chosen[0]['stageName']} of {pipeline} does not wait for an approval.",
        f"It is {chosen[0].get('latestExecution', {}).get('status', 'not reached yet')}.",
        "`rehearse status NAME` shows what waits.",
    )
