"""A run of a pipeline definition: parallel steps with caching, retries and branches."""

import datetime
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker.pipelines.callbacks import Callbacks
from rehearsal.services.sagemaker.pipelines.conditions import ConditionError, holds
from rehearsal.services.sagemaker.pipelines.job_steps import new_name
from rehearsal.services.sagemaker.pipelines.policies import CachedRun, Retries, StepCache
from rehearsal.services.sagemaker.pipelines.references import OUTCOME, step_names_in
from rehearsal.services.sagemaker.pipelines.step_kinds import BRANCHES
from rehearsal.services.sagemaker.pipelines.step_run import (
    StepFailedError,
    StepOutcome,
    StepRun,
    StepStoppedError,
)
from rehearsal.services.sagemaker.pipelines.steps import run_step
from rehearsal.services.sagemaker.pipelines.values import UnresolvedError, Values, text_of

_LOG = logging.getLogger(__name__)

STEP_FAILURE = "Step failure: One or multiple steps failed."
LIMIT_POLL_SECONDS = 1.0
MAX_REASON_LENGTH = 1024
"""Characters of the FailureReason of a step."""
_ENDED = ("Succeeded", "Failed", "Stopped")


@dataclass(frozen=True)
class StepState:
    """A step of an execution as ListPipelineExecutionSteps shows it."""

    name: str
    kind: str
    status: str
    started: datetime.datetime
    ended: datetime.datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    failure_reason: str | None = None
    cache_source: str | None = None
    selective_source: str | None = None
    attempts: int = 0
    properties: Mapping[str, Any] = field(default_factory=dict)


Observer = Callable[[StepState, str | None], None]
"""Takes every change of a step, with its previous status."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The definition of an execution and what it acts with.

    `session` returns a session of the pipeline's role; `callbacks` are the callback steps that
    wait; `wait` blocks for a moment between two polls of a job; `done` are the steps that succeeded
    in an earlier attempt or execution; `selected` are the only steps to run, None for all.
    """

    execution_id: str
    execution_arn: str
    steps: Sequence[Mapping[str, Any]]
    values: Values
    tags: list[dict[str, str]]
    session: Callable[[], boto3.Session]
    callbacks: Callbacks
    cache: StepCache
    parallel: Callable[[], int]
    wait: Callable[[], None]
    observer: Observer
    stop: threading.Event
    done: Mapping[str, StepState] = field(default_factory=dict)
    selected: frozenset[str] | None = None

    def runs(self, step: Mapping[str, Any]) -> bool:
        """Returns True if a step is one of those to run."""
        return self.selected is None or step["Name"] in self.selected


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class PipelineRun:
    """A run of a pipeline's steps."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._changed = threading.Condition()
        self._waiting: dict[str, Mapping[str, Any]] = {}
        self._needs: dict[str, set[str]] = {}
        self._states: dict[str, StepState] = {}
        self._running = 0
        self._ended_by_fail = False

    def run(self) -> str:
        """Runs to the end; returns Succeeded, Failed or Stopped."""
        with self._changed:
            self._add(self._plan.steps)
            while True:
                for step in self._ready():
                    self._start(step)
                if not self._running:
                    break
                # The limit of parallel steps may have changed meanwhile.
                self._changed.wait(LIMIT_POLL_SECONDS)
        statuses = {state.status for state in self._states.values()}
        if self._plan.stop.is_set():
            return "Stopped"
        return "Failed" if statuses & {"Failed", "Stopped"} else "Succeeded"

    def _add(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Adds steps to the run, except those that an earlier attempt has completed."""
        for step in steps:
            done = self._plan.done.get(step["Name"])
            if done is None and self._plan.runs(step):
                self._waiting[step["Name"]] = step
                self._needs[step["Name"]] = self._needed(step)
                continue
            if done is None:
                # A selected step of a branch runs whatever its condition would say now.
                for outcome in (True, False):
                    self._add(_branch(step, outcome) if step["Type"] == "Condition" else ())
                continue
            self._states[step["Name"]] = done
            self._plan.values.finished(step, done.properties)
            if step["Type"] == "Condition":
                outcome = done.metadata["Condition"]["Outcome"] == "True"
                self._add(_branch(step, outcome))

    def _ready(self) -> list[Mapping[str, Any]]:
        """Returns the steps that can start now."""
        if self._plan.stop.is_set() or self._ended_by_fail:
            return []
        succeeded = {name for name, state in self._states.items() if state.status == "Succeeded"}
        ready = [step for name, step in self._waiting.items() if self._needs[name] <= succeeded]
        return ready[: max(self._plan.parallel() - self._running, 0)]

    def _needed(self, step: Mapping[str, Any]) -> set[str]:
        """Returns the steps that must succeed before a step starts."""
        needed = set(step_names_in(step))
        if self._plan.selected is None:
            return needed
        return needed & (self._plan.selected | self._plan.done.keys())

    def _start(self, step: Mapping[str, Any]) -> None:
        del self._waiting[step["Name"]]
        self._running += 1
        self._change(StepState(step["Name"], step["Type"], "Starting", now()))
        thread = threading.Thread(
            target=self._run_step, args=(step,), name=f"step {step['Name']}", daemon=True
        )
        thread.start()

    def _run_step(self, step: Mapping[str, Any]) -> None:
        """Runs one step on its thread and records its end."""
        name = step["Name"]
        self._update(name, status="Executing")
        try:
            outcome = self._outcome(step)
        except StepStoppedError:
            end: dict[str, Any] = {"status": "Stopped"}
        except Exception as error:  # any failure must end the step, with its reason
            reason = _reason(error)[:MAX_REASON_LENGTH]
            end = {"status": "Failed", "failure_reason": reason or None}
        else:
            end = {
                "status": "Succeeded",
                "metadata": outcome.metadata,
                "properties": outcome.properties,
            }
            self._plan.values.finished(step, outcome.properties)
        with self._changed:
            self._update(name, ended=now(), **end)
            if end["status"] == "Succeeded" and step["Type"] == "Condition":
                self._add(_branch(step, outcome.metadata["Condition"]["Outcome"] == "True"))
            self._running -= 1
            self._changed.notify_all()

    def _outcome(self, step: Mapping[str, Any]) -> StepOutcome:
        if step["Type"] == "Condition":
            return self._condition(step)
        if step["Type"] == "Fail":
            return self._fail(step)
        # The name of the job differs in each attempt, so it must not count for the cache.
        resolved = self._resolved(step, name="")
        cached = self._plan.cache.find(resolved)
        if cached is not None:
            self._update(step["Name"], cache_source=cached.execution_arn)
            return StepOutcome(cached.properties, cached.metadata)
        outcome = self._with_retries(step)
        kept = CachedRun(now(), self._plan.execution_arn, outcome.properties, outcome.metadata)
        self._plan.cache.keep(resolved, kept)
        return outcome

    def _resolved(self, step: Mapping[str, Any], *, name: str) -> Mapping[str, Any]:
        """Returns a step whose references are replaced by values; its job has a name."""
        values = self._plan.values.of_job(name)
        return {member: values.resolve(value) for member, value in step.items()}

    def _with_retries(self, step: Mapping[str, Any]) -> StepOutcome:
        name = step["Name"]
        retries = Retries(step.get("RetryPolicies") or (), now())
        while True:
            self._update(name, attempts=self._states[name].attempts + 1)
            try:
                return run_step(self._step_run(step))
            except StepFailedError as error:
                if error.metadata:
                    self._update(name, metadata=error.metadata)
                pause = retries.wait_seconds(error.exception_type)
                if pause is None:
                    raise
                _LOG.info("step %s is retried in %s s: %s", name, pause, error)
                if self._plan.stop.wait(pause):
                    raise StepStoppedError from error

    def _step_run(self, step: Mapping[str, Any]) -> StepRun:
        name = new_name(step, self._plan.execution_id)
        resolved = self._resolved(step, name=name)
        return StepRun(
            step=resolved,
            arguments=resolved["Arguments"],
            name=name,
            execution_arn=self._plan.execution_arn,
            tags=self._plan.tags,
            session=self._plan.session(),
            callbacks=self._plan.callbacks,
            stopping=lambda: self._stopping(step["Name"]),
            wait=self._plan.wait,
            started=lambda metadata: self._update(step["Name"], metadata=metadata),
        )

    def _stopping(self, name: str) -> bool:
        """Returns True if a running step must stop, which its status then shows."""
        if not self._plan.stop.is_set() and not self._ended_by_fail:
            return False
        if self._states[name].status == "Executing":
            self._update(name, status="Stopping")
        return True

    def _condition(self, step: Mapping[str, Any]) -> StepOutcome:
        conditions = step["Arguments"]["Conditions"]
        outcome = all(holds(condition, self._plan.values.resolve) for condition in conditions)
        return StepOutcome({OUTCOME: outcome}, {"Condition": {"Outcome": str(outcome)}})

    def _fail(self, step: Mapping[str, Any]) -> StepOutcome:
        """Stops the execution: running steps stop, and none starts.

        Source: "Use a FailStep to stop a pipeline execution".
        """
        message = text_of(self._plan.values.resolve(step["Arguments"]["ErrorMessage"]))
        self._update(step["Name"], metadata={"Fail": {"ErrorMessage": message}})
        self._ended_by_fail = True
        raise StepFailedError(message)

    def _update(self, name: str, **changes: Any) -> None:
        with self._changed:
            self._change(replace(self._states[name], **changes))

    def _change(self, state: StepState) -> None:
        before = self._states.get(state.name)
        self._states[state.name] = state
        self._plan.observer(state, before.status if before else None)


def _branch(step: Mapping[str, Any], outcome: bool) -> Sequence[Mapping[str, Any]]:
    branch: Sequence[Mapping[str, Any]] = (
        step["Arguments"].get(BRANCHES[0] if outcome else BRANCHES[1]) or ()
    )
    return branch


def _reason(error: Exception) -> str:
    """Returns the FailureReason of a step."""
    foreseen = (StepFailedError, UnresolvedError, ConditionError, AwsError, ClientError)
    if isinstance(error, foreseen):
        return str(error)
    if not isinstance(error, BotoCoreError):
        _LOG.exception("internal error in a step", exc_info=error)
    return f"InternalServerError: {type(error).__name__}: {error}"


def has_ended(state: StepState) -> bool:
    return state.status in _ENDED
