"""The run of one stage: its actions by run order, those of one order in parallel."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import Platform
from rehearsal.services.codepipeline.actions.action import (
    ActionAbandonedError,
    ActionResult,
    failure_of,
)
from rehearsal.services.codepipeline.actions.providers import PROVIDERS
from rehearsal.services.codepipeline.engine.condition import ConditionRun
from rehearsal.services.codepipeline.engine.decisions import Decisions
from rehearsal.services.codepipeline.engine.events import CodePipelineEvents
from rehearsal.services.codepipeline.engine.preparation import ActionPreparation
from rehearsal.services.codepipeline.records import (
    ABANDONED,
    CANCELLED,
    FAILED,
    IN_PROGRESS,
    ROLLBACK,
    SKIPPED,
    STOPPED,
    SUCCEEDED,
    ActionError,
    ActionExecution,
    PipelineExecution,
    PipelineRecord,
)

_LOG = logging.getLogger(__name__)


class StageRun:
    """One attempt at a stage of an execution."""

    def __init__(
        self,
        platform: Platform,
        record: PipelineRecord,
        execution: PipelineExecution,
        stage: Mapping[str, Any],
        decisions: Decisions,
    ) -> None:
        self._record = record
        self._execution = execution
        self._stage = stage
        self._preparation = ActionPreparation(platform, record, execution, decisions)
        self._events = CodePipelineEvents(platform, record)
        self._state = execution.stages[stage["name"]]
        self._conditions = ConditionRun(record, execution, self._state, self._preparation)
        self.rolls_back = False

    def run(self, retry_mode: str | None) -> str:
        """Runs the stage, and sets `rolls_back` if it has to be rolled back.

        Args:
            retry_mode: FAILED_ACTIONS skips the actions that succeeded, ALL_ACTIONS does not. None
                for the first attempt.

        Returns:
            Succeeded, Failed, Stopped or Skipped.
        """
        name = self._stage["name"]
        result = None if retry_mode else self._unmet("beforeEntry")
        if result == "SKIP":
            return self._ended(SKIPPED)
        self._events.stage(self._execution, name, "RESUMED" if retry_mode else "STARTED")
        if result == "FAIL":
            status = FAILED
        else:
            status = self._attempt(retry_mode) if result is None else result
            status = self._respond(status)
        self._events.stage(self._execution, name, _event_state(self._execution, status))
        return self._ended(status)

    def _respond(self, status: str) -> str:
        """Applies the stage's declaration for success or failure; returns the status."""
        if status == SUCCEEDED:
            result = self._unmet("onSuccess")
            self.rolls_back = result == "ROLLBACK"
            return status if result is None else STOPPED if result == STOPPED else FAILED
        failure = self._stage.get("onFailure", {})
        if status != FAILED or not failure:
            return status
        if failure.get("result") == "RETRY" and not self._state.automated_retries:
            mode = failure.get("retryConfiguration", {}).get("retryMode", "FAILED_ACTIONS")
            self._state.automated_retries += 1
            self._events.stage(self._execution, self._stage["name"], "RESUMED")
            return self._attempt(mode)
        if failure.get("conditions"):
            self.rolls_back = self._unmet("onFailure") == "ROLLBACK"
        else:
            self.rolls_back = failure.get("result") == "ROLLBACK"
        return status

    def _unmet(self, member: str) -> str | None:
        """Returns the result of a condition that is not met, or None."""
        conditions = self._stage.get(member, {}).get("conditions", [])
        if not conditions or member in self._state.overridden:
            return None
        if self._execution.kind == ROLLBACK:
            return None  # the target of a rollback has passed its conditions
        condition = conditions[0]
        if self._conditions.check(member, condition):
            return None
        if self._execution.stop_requested:
            return STOPPED
        return str(condition.get("result", "ROLLBACK" if member == "onFailure" else "FAIL"))

    def _ended(self, status: str) -> str:
        with self._record.condition:
            cancelled = status == STOPPED and self._execution.cancelled
            self._state.status = CANCELLED if cancelled else status
        return status

    def _attempt(self, retry_mode: str | None) -> str:
        actions = self._stage["actions"]
        if retry_mode == "FAILED_ACTIONS":
            done = {key for key, found in self._state.actions.items() if found.status == SUCCEEDED}
            actions = [item for item in actions if item["name"] not in done]
        orders = sorted({item.get("runOrder", 1) for item in actions})
        for order in orders:
            if self._execution.stop_requested:
                return STOPPED
            group = [item for item in actions if item.get("runOrder", 1) == order]
            results = self._in_parallel(group)
            if any(found.status == FAILED for found in results):
                return STOPPED if self._execution.stop_requested else FAILED
            if any(found.status == ABANDONED for found in results):
                return STOPPED
        return STOPPED if self._execution.stop_requested else SUCCEEDED

    def _in_parallel(self, group: list[Mapping[str, Any]]) -> list[ActionExecution]:
        runs = [self._begin(declaration) for declaration in group]
        threads = [
            threading.Thread(
                target=self._run_action, args=(run,), name=f"action-{run.name}", daemon=True
            )
            for run in runs
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)
                if self._execution.abandoned.is_set():
                    thread.join(1.0)
                    break
        for run in runs:
            if run.status not in {SUCCEEDED, FAILED}:
                run.status = ABANDONED
        return runs

    def _begin(self, declaration: Mapping[str, Any]) -> ActionExecution:
        run = ActionExecution(
            pipeline_execution_id=self._execution.identifier,
            pipeline_version=self._execution.version,
            stage=self._stage["name"],
            declaration=declaration,
            region=declaration.get("region", self._record.scope.region),
        )
        with self._record.condition:
            self._state.actions[run.name] = run
            self._execution.actions.append(run)
            run.inputs = {
                item["name"]: self._execution.artifacts[item["name"]]
                for item in declaration.get("inputArtifacts", [])
            }
        self._events.action(self._execution, run, "STARTED")
        return run

    def _run_action(self, run: ActionExecution) -> None:
        try:
            context = self._preparation.action_run(run, lambda: self._changed(run))
            result = PROVIDERS[_provider(run)].run(context)
        except ActionAbandonedError:
            self._end(run, ABANDONED)
            self._events.action(self._execution, run, "ABANDONED")
            return
        except Exception as error:
            failure = failure_of(error)
            if failure.code == "InternalError":
                _LOG.exception("Action %s of %s failed", run.name, self._record.name)
            run.error = ActionError(failure.code, failure.message)
            self._end(run, FAILED)
            self._events.action(self._execution, run, "FAILED")
            return
        self._keep(run, result)
        self._end(run, SUCCEEDED)
        self._events.action(self._execution, run, "SUCCEEDED")

    def _keep(self, run: ActionExecution, result: ActionResult) -> None:
        with self._record.condition:
            run.outputs = dict(result.outputs)
            run.variables = dict(result.variables)
            run.revision = result.revision
            run.summary = result.summary or run.summary
            self._execution.artifacts.update(run.outputs)
            namespace = run.declaration.get("namespace")
            if namespace:
                self._execution.namespaces[namespace] = run.variables
            if result.revision:
                for name in run.outputs:
                    self._execution.revisions[run.name] = (name, result.revision)

    def _end(self, run: ActionExecution, status: str) -> None:
        with self._record.condition:
            if run.status != IN_PROGRESS:
                return  # it was abandoned, and its result no longer counts
            run.status = status
            run.token = ""
            run.changed = self._execution.changed = utc_now()
            self._record.condition.notify_all()

    def _changed(self, run: ActionExecution) -> None:
        with self._record.condition:
            run.changed = self._execution.changed = utc_now()
            self._record.condition.notify_all()


def _event_state(execution: PipelineExecution, status: str) -> str:
    return "CANCELED" if status == STOPPED and execution.cancelled else status.upper()


def _provider(run: ActionExecution) -> tuple[str, str]:
    declared = run.declaration["actionTypeId"]
    return declared["category"], declared["provider"]
