"""Execution modes, by which executions enter and leave the stages of a pipeline.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

from rehearsal.services.codepipeline.records import (
    IN_PROGRESS,
    ROLLBACK,
    STOPPED,
    SUPERSEDED,
    PipelineExecution,
    PipelineRecord,
    StageExecution,
)


def enter(record: PipelineRecord, execution: PipelineExecution, stage: str) -> str:
    """Waits to enter a stage; returns IN_PROGRESS, or the status of an execution that ended."""
    with record.condition:
        inbound = record.inbound.setdefault(stage, [])
        if execution.mode == "SUPERSEDED" and execution.kind != ROLLBACK:
            for older in inbound:
                older.status = SUPERSEDED
                older.status_summary = f"Superseded by {execution.identifier}"
            inbound.clear()
        inbound.append(execution)
        record.condition.notify_all()
        record.condition.wait_for(lambda: _may_move(record, execution, stage))
        if execution in inbound:
            inbound.remove(execution)
        if execution.status == SUPERSEDED:
            return SUPERSEDED
        if execution.stop_requested:
            return STOPPED
        if execution.mode != "PARALLEL":
            record.occupants[stage] = execution
        record.latest[stage] = execution
        previous = execution.stages.get(stage)
        if previous is None:
            execution.stages[stage] = StageExecution(stage, execution.identifier, execution.kind)
        else:
            previous.status = IN_PROGRESS
        return IN_PROGRESS


def leave(record: PipelineRecord, stage: str, execution: PipelineExecution) -> None:
    """Leaves a stage, which the next execution can enter."""
    with record.condition:
        if record.occupants.get(stage) is execution:
            del record.occupants[stage]
        record.condition.notify_all()


def _may_move(record: PipelineRecord, execution: PipelineExecution, stage: str) -> bool:
    if execution.status == SUPERSEDED or execution.stop_requested:
        return True
    transition = record.transitions.get(stage)
    if transition and not transition.enabled:
        return False
    if execution.mode == "PARALLEL":
        return True
    return stage not in record.occupants and record.inbound[stage][0] is execution
