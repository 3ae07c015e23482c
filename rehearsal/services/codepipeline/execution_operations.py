"""Operations on executions and approvals."""

from __future__ import annotations

from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.codepipeline import descriptions
from rehearsal.services.codepipeline.engine.engine import CodePipelineEngine
from rehearsal.services.codepipeline.pipelines import (
    Pipelines,
    default_variables,
    execution_of,
    page_of,
)
from rehearsal.services.codepipeline.records import (
    FAILED,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    PipelineRecord,
)

_MAX_EXECUTIONS = 50
_EVENTS_SESSION = "/events"
_REVISION_TYPES = {
    "CodeCommit": "COMMIT_ID",
    "CodeStarSourceConnection": "COMMIT_ID",
    "S3": "S3_OBJECT_VERSION_ID",
}


class ExecutionOperations:
    """Operations on executions.

    Args:
        pipelines: the pipelines.
        engine: runs executions.
    """

    def __init__(self, pipelines: Pipelines, engine: CodePipelineEngine) -> None:
        self._pipelines = pipelines
        self._engine = engine

    def start_pipeline_execution(self, request: Request, context: Context) -> Response:
        record = self._pipelines.find(context.scope, request["name"])
        variables = _variables(record, request)
        _check_revisions(record, request)
        token = request.get("clientRequestToken")
        with record.condition:
            if token in record.tokens:
                return {"pipelineExecutionId": record.tokens[token]}
            running = sum(not item.over for item in record.executions)
        if running >= _MAX_EXECUTIONS:
            raise AwsError(
                "ConcurrentPipelineExecutionsLimitExceededException",
                f"{running} executions of {record.name} are in progress or waiting; "
                f"at most {_MAX_EXECUTIONS} are allowed",
            )
        by_event = context.caller_arn.endswith(_EVENTS_SESSION)
        execution = self._engine.start(
            record,
            trigger={
                "triggerType": "CloudWatchEvent" if by_event else "StartPipelineExecution",
                "triggerDetail": context.caller_arn,
            },
            variables=variables,
            source_revisions=request.get("sourceRevisions", []),
        )
        if token:
            record.tokens[token] = execution.identifier
        return {"pipelineExecutionId": execution.identifier}

    def stop_pipeline_execution(self, request: Request, context: Context) -> Response:
        record = self._pipelines.find(context.scope, request["pipelineName"])
        execution = execution_of(record, request["pipelineExecutionId"])
        abandon = request.get("abandon", False)
        if execution.status == STOPPING and not (abandon and not execution.abandoned.is_set()):
            raise AwsError(
                "DuplicatedStopRequestException",
                f"Execution {execution.identifier} is already stopping",
            )
        if execution.over:
            raise AwsError(
                "PipelineExecutionNotStoppableException",
                f"Execution {execution.identifier} has ended ({execution.status})",
            )
        self._engine.stop(record, execution, abandon=abandon, reason=request.get("reason", ""))
        return {"pipelineExecutionId": execution.identifier}

    def retry_stage_execution(self, request: Request, context: Context) -> Response:
        record = self._pipelines.find(context.scope, request["pipelineName"])
        name = request["stageName"]
        self._pipelines.stage(record, name)
        execution = execution_of(record, request["pipelineExecutionId"])
        if record.latest.get(name) is not execution:
            raise AwsError(
                "NotLatestPipelineExecutionException",
                f"Execution {execution.identifier} is not the latest of stage {name}",
            )
        stage = execution.stages[name]
        if stage.status not in {FAILED, STOPPED} or not execution.over:
            raise AwsError(
                "StageNotRetryableException",
                f"Stage {name} of execution {execution.identifier} is {stage.status}; only a "
                "failed or stopped one can be retried",
            )
        if execution.version != record.declaration["version"]:
            raise AwsError(
                "StageNotRetryableException",
                "the pipeline has changed since this execution started: start a new one",
            )
        self._engine.retry(record, execution, name, request["retryMode"])
        return {"pipelineExecutionId": execution.identifier}

    def put_approval_result(self, request: Request, context: Context) -> Response:
        record = self._pipelines.find(context.scope, request["pipelineName"])
        stage = self._pipelines.stage(record, request["stageName"])
        if request["actionName"] not in {action["name"] for action in stage["actions"]}:
            raise AwsError(
                "ActionNotFoundException",
                f"Stage {request['stageName']} does not have an action {request['actionName']}",
            )
        runs = [
            run
            for execution in record.executions
            for run in execution.actions
            if run.stage == request["stageName"] and run.name == request["actionName"]
        ]
        if not any(run.token == request["token"] for run in runs):
            raise AwsError("InvalidApprovalTokenException", "The approval token is invalid")
        decided = self._engine.decisions.decide(
            request["token"],
            status=request["result"]["status"],
            summary=request["result"]["summary"],
            decided_by=context.caller_arn,
        )
        if not decided:
            raise AwsError(
                "ApprovalAlreadyCompletedException", "The approval action has already been decided"
            )
        return {"approvedAt": utc_now()}

    def get_pipeline_state(self, request: Request, context: Context) -> Response:
        record = self._pipelines.find(context.scope, request["name"])
        with record.condition:
            return descriptions.state(record)

    def get_pipeline_execution(self, request: Request, context: Context) -> Response:
        record = self._pipelines.find(context.scope, request["pipelineName"])
        execution = execution_of(record, request["pipelineExecutionId"])
        with record.condition:
            return {"pipelineExecution": descriptions.execution(record, execution)}

    def list_pipeline_executions(self, request: Request, context: Context) -> Response:
        record = self._pipelines.find(context.scope, request["pipelineName"])
        wanted = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
        with record.condition:
            found = [
                item
                for item in reversed(record.executions)
                if wanted is None
                or (wanted in item.stages and item.stages[wanted].status == SUCCEEDED)
            ]
            shown, token = page_of(found, request)
            summaries = [descriptions.execution_summary(item) for item in shown]
        return {"pipelineExecutionSummaries": summaries} | token

    def list_action_executions(self, request: Request, context: Context) -> Response:
        """Returns the executions of actions, newest first."""
        record = self._pipelines.find(context.scope, request["pipelineName"])
        wanted = request.get("filter", {})
        latest = wanted.get("latestInPipelineExecution", {})
        identifier = wanted.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
        with record.condition:
            executions = [execution_of(record, identifier)] if identifier else record.executions
            runs = [run for execution in executions for run in execution.actions]
            if latest.get("startTimeRange") == "Latest":
                runs = list({(run.stage, run.name): run for run in runs}.values())
            runs.sort(key=lambda run: run.started, reverse=True)
            shown, token = page_of(runs, request)
            details = [descriptions.action_detail(run) for run in shown]
        return {"actionExecutionDetails": details} | token


def _variables(record: PipelineRecord, request: Request) -> dict[str, str]:
    declared = record.declaration.get("variables", [])
    given = {item["name"]: item["value"] for item in request.get("variables", [])}
    unknown = sorted(set(given) - {item["name"] for item in declared})
    if unknown:
        raise AwsError(
            "ValidationException", f"Pipeline {record.name} has no variables {', '.join(unknown)}"
        )
    values = default_variables(record.declaration) | given
    missing = [item["name"] for item in declared if item["name"] not in values]
    if missing:
        raise AwsError(
            "ValidationException",
            f"Variables without a default need a value: {', '.join(missing)}",
        )
    return values


def _check_revisions(record: PipelineRecord, request: Request) -> None:
    actions: dict[str, Any] = {
        action["name"]: action["actionTypeId"]["provider"]
        for action in record.declaration["stages"][0]["actions"]
    }
    for revision in request.get("sourceRevisions", []):
        provider = actions.get(revision["actionName"])
        if provider is None:
            raise AwsError(
                "ValidationException",
                f"sourceRevisions: {revision['actionName']} is not a source action of "
                f"{record.name}",
            )
        if revision["revisionType"] != _REVISION_TYPES[provider]:
            raise AwsError(
                "ValidationException",
                f"sourceRevisions: a revision of {provider} has the type "
                f"{_REVISION_TYPES[provider]}, got {revision['revisionType']}",
            )
