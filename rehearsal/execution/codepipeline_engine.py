"""Moves executions through the stages of a pipeline.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence

from rehearsal.aws.platform import Platform
from rehearsal.execution.codepipeline_decisions import Decisions
from rehearsal.execution.codepipeline_events import CodePipelineEvents
from rehearsal.execution.codepipeline_records import (
    FAILED,
    IN_PROGRESS,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    SUPERSEDED,
    PipelineExecution,
    PipelineRecord,
    StageExecution,
    now,
)
from rehearsal.execution.codepipeline_stage import StageRun

_LOG = logging.getLogger(__name__)
_EVENT_STATES = {
    SUCCEEDED: "SUCCEEDED",
    FAILED: "FAILED",
    STOPPED: "STOPPED",
    SUPERSEDED: "SUPERSEDED",
    STOPPING: "STOPPING",
}


class CodePipelineEngine:
    """Runs executions, each on a thread of its own."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.decisions = Decisions()

    def start(
        self,
        record: PipelineRecord,
        *,
        trigger: Mapping[str, str],
        variables: Mapping[str, str],
        source_revisions: Sequence[Mapping[str, str]] = (),
    ) -> PipelineExecution:
        """Starts an execution of the pipeline's newest version."""
        with record.condition:
            execution = PipelineExecution(
                declaration=record.versions[record.declaration["version"]],
                trigger=trigger,
                variables=variables,
                source_revisions=source_revisions,
            )
            execution.namespaces["variables"] = dict(variables)
            execution.namespaces["codepipeline"] = {"PipelineExecutionId": execution.identifier}
            record.executions.append(execution)
        self._events(record).pipeline(execution, "STARTED")
        self._run(record, execution, 0, None)
        return execution

    def retry(
        self, record: PipelineRecord, execution: PipelineExecution, stage: str, mode: str
    ) -> None:
        """Runs a failed stage again (`mode` FAILED_ACTIONS or ALL_ACTIONS), then what follows."""
        names = [item["name"] for item in execution.declaration["stages"]]
        with record.condition:
            execution.status = IN_PROGRESS
            execution.stop_requested = False
            execution.abandoned = threading.Event()
            execution.attempt += 1
            execution.changed = now()
            execution.stages[stage].manual_retries += 1
        self._events(record).pipeline(execution, "RESUMED")
        self._run(record, execution, names.index(stage), mode)

    def stop(
        self, record: PipelineRecord, execution: PipelineExecution, *, abandon: bool, reason: str
    ) -> None:
        """Ends an execution when its running actions are through, or at once (`abandon`)."""
        with record.condition:
            execution.stop_requested = True
            execution.stop_reason = reason
            execution.status = STOPPING
            execution.changed = now()
            if abandon:
                execution.abandoned.set()
            for stage in execution.stages.values():
                if stage.status == IN_PROGRESS:
                    stage.status = STOPPING
            record.condition.notify_all()
        self._events(record).pipeline(execution, "STOPPING", **{"stop-execution-comments": reason})

    def forget(self, record: PipelineRecord) -> None:
        """Abandons everything that runs, because the pipeline is deleted or the server ends."""
        with record.condition:
            record.deleted = True
            for execution in record.executions:
                execution.stop_requested = True
                execution.abandoned.set()
            record.condition.notify_all()

    def _events(self, record: PipelineRecord) -> CodePipelineEvents:
        return CodePipelineEvents(self._platform, record)

    def _run(
        self,
        record: PipelineRecord,
        execution: PipelineExecution,
        first: int,
        retry_mode: str | None,
    ) -> None:
        threading.Thread(
            target=self._advance,
            args=(record, execution, first, retry_mode),
            name=f"pipeline-{record.name}",
            daemon=True,
        ).start()

    def _advance(
        self,
        record: PipelineRecord,
        execution: PipelineExecution,
        first: int,
        retry_mode: str | None,
    ) -> None:
        status = SUCCEEDED
        try:
            for stage in execution.declaration["stages"][first:]:
                entered = self._enter(record, execution, stage["name"])
                if entered != IN_PROGRESS:
                    status = entered
                    break
                run = StageRun(self._platform, record, execution, stage, self.decisions)
                try:
                    status = run.run(retry_mode)
                finally:
                    self._leave(record, stage["name"], execution)
                retry_mode = None
                if status != SUCCEEDED:
                    break
        except Exception:
            _LOG.exception("Execution %s of %s failed", execution.identifier, record.name)
            status = FAILED
        self._finish(record, execution, status)

    def _enter(self, record: PipelineRecord, execution: PipelineExecution, stage: str) -> str:
        """Waits at the door of a stage; IN_PROGRESS once inside, else how the execution ended."""
        with record.condition:
            inbound = record.inbound.setdefault(stage, [])
            if execution.mode == "SUPERSEDED":
                for older in inbound:
                    older.status = SUPERSEDED
                    older.status_summary = f"Superseded by {execution.identifier}"
                inbound.clear()
            inbound.append(execution)
            record.condition.notify_all()
            record.condition.wait_for(lambda: self._may_move(record, execution, stage))
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
                execution.stages[stage] = StageExecution(stage, execution.identifier)
            else:
                previous.status = IN_PROGRESS
            return IN_PROGRESS

    @staticmethod
    def _may_move(record: PipelineRecord, execution: PipelineExecution, stage: str) -> bool:
        if execution.status == SUPERSEDED or execution.stop_requested:
            return True
        transition = record.transitions.get(stage)
        if transition and not transition.enabled:
            return False
        if execution.mode == "PARALLEL":
            return True
        return stage not in record.occupants and record.inbound[stage][0] is execution

    @staticmethod
    def _leave(record: PipelineRecord, stage: str, execution: PipelineExecution) -> None:
        with record.condition:
            if record.occupants.get(stage) is execution:
                del record.occupants[stage]
            record.condition.notify_all()

    def _finish(self, record: PipelineRecord, execution: PipelineExecution, status: str) -> None:
        with record.condition:
            if record.deleted:
                return
            execution.status = status
            execution.changed = now()
            record.condition.notify_all()
        self._events(record).pipeline(execution, _EVENT_STATES[status])
