"""Executions of a pipeline of CodePipeline: stages, actions, times, errors and approvals."""

import re
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

_MODEL_PACKAGE = re.compile(r"arn:[a-z-]+:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/.+")


@dataclass(frozen=True)
class ActionExecution:
    """An execution of an action; `variables` are those that it exported."""

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
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def failure(self) -> str:
        """The reason of the failure of the action, in one line."""
        return f"{self.stage} / {self.name}: {self.error or self.summary or 'failed'}"


@dataclass(frozen=True)
class PipelineExecution:
    """The state of an execution; actions are in the order of their start."""

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
        """The action that failed last."""
        failed = [action for action in self.actions if action.status is Status.FAILED]
        return failed[-1] if failed else None

    @property
    def failure(self) -> str:
        """The reason of the failure of the execution, in one line."""
        action = self.failed_action
        return action.failure if action else self.reason or f"the execution is {self.status}"

    @property
    def exported_package(self) -> str:
        """ARN of the model package in a variable that an action exported; empty if none did.

        A build whose model is trained already exports the known package, and registers none.
        """
        values = [value for action in self.actions for value in action.variables.values()]
        found = [value for value in values if _MODEL_PACKAGE.fullmatch(value)]
        return found[-1] if found else ""

    @property
    def source_failure(self) -> str:
        """The reasons of failed source actions, which leave no commit; empty if none failed."""
        failed = [
            action.failure
            for action in self.actions
            if action.category == "Source" and action.status is Status.FAILED
        ]
        return "; ".join(failed)


def stages(codepipeline: Any, pipeline: str) -> list[str]:
    """Returns the names of the stages of a pipeline in order."""
    structure = codepipeline.get_pipeline(name=pipeline)["pipeline"]
    return [stage["name"] for stage in structure["stages"]]


def read(codepipeline: Any, pipeline: str, execution_id: str) -> PipelineExecution:
    """Returns the current state of an execution."""
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
        variables=detail.get("output", {}).get("outputVariables", {}),
    )


@dataclass(frozen=True)
class Obstacle:
    """The reason why an execution does not enter a stage.

    Args:
        stage: the stage.
        execution_id: the execution that waits for approval in it; empty for another reason.
        reason: the reason of a disabled transition.
    """

    stage: str
    execution_id: str = ""
    reason: str = ""


def obstacle(codepipeline: Any, pipeline: str, execution_id: str) -> Obstacle | None:
    """Returns what an execution waits for outside of its stages: someone has to act.

    Returns None for one that works, and behind another execution that works.
    """
    for state in codepipeline.get_pipeline_state(name=pipeline)["stageStates"]:
        waiting = [*state.get("inboundExecutions", []), state.get("inboundExecution", {})]
        if execution_id not in [one.get("pipelineExecutionId") for one in waiting]:
            continue
        transition = state.get("inboundTransitionState", {})
        if transition.get("enabled") is False:
            return Obstacle(state["stageName"], reason=transition.get("disabledReason", ""))
        actions = [action.get("latestExecution", {}) for action in state.get("actionStates", [])]
        if any(one.get("token") and one.get("status") == "InProgress" for one in actions):
            occupant = state.get("latestExecution", {}).get("pipelineExecutionId", "")
            return Obstacle(state["stageName"], execution_id=occupant)
    return None


def executions(codepipeline: Any, pipeline: str) -> list[dict[str, Any]]:
    """Returns the summaries of the executions of a pipeline, newest first."""
    pages = codepipeline.get_paginator("list_pipeline_executions").paginate(pipelineName=pipeline)
    found = [summary for page in pages for summary in page["pipelineExecutionSummaries"]]
    return sorted(found, key=lambda summary: summary["startTime"], reverse=True)


def latest(codepipeline: Any, pipeline: str) -> str:
    """Returns the id of the newest execution.

    Raises:
        RehearsalError: the pipeline has no execution.
    """
    found = executions(codepipeline, pipeline)
    if not found:
        raise RehearsalError(
            f"Pipeline {pipeline} has no execution.", "", "Push to its repository to start one."
        )
    return str(found[0]["pipelineExecutionId"])


def of_commit(codepipeline: Any, pipeline: str, commit: str) -> str | None:
    """Returns the id of the newest execution of a commit, or None."""
    for summary in executions(codepipeline, pipeline):
        revisions = [item.get("revisionId") for item in summary.get("sourceRevisions", [])]
        if commit in revisions:
            return str(summary["pipelineExecutionId"])
    return None


def stop_running(codepipeline: Any, codebuild: Any, pipeline: str, reason: str) -> list[str]:
    """Stops the running executions with their builds, and returns their ids.

    A build goes on when its action is abandoned, so it is stopped, too.
    """
    running = [
        summary["pipelineExecutionId"]
        for summary in executions(codepipeline, pipeline)
        if summary["status"] == "InProgress"
    ]
    for execution_id in running:
        actions = read(codepipeline, pipeline, execution_id).actions
        codepipeline.stop_pipeline_execution(
            pipelineName=pipeline, pipelineExecutionId=execution_id, abandon=True, reason=reason
        )
        for action in actions:
            # Only CodeBuild has ids with a colon.
            if action.status is Status.RUNNING and ":" in action.external_id:
                codebuild.stop_build(id=action.external_id)
    return running
