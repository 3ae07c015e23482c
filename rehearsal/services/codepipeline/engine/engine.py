"""Moves executions through the stages of a pipeline.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence

from rehearsal.framework.platform import Platform
from rehearsal.services.codepipeline.engine.decisions import Decisions
from rehearsal.services.codepipeline.engine.entry import enter, leave
from rehearsal.services.codepipeline.engine.events import CodePipelineEvents
from rehearsal.services.codepipeline.engine.rollback import last_success, rollback_to
from rehearsal.services.codepipeline.engine.stage import StageRun
from rehearsal.services.codepipeline.records import (
    CANCELLED,
    FAILED,
    IN_PROGRESS,
    OVERRIDDEN,
    ROLLBACK,
    SKIPPED,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    SUPERSEDED,
    PipelineExecution,
    PipelineRecord,
    now,
)

_LOG = logging.getLogger(__name__)
_EVENT_STATES = {
    SUCCEEDED: "SUCCEEDED",
    FAILED: "FAILED",
    STOPPED: "STOPPED",
    CANCELLED: "CANCELED",
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

    def override(
        self, record: PipelineRecord, execution: PipelineExecution, stage: str, member: str
    ) -> None:
        """Goes on as if a condition (`beforeEntry`, `onSuccess`) had been met."""
        names = [item["name"] for item in execution.declaration["stages"]]
        first = names.index(stage)
        with record.condition:
            found = execution.stages[stage]
            found.overridden.add(member)
            found.conditions[member].status = OVERRIDDEN
            found.conditions[member].changed = execution.changed = now()
            if member == "onSuccess":
                found.status = SUCCEEDED
                first += 1
            execution.status = IN_PROGRESS
            execution.attempt += 1
        self._events(record).pipeline(execution, "RESUMED")
        self._run(record, execution, first, None)

    def roll_back(
        self,
        record: PipelineRecord,
        target: PipelineExecution,
        stage: str,
        trigger: Mapping[str, str],
    ) -> PipelineExecution:
        """Runs a stage again with the artifacts and variables of an execution that succeeded."""
        names = [item["name"] for item in target.declaration["stages"]]
        execution = rollback_to(target, trigger)
        with record.condition:
            record.executions.append(execution)
        self._events(record).pipeline(execution, "STARTED")
        self._run(record, execution, names.index(stage), None)
        return execution

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

    def cancel(self, record: PipelineRecord) -> None:
        """Ends what runs, because the pipeline's definition is another one from now on.

        What its actions have started elsewhere, such as a build, goes on.
        """
        with record.condition:
            for execution in record.executions:
                if not execution.over:
                    execution.cancelled = execution.stop_requested = True
                    execution.abandoned.set()
            record.condition.notify_all()

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
        gone_back = None
        stages = execution.declaration["stages"][first:]
        if execution.kind == ROLLBACK:
            stages = stages[:1]
        try:
            for stage in stages:
                entered = enter(record, execution, stage["name"])
                if entered != IN_PROGRESS:
                    status = entered
                    break
                run = StageRun(self._platform, record, execution, stage, self.decisions)
                try:
                    status = run.run(retry_mode)
                finally:
                    leave(record, stage["name"], execution)
                retry_mode = None
                if run.rolls_back and execution.kind != ROLLBACK:
                    gone_back = stage["name"]
                if status == SKIPPED:
                    status = SUCCEEDED
                if status != SUCCEEDED:
                    break
        except Exception:
            _LOG.exception("Execution %s of %s failed", execution.identifier, record.name)
            status = FAILED
        if gone_back is not None:
            self._roll_back_to_last_success(record, execution, gone_back)
        self._finish(record, execution, status)

    def _roll_back_to_last_success(
        self, record: PipelineRecord, execution: PipelineExecution, stage: str
    ) -> None:
        """Without an execution to go back to, the stage stays failed, and the summary says so."""
        target = last_success(record, stage, before=execution)
        if target is None:
            with record.condition:
                execution.status_summary = (
                    f"Stage {stage} cannot be rolled back: no execution of this version of the "
                    "pipeline has succeeded in it"
                )
            return
        trigger = {"triggerType": "AutomatedRollback", "triggerDetail": execution.identifier}
        self.roll_back(record, target, stage, trigger)

    def _finish(self, record: PipelineRecord, execution: PipelineExecution, status: str) -> None:
        with record.condition:
            if record.deleted:
                return
            if execution.cancelled and status == STOPPED:
                status = CANCELLED
            execution.status = status
            execution.changed = now()
            record.condition.notify_all()
        self._events(record).pipeline(execution, _EVENT_STATES[status])
