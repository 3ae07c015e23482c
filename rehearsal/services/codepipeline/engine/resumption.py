"""Executions after a start of the server: those that only waited go on, the others have failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.service import INTERRUPTED
from rehearsal.services.codepipeline.engine.engine import CodePipelineEngine
from rehearsal.services.codepipeline.records import (
    FAILED,
    IN_PROGRESS,
    SKIPPED,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    ActionError,
    ActionExecution,
    PipelineExecution,
    PipelineRecord,
)

_ENTER_SECONDS = 5.0


class Resumption:
    """Continues or ends the executions that ran when the server ended.

    Args:
        engine: runs the executions that continue.
    """

    def __init__(self, engine: CodePipelineEngine) -> None:
        self._engine = engine

    def resume(self, record: PipelineRecord) -> list[str]:
        """Continues what waited for an approval or for a stage, and fails what worked.

        Returns:
            A sentence about each execution that failed.
        """
        with record.condition:
            record.occupants.clear()
            record.inbound.clear()
            pending = [one for one in record.executions if not one.over]
        lines, waiting = [], []
        for execution in pending:
            if execution.stop_requested:
                self._engine.end(record, execution, STOPPED)
            elif _works(execution):
                self._fail(record, execution)
                lines.append(f"pipeline {record.name}, execution {execution.identifier}: Failed")
            else:
                waiting.append(execution)
        # What was in a stage enters it again before what waited for the stage.
        for execution in sorted(waiting, key=lambda one: not _approvals(one)):
            self._continue(record, execution)
        return lines

    def _fail(self, record: PipelineRecord, execution: PipelineExecution) -> None:
        with record.condition:
            for action in _running(execution):
                action.status = FAILED
                action.error = ActionError("JobFailed", INTERRUPTED)
                action.token = ""
                action.changed = utc_now()
            for stage in execution.stages.values():
                if stage.status in (IN_PROGRESS, STOPPING):
                    stage.status = FAILED
            execution.status_summary = INTERRUPTED
        self._engine.end(record, execution, FAILED)

    def _continue(self, record: PipelineRecord, execution: PipelineExecution) -> None:
        stages: list[Mapping[str, Any]] = execution.declaration["stages"]
        done = {
            name for name, stage in execution.stages.items() if stage.status in (SUCCEEDED, SKIPPED)
        }
        first = next(i for i, stage in enumerate(stages) if stage["name"] not in done)
        approvals = _approvals(execution)
        with record.condition:
            for action in approvals:  # they are asked for again, with another token
                execution.actions.remove(action)
                execution.stages[action.stage].actions.pop(action.name, None)
        self._engine.resume(record, execution, first, "FAILED_ACTIONS" if approvals else None)
        if approvals and execution.mode != "PARALLEL":
            name = stages[first]["name"]
            with record.condition:
                record.condition.wait_for(lambda: name in record.occupants, _ENTER_SECONDS)


def _running(execution: PipelineExecution) -> list[ActionExecution]:
    return [action for action in execution.actions if action.status == IN_PROGRESS]


def _approvals(execution: PipelineExecution) -> list[ActionExecution]:
    return [
        action
        for action in _running(execution)
        if action.declaration["actionTypeId"]["category"] == "Approval"
    ]


def _works(execution: PipelineExecution) -> bool:
    """Returns True if an execution did more than to wait for an approval or for a stage."""
    if _approvals(execution):
        return len(_approvals(execution)) < len(_running(execution))
    in_stage = any(stage.status == IN_PROGRESS for stage in execution.stages.values())
    return in_stage or bool(_running(execution)) or not execution.stages
