"""What EventBridge hears of pipeline executions and their steps.

Source: "Amazon SageMaker AI pipeline state change" and "... step state change" of the developer
guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.services.sagemaker.pipelines.run import StepState
from rehearsal.services.sagemaker.records import Record

ENDED = ("Succeeded", "Failed", "Stopped")
EXECUTION_EVENT = "SageMaker Model Building Pipeline Execution Status Change"
STEP_EVENT = "SageMaker Model Building Pipeline Execution Step Status Change"


def execution_detail(execution: Record, previous: str | None) -> dict[str, Any]:
    """The detail of an execution's event; `previous` is the status before."""
    status = execution["PipelineExecutionStatus"]
    return {
        "pipelineExecutionDisplayName": execution["PipelineExecutionDisplayName"],
        "pipelineExecutionDescription": execution.get("PipelineExecutionDescription"),
        "currentPipelineExecutionStatus": status,
        "previousPipelineExecutionStatus": previous,
        "executionStartTime": execution["CreationTime"],
        "executionEndTime": execution["LastModifiedTime"] if status in ENDED else None,
        "pipelineArn": execution["PipelineArn"],
        "pipelineExecutionArn": execution["PipelineExecutionArn"],
    }


def step_detail(execution: Record, state: StepState, previous: str | None) -> dict[str, Any]:
    """The detail of a step's event; `previous` is the status before."""
    return {
        "metadata": _metadata(state.metadata),
        "stepStartTime": state.started,
        "stepEndTime": state.ended,
        "stepName": state.name,
        "stepType": state.kind,
        "previousStepStatus": previous,
        "currentStepStatus": state.status,
        "failureReason": state.failure_reason,
        "cacheHitResult": cache_hit(state),
        "pipelineArn": execution["PipelineArn"],
        "pipelineExecutionArn": execution["PipelineExecutionArn"],
    }


def cache_hit(state: StepState) -> dict[str, str] | None:
    """Which execution a step's answers are from, when it did not run itself."""
    return {"SourcePipelineExecutionArn": state.cache_source} if state.cache_source else None


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """`{"ProcessingJob": {"Arn": ..}}` as events spell it: `{"processingJob": {"arn": ..}}`."""
    return {
        name[0].lower() + name[1:]: {
            key[0].lower() + key[1:]: value for key, value in inner.items()
        }
        for name, inner in metadata.items()
    }
