"""One execution of a CodePipeline, as its APIs tell: stages, actions, times, errors, approvals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rehearsal.client.errors import RehearsalError
from rehearsal.client.progress import Status

_STATUS = {
    "InProgress": Status.RUNNING,
    "Succeeded": Status.SUCCEEDED,
    "Failed": Status.FAILED,
    "Abandoned": Status.STOPPED,
    "Stopped": Status.STOPPED,
    "Stopping": Status.RUNNING,
    "Cancelled": Status.STOPPED,
    "Superseded": Status.STOPPED,
}


@dataclass(frozen=True)
class ActionExecution:
    """A run of an action."""

    stage: str
    name: str
    category: str
    status: Status
    started: datetime
    updated: datetime
    external_id: str = ""
    error: str = ""
    summary: str = ""
    log_stream: str = ""
    stack: str = ""
    execution_id: str = ""

    @property
    def failure(self) -> str:
        """Why the action failed, in one line."""
        return f"{self.stage} / {self.name}: {self.error or self.summary or 'failed'}"


@dataclass(frozen=True)
class PipelineExecution:
    """An execution at one moment; actions in the order in which they started."""

    pipeline: str
    execution_id: str
    status: Status
    started: datetime
    reason: str = ""
    stages: Sequence[str] = ()
    actions: Sequence[ActionExecution] = field(default_factory=tuple)

    @property
    def approval(self) -> ActionExecution | None:
        """The manual approval that the execution waits for."""
        for action in self.actions:
            if action.category == "Approval" and action.status is Status.RUNNING:
                return action
        return None

    @property
    def failed_action(self) -> ActionExecution | None:
        failed = [action for action in self.actions if action.status is Status.FAILED]
        return failed[-1] if failed else None

    @property
    def failure(self) -> str:
        """Why the execution failed, in one line."""
        action = self.failed_action
        return action.failure if action else self.reason or f"the execution is {self.status}"

    @property
    def source_failure(self) -> str:
        """Why the execution got no source, thus names no commit; empty when it got one."""
        failed = [
            action.failure
            for action in self.actions
            if action.category == "Source" and action.status is Status.FAILED
        ]
        return "; ".join(failed)


def stages(codepipeline: Any, pipeline: str) -> list[str]:
    """Names of a pipeline's stages in order."""
    structure = codepipeline.get_pipeline(name=pipeline)["pipeline"]
    return [stage["name"] for stage in structure["stages"]]


def read(codepipeline: Any, pipeline: str, execution_id: str) -> PipelineExecution:
    """The execution as it is now."""
    execution = codepipeline.get_pipeline_execution(
        pipelineName=pipeline, pipelineExecutionId=execution_id
    )["pipelineExecution"]
    pages = codepipeline.get_paginator("list_action_executions").paginate(
        pipelineName=pipeline, filter={"pipelineExecutionId": execution_id}
    )
    details = [detail for page in pages for detail in page["actionExecutionDetails"]]
    actions = sorted(map(_action, details), key=lambda action: action.started)
    return PipelineExecution(
        pipeline=pipeline,
        execution_id=execution_id,
        status=_STATUS[execution["status"]],
        started=actions[0].started if actions else datetime.now().astimezone(),
        reason=execution.get("statusSummary", ""),
        stages=stages(codepipeline, pipeline),
        actions=actions,
    )


def _action(detail: Mapping[str, Any]) -> ActionExecution:
    result = detail.get("output", {}).get("executionResult", {})
    return ActionExecution(
        stage=detail["stageName"],
        name=detail["actionName"],
        category=detail.get("input", {}).get("actionTypeId", {}).get("category", ""),
        status=_STATUS[detail["status"]],
        started=detail["startTime"],
        updated=detail["lastUpdateTime"],
        external_id=result.get("externalExecutionId", ""),
        error=result.get("errorDetails", {}).get("message", ""),
        summary=result.get("externalExecutionSummary", ""),
        log_stream=result.get("logStreamARN", ""),
        execution_id=detail.get("actionExecutionId", ""),
        stack=detail.get("input", {}).get("resolvedConfiguration", {}).get("StackName", ""),
    )


def executions(codepipeline: Any, pipeline: str) -> list[dict[str, Any]]:
    """Summaries of a pipeline's executions, newest first."""
    pages = codepipeline.get_paginator("list_pipeline_executions").paginate(pipelineName=pipeline)
    found = [summary for page in pages for summary in page["pipelineExecutionSummaries"]]
    return sorted(found, key=lambda summary: summary["startTime"], reverse=True)


def latest(codepipeline: Any, pipeline: str) -> str:
    """The id of the newest execution; raises `RehearsalError` when there is none."""
    found = executions(codepipeline, pipeline)
    if not found:
        raise RehearsalError(
            f"Pipeline {pipeline} has not run yet.", "", "A push to its repository starts it."
        )
    return str(found[0]["pipelineExecutionId"])


def of_commit(codepipeline: Any, pipeline: str, commit: str) -> str | None:
    """The id of the newest execution that a commit started; None while there is none."""
    for summary in executions(codepipeline, pipeline):
        revisions = [item.get("revisionId") for item in summary.get("sourceRevisions", [])]
        if commit in revisions:
            return str(summary["pipelineExecutionId"])
    return None


def stop_running(codepipeline: Any, pipeline: str, reason: str) -> list[str]:
    """Stops what runs now, abandoning its actions; returns the ids of the executions."""
    running = [
        summary["pipelineExecutionId"]
        for summary in executions(codepipeline, pipeline)
        if summary["status"] == "InProgress"
    ]
    for execution_id in running:
        codepipeline.stop_pipeline_execution(
            pipelineName=pipeline, pipelineExecutionId=execution_id, abandon=True, reason=reason
        )
    return running
