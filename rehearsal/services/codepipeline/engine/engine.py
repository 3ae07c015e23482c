"""The engine, which runs the executions of pipelines stage by stage.

Sources: https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from copy import deepcopy

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import Platform
from rehearsal.services.codepipeline.engine.decisions import Decisions
from rehearsal.services.codepipeline.engine.events import CodePipelineEvents
from rehearsal.services.codepipeline.engine.execution_modes import enter, leave
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
    """Runs executions, each on a separate thread.

    Args:
        platform: the AWS around the service.
    """

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
        """Retries a failed stage (`mode` FAILED_ACTIONS or ALL_ACTIONS) and runs the next ones."""
        names = [item["name"] for item in execution.declaration["stages"]]
        with record.condition:
            execution.status = IN_PROGRESS
            execution.stop_requested = False
            execution.abandoned = threading.Event()
            execution.attempt += 1
            execution.changed = utc_now()
            execution.stages[stage].manual_retries += 1
        self._events(record).pipeline(execution, "RESUMED")
        self._run(record, execution, names.index(stage), mode)

    def override(
        self, record: PipelineRecord, execution: PipelineExecution, stage: str, member: str
    ) -> None:
        """Continues as if a condition (`beforeEntry`, `onSuccess`) were met."""
        names = [item["name"] for item in execution.declaration["stages"]]
        first = names.index(stage)
        with record.condition:
            found = execution.stages[stage]
            found.overridden.add(member)
            found.conditions[member].status = OVERRIDDEN
            found.conditions[member].changed = execution.changed = utc_now()
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
        """Runs a stage with the artifacts and variables of an execution that succeeded."""
        names = [item["name"] for item in target.declaration["stages"]]
        execution = _rollback_to(target, trigger)
        with record.condition:
            record.executions.append(execution)
        self._events(record).pipeline(execution, "STARTED")
        self._run(record, execution, names.index(stage), None)
        return execution

    def resume(
        self,
        record: PipelineRecord,
        execution: PipelineExecution,
        first: int,
        retry_mode: str | None,
    ) -> None:
        """Continues an execution after a start of the server, at the stage with an index."""
        self._run(record, execution, first, retry_mode)

    def end(self, record: PipelineRecord, execution: PipelineExecution, status: str) -> None:
        """Ends an execution that does not continue after a start of the server."""
        self._finish(record, execution, status)

    def stop(
        self, record: PipelineRecord, execution: PipelineExecution, *, abandon: bool, reason: str
    ) -> None:
        """Stops an execution when its running actions have ended, or at once (`abandon`)."""
        with record.condition:
            execution.stop_requested = True
            execution.stop_reason = reason
            execution.status = STOPPING
            execution.changed = utc_now()
            if abandon:
                execution.abandoned.set()
            for stage in execution.stages.values():
                if stage.status == IN_PROGRESS:
                    stage.status = STOPPING
            record.condition.notify_all()
        self._events(record).pipeline(execution, "STOPPING", **{"stop-execution-comments": reason})

    def cancel(self, record: PipelineRecord) -> None:
        """Cancels all executions, because the pipeline's definition has changed.

        A build or another job that an action has started continues.
        """
        with record.condition:
            for execution in record.executions:
                if not execution.over:
                    execution.cancelled = execution.stop_requested = True
                    execution.abandoned.set()
            record.condition.notify_all()

    def forget(self, record: PipelineRecord) -> None:
        """Abandons all executions, because the pipeline is deleted or the server stops."""
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
        rolled_back = None
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
                    rolled_back = stage["name"]
                if status == SKIPPED:
                    status = SUCCEEDED
                if status != SUCCEEDED:
                    break
        except Exception:
            _LOG.exception("Execution %s of %s failed", execution.identifier, record.name)
            status = FAILED
        if rolled_back is not None:
            self._roll_back_to_last_success(record, execution, rolled_back)
        self._finish(record, execution, status)

    def _roll_back_to_last_success(
        self, record: PipelineRecord, execution: PipelineExecution, stage: str
    ) -> None:
        """Rolls a stage back; without a target, the summary of the execution explains why not."""
        target = _last_success(record, stage, before=execution)
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
            execution.changed = utc_now()
            record.condition.notify_all()
        self._events(record).pipeline(execution, _EVENT_STATES[status])


def _last_success(
    record: PipelineRecord, stage: str, *, before: PipelineExecution | None = None
) -> PipelineExecution | None:
    """Returns the newest execution of the present version that succeeded in a stage."""
    with record.condition:
        for found in reversed(record.executions):
            reached = found.stages.get(stage)
            if (
                found is not before
                and found.kind != ROLLBACK
                and found.version == record.declaration["version"]
                and reached is not None
                and reached.status == SUCCEEDED
            ):
                return found
    return None


def _rollback_to(target: PipelineExecution, trigger: Mapping[str, str]) -> PipelineExecution:
    """Returns an execution with the sources, artifacts and variables of one that succeeded."""
    execution = PipelineExecution(
        declaration=target.declaration,
        trigger=trigger,
        variables=target.variables,
        source_revisions=target.source_revisions,
        rollback_target=target.identifier,
    )
    execution.artifacts = dict(target.artifacts)
    execution.revisions = dict(target.revisions)
    execution.namespaces = deepcopy(target.namespaces)
    execution.namespaces["codepipeline"] = {"PipelineExecutionId": execution.identifier}
    return execution
