"""Operations on stages after their run: rollbacks, conditions, and results of jobs."""

from __future__ import annotations

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.codepipeline import condition_descriptions
from rehearsal.services.codepipeline.engine.engine import CodePipelineEngine
from rehearsal.services.codepipeline.pipelines import Pipelines, execution_of, page_of
from rehearsal.services.codepipeline.records import FAILED, ROLLBACK, SUCCEEDED

_MEMBERS = {"BEFORE_ENTRY": "beforeEntry", "ON_SUCCESS": "onSuccess"}


class StageOperations:
    """Operations on stages and on the results of jobs.

    Args:
        pipelines: the pipelines.
        engine: runs executions.
    """

    def __init__(self, pipelines: Pipelines, engine: CodePipelineEngine) -> None:
        self._pipelines = pipelines
        self._engine = engine

    def rollback_stage(self, request: Request, context: Context) -> Response:
        record = self._pipelines.find(context.scope, request["pipelineName"])
        name = request["stageName"]
        stage = self._pipelines.stage(record, name)
        target = execution_of(record, request["targetPipelineExecutionId"])
        reached = target.stages.get(name)
        problem = ""
        if any(action["actionTypeId"]["category"] == "Source" for action in stage["actions"]):
            problem = f"stage {name} has sources and cannot be rolled back"
        elif record.declaration.get("executionMode") == "PARALLEL":
            problem = "a pipeline in the mode PARALLEL cannot be rolled back"
        elif target.kind == ROLLBACK:
            problem = f"{target.identifier} is a rollback itself"
        elif reached is None or reached.status != SUCCEEDED:
            problem = f"{target.identifier} has not succeeded in stage {name}"
        if problem:
            raise AwsError("UnableToRollbackStageException", f"Unable to roll back: {problem}")
        if target.version != record.declaration["version"]:
            raise AwsError(
                "PipelineExecutionOutdatedException",
                f"The pipeline has changed since {target.identifier} ran: version "
                f"{target.version} was run, version {record.declaration['version']} is there",
            )
        execution = self._engine.roll_back(
            record,
            target,
            name,
            {"triggerType": "ManualRollback", "triggerDetail": context.caller_arn},
        )
        return {"pipelineExecutionId": execution.identifier}

    def override_stage_condition(self, request: Request, context: Context) -> Response:
        """Continues an execution that a condition has failed, as if it were met."""
        record = self._pipelines.find(context.scope, request["pipelineName"])
        name = request["stageName"]
        stage = self._pipelines.stage(record, name)
        execution = execution_of(record, request["pipelineExecutionId"])
        if record.latest.get(name) is not execution:
            raise AwsError(
                "NotLatestPipelineExecutionException",
                f"Execution {execution.identifier} is not the latest of stage {name}",
            )
        member = _MEMBERS[request["conditionType"]]
        checked = execution.stages[name].conditions.get(member)
        declared = stage.get(member, {}).get("conditions", [{}])[0]
        failed = checked is not None and checked.status == FAILED
        if not failed or not execution.over or declared.get("result") != "FAIL":
            raise AwsError(
                "ConditionNotOverridableException",
                f"The condition {request['conditionType']} of stage {name} has "
                f"{'no status' if checked is None else f'the status {checked.status}'} and the "
                f"result {declared.get('result')}; only one that has failed, with the result FAIL, "
                "can be overridden",
            )
        self._engine.override(record, execution, name, member)
        return {}

    def list_rule_executions(self, request: Request, context: Context) -> Response:
        """Returns the executions of rules, newest first."""
        record = self._pipelines.find(context.scope, request["pipelineName"])
        wanted = request.get("filter", {})
        latest = wanted.get("latestInPipelineExecution", {})
        identifier = wanted.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
        with record.condition:
            executions = [execution_of(record, identifier)] if identifier else record.executions
            rules = [rule for execution in executions for rule in execution.rules]
            if latest.get("startTimeRange") == "Latest":
                rules = list({(rule.stage, rule.name): rule for rule in rules}.values())
            rules.sort(key=lambda rule: rule.started, reverse=True)
            shown, token = page_of(rules, request)
            details = [condition_descriptions.rule_detail(rule) for rule in shown]
        return {"ruleExecutionDetails": details} | token

    def put_job_success_result(self, request: Request, context: Context) -> Response:
        """Completes the job of a function; continuation tokens are not supported."""
        if request.get("continuationToken"):
            raise AwsError(
                "ValidationException",
                "the rehearsal does not support continuationToken: finish the job in one run",
            )
        details = request.get("executionDetails", {})
        completed = self._engine.decisions.jobs.succeed(
            request["jobId"],
            variables=request.get("outputVariables", {}),
            external_id=details.get("externalExecutionId", ""),
        )
        return self._completed(request["jobId"], completed)

    def put_job_failure_result(self, request: Request, context: Context) -> Response:
        failure = request["failureDetails"]
        completed = self._engine.decisions.jobs.fail(
            request["jobId"],
            kind=failure["type"],
            message=failure["message"],
            external_id=failure.get("externalExecutionId", ""),
        )
        return self._completed(request["jobId"], completed)

    @staticmethod
    def _completed(job_id: str, completed: bool) -> Response:
        if not completed:
            raise AwsError("JobNotFoundException", f"There is no open job {job_id}")
        return {}
