"""Executions, stages and actions in the form of CodePipeline's responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.services.codepipeline.condition_descriptions import condition_states
from rehearsal.services.codepipeline.records import (
    ActionExecution,
    PipelineExecution,
    PipelineRecord,
    Transition,
)


def execution(record: PipelineRecord, found: PipelineExecution) -> dict[str, Any]:
    """Returns the PipelineExecution of GetPipelineExecution."""
    shown = {
        "pipelineName": record.name,
        "pipelineVersion": found.version,
        "pipelineExecutionId": found.identifier,
        "status": found.status,
        "statusSummary": found.status_summary,
        "artifactRevisions": [
            {
                "name": artifact,
                "revisionId": revision.identifier,
                "revisionSummary": revision.summary,
                "created": revision.created,
                "revisionUrl": revision.url,
            }
            for artifact, revision in found.revisions.values()
        ],
        "variables": [
            {"name": name, "resolvedValue": value} for name, value in found.variables.items()
        ],
        "trigger": dict(found.trigger),
        "executionMode": found.mode,
        "executionType": found.kind,
        "rollbackMetadata": _rollback(found),
    }
    return _kept(shown)


def execution_summary(found: PipelineExecution) -> dict[str, Any]:
    """Returns the PipelineExecutionSummary of ListPipelineExecutions."""
    shown: dict[str, Any] = {
        "pipelineExecutionId": found.identifier,
        "status": found.status,
        "statusSummary": found.status_summary,
        "startTime": found.started,
        "lastUpdateTime": found.changed,
        "sourceRevisions": [
            {
                "actionName": action,
                "revisionId": revision.identifier,
                "revisionSummary": revision.summary,
                "revisionUrl": revision.url,
            }
            for action, (_, revision) in found.revisions.items()
        ],
        "trigger": dict(found.trigger),
        "executionMode": found.mode,
        "executionType": found.kind,
        "rollbackMetadata": _rollback(found),
    }
    if found.stop_reason is not None:
        shown["stopTrigger"] = {"reason": found.stop_reason}
    return _kept(shown)


def _rollback(found: PipelineExecution) -> dict[str, str] | None:
    if not found.rollback_target:
        return None
    return {"rollbackTargetPipelineExecutionId": found.rollback_target}


def state(record: PipelineRecord) -> dict[str, Any]:
    """Returns the response of GetPipelineState."""
    return {
        "pipelineName": record.name,
        "pipelineVersion": record.declaration["version"],
        "stageStates": [_stage_state(record, stage) for stage in record.declaration["stages"]],
        "created": record.created,
        "updated": record.updated,
    }


def _stage_state(record: PipelineRecord, stage: Mapping[str, Any]) -> dict[str, Any]:
    name = stage["name"]
    latest = record.latest.get(name)
    found = latest.stages.get(name) if latest else None
    shown: dict[str, Any] = {
        "stageName": name,
        "inboundTransitionState": record.transitions.get(name, Transition()).describe(),
        "actionStates": [_action_state(record, name, action) for action in stage["actions"]],
    }
    inbound = [
        {"pipelineExecutionId": item.identifier, "status": "InProgress", "type": item.kind}
        for item in record.inbound.get(name, [])
    ]
    if inbound:
        shown |= {"inboundExecutions": inbound, "inboundExecution": inbound[-1]}
    shown |= condition_states(stage, found)
    if found is not None:
        shown["latestExecution"] = found.describe()
        if found.automated_retries or found.manual_retries:
            automated = bool(found.automated_retries)
            shown["retryStageMetadata"] = {
                "autoStageRetryAttempt": found.automated_retries,
                "manualStageRetryAttempt": found.manual_retries,
                "latestRetryTrigger": "AutomatedStageRetry" if automated else "ManualStageRetry",
            }
    return shown


def _action_state(
    record: PipelineRecord, stage: str, declaration: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the latest run of an action, of this or an older execution of its stage."""
    shown: dict[str, Any] = {"actionName": declaration["name"]}
    runs = [
        run
        for item in record.executions
        for run in item.actions
        if run.stage == stage and run.name == declaration["name"]
    ]
    if not runs:
        return shown
    latest = max(runs, key=lambda run: run.started)
    shown["latestExecution"] = _latest(latest)
    if latest.external_url:
        shown["entityUrl"] = latest.external_url
    if latest.revision:
        shown["revisionUrl"] = latest.revision.url
        shown["currentRevision"] = {
            "revisionId": latest.revision.identifier,
            "revisionChangeId": latest.revision.identifier,
            "created": latest.revision.created,
        }
    return shown


def _latest(run: ActionExecution) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "actionExecutionId": run.identifier,
        "status": run.status,
        "summary": run.summary,
        "lastStatusChange": run.changed,
        "token": run.token,
        "lastUpdatedBy": run.updated_by,
        "externalExecutionId": run.external_id,
        "externalExecutionUrl": run.external_url,
        "logStreamARN": run.log_stream_arn,
    }
    if run.error:
        shown["errorDetails"] = run.error.describe()
    return _kept(shown)


def action_detail(run: ActionExecution) -> dict[str, Any]:
    """Returns the ActionExecutionDetail of ListActionExecutions."""
    declaration = run.declaration
    result: dict[str, Any] = {
        "externalExecutionId": run.external_id,
        "externalExecutionSummary": run.error.message if run.error else run.summary,
        "externalExecutionUrl": run.external_url,
        "logStreamARN": run.log_stream_arn,
    }
    if run.error:
        result["errorDetails"] = run.error.describe()
    return _kept(
        {
            "pipelineExecutionId": run.pipeline_execution_id,
            "actionExecutionId": run.identifier,
            "pipelineVersion": run.pipeline_version,
            "stageName": run.stage,
            "actionName": run.name,
            "startTime": run.started,
            "lastUpdateTime": run.changed,
            "updatedBy": run.updated_by,
            "status": run.status,
            "input": _kept(
                {
                    "actionTypeId": dict(declaration["actionTypeId"]),
                    "configuration": dict(declaration.get("configuration", {})),
                    "resolvedConfiguration": dict(run.resolved_configuration),
                    "roleArn": run.role_arn,
                    "region": run.region,
                    "inputArtifacts": [item.describe(name) for name, item in run.inputs.items()],
                    "namespace": declaration.get("namespace"),
                }
            ),
            "output": _kept(
                {
                    "outputArtifacts": [item.describe(name) for name, item in run.outputs.items()],
                    "executionResult": _kept(result),
                    "outputVariables": dict(run.variables),
                }
            ),
        }
    )


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the members that have a value."""
    return {key: value for key, value in values.items() if value not in ("", None)}
