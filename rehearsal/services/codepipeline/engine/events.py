"""The events of CodePipeline.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
"""

from __future__ import annotations

from typing import Any

from rehearsal.events.listeners import EventListeners
from rehearsal.framework.platform import Platform
from rehearsal.services.codepipeline.records import (
    ActionExecution,
    PipelineExecution,
    PipelineRecord,
)

_DATE = "%Y-%m-%dT%H:%M:%S.%fZ"


class CodePipelineEvents:
    """Emits the events of a pipeline."""

    def __init__(self, platform: Platform, record: PipelineRecord) -> None:
        self._platform = platform
        self._record = record

    def pipeline(self, execution: PipelineExecution, state: str, **more: Any) -> None:
        detail = self._common(execution, state) | {"execution-trigger": _trigger(execution)} | more
        self._emit("CodePipeline Pipeline Execution State Change", detail)

    def stage(self, execution: PipelineExecution, stage: str, state: str, **more: Any) -> None:
        detail = self._common(execution, state) | {"stage": stage} | more
        self._emit("CodePipeline Stage Execution State Change", detail)

    def action(self, execution: PipelineExecution, action: ActionExecution, state: str) -> None:
        declared = action.declaration["actionTypeId"]
        detail = self._common(execution, state) | {
            "stage": action.stage,
            "action": action.name,
            "action-execution-id": action.identifier,
            "region": action.region,
            "type": {key: declared[key] for key in ("owner", "category", "provider", "version")},
            "input-artifacts": [_artifact(name, item) for name, item in action.inputs.items()],
            "output-artifacts": [_artifact(name, item) for name, item in action.outputs.items()],
        }
        if state != "STARTED":
            detail["execution-result"] = _result(action)
        self._emit("CodePipeline Action Execution State Change", detail)

    def _common(self, execution: PipelineExecution, state: str) -> dict[str, Any]:
        return {
            "pipeline": self._record.name,
            "execution-id": execution.identifier,
            "start-time": execution.started.strftime(_DATE),
            "state": state,
            "version": float(execution.version),
            "pipeline-execution-attempt": float(execution.attempt),
        }

    def _emit(self, detail_type: str, detail: dict[str, Any]) -> None:
        self._platform.emit_event(
            self._record.scope,
            source="aws.codepipeline",
            detail_type=detail_type,
            detail=detail,
            resources=[self._record.arn],
        )
        listeners = EventListeners.of(self._platform)
        listeners.notify(self._record.scope, detail_type, detail, self._record.arn)


def _trigger(execution: PipelineExecution) -> dict[str, str]:
    return {
        "trigger-type": execution.trigger["triggerType"],
        "trigger-detail": execution.trigger.get("triggerDetail", ""),
    }


def _artifact(name: str, location: Any) -> dict[str, Any]:
    return {"name": name, "s3location": {"bucket": location.bucket, "key": location.key}}


def _result(action: ActionExecution) -> dict[str, str]:
    result = {
        "external-execution-id": action.external_id,
        "external-execution-url": action.external_url,
        "external-execution-summary": action.error.message if action.error else action.summary,
        "error-code": action.error.code if action.error else "",
    }
    return {key: value for key, value in result.items() if value}
