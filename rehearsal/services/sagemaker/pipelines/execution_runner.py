"""Runs of pipeline executions: their threads, steps and events.

Source of the events: "Amazon SageMaker AI pipeline state change" and "... step state change" of
the developer guide.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import boto3

from rehearsal.framework.platform import Scope
from rehearsal.framework.service import INTERRUPTED
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.jobs.jobs import Jobs
from rehearsal.services.sagemaker.pipelines.callbacks import Callbacks
from rehearsal.services.sagemaker.pipelines.definition import parse_definition, walk
from rehearsal.services.sagemaker.pipelines.policies import StepCache
from rehearsal.services.sagemaker.pipelines.run import STEP_FAILURE, PipelineRun, Plan, StepState
from rehearsal.services.sagemaker.pipelines.step_run import read_object
from rehearsal.services.sagemaker.pipelines.values import Values
from rehearsal.services.sagemaker.records import Record, now

KIND = "pipeline-execution"
ENDED = ("Succeeded", "Failed", "Stopped")
MAX_POLL_SECONDS = 1.0
"""Seconds between two polls of a job; a change of any job wakes the executions at once."""
_EXECUTION_EVENT = "SageMaker Model Building Pipeline Execution Status Change"
_STEP_EVENT = "SageMaker Model Building Pipeline Execution Step Status Change"

_LOG = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Execution:
    """An execution of a pipeline.

    Args:
        record: the members that Describe shows.
        identifier: the last part of its ARN.
        token: the ClientRequestToken with which it was started.
        pipeline_name: the name of the pipeline.
        role_arn: the role of the pipeline when the execution was started.
        definition: the definition that it runs.
        given: the parameters of the request, as text.
        parameters: the values of all parameters.
        selected: the only steps that it runs. Defaults to None: all steps.
        states: the steps that have started, by name.
        stop: set when the execution must stop.
    """

    record: Record
    identifier: str
    token: str
    pipeline_name: str
    role_arn: str
    definition: str
    given: Mapping[str, str]
    parameters: Mapping[str, Any]
    selected: frozenset[str] | None = None
    states: dict[str, StepState] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def arn(self) -> str:
        return str(self.record["PipelineExecutionArn"])

    @property
    def pipeline_arn(self) -> str:
        return str(self.record["PipelineArn"])

    def variables(self) -> dict[str, str]:
        """Returns the Execution.* variables."""
        return {
            "PipelineName": self.pipeline_name,
            "PipelineArn": self.pipeline_arn,
            "PipelineExecutionId": self.identifier,
            "PipelineExecutionArn": self.arn,
            "StartDateTime": self.record["CreationTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "CurrentDateTime": now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def steps(self) -> list[dict[str, Any]]:
        """Returns the steps as ListPipelineExecutionSteps has them, oldest first."""
        described = {step["Name"]: step for step in walk(parse_definition(self.definition).steps)}
        states = sorted(self.states.copy().values(), key=lambda state: state.started)
        return [_listed(state, described[state.name]) for state in states]


class ExecutionRunner:
    """Runs executions with the pipeline's role.

    Args:
        backend: the backend of SageMaker.
        jobs: the jobs of SageMaker, whose changes wake executions.
    """

    KEPT = ("_executions", "_caches")

    def __init__(self, backend: Backend, jobs: Jobs) -> None:
        self._backend = backend
        self._jobs = jobs
        self._executions: dict[str, Execution] = {}
        self._caches: dict[str, StepCache] = {}
        self.callbacks = Callbacks()
        backend.on_close(self._stop_all)

    def add(self, execution: Execution) -> None:
        """Adds a new execution."""
        with self._backend.lock:
            self._executions[execution.arn] = execution

    def execution(self, arn: str) -> Execution:
        """Returns an execution that exists."""
        with self._backend.lock:
            return self._executions[arn]

    def begin(
        self, scope: Scope, execution: Execution, done: Mapping[str, StepState] | None = None
    ) -> None:
        """Starts an execution.

        Args:
            scope: account and region.
            execution: the execution.
            done: the steps that succeeded in an earlier attempt or execution and are not run
                again. Defaults to none.
        """
        with self._backend.lock:
            execution.stop = threading.Event()
            execution.states = dict(done or {})
        self._emit_execution(scope, execution, previous=None)
        self._backend.workers.start(
            f"pipeline execution {execution.identifier}", lambda: self._run(scope, execution)
        )

    def stop(self, scope: Scope, execution: Execution) -> None:
        """Stops an execution and the jobs of its steps."""
        self._set_status(scope, execution, "Stopping")
        execution.stop.set()
        self._jobs.wake()

    def resume(self) -> list[str]:
        """Ends the executions that the end of the server has interrupted; returns them."""
        with self._backend.lock:
            pending = [
                (scope, execution)
                for scope, record in self._backend.records.everywhere(KIND)
                if record["PipelineExecutionStatus"] not in ENDED
                if (execution := self._executions.get(record["PipelineExecutionArn"]))
            ]
        found = []
        for scope, execution in pending:
            stopping = execution.record["PipelineExecutionStatus"] == "Stopping"
            status = "Stopped" if stopping else "Failed"
            for state in execution.states.values():
                if state.status in ("Starting", "Executing", "Stopping"):
                    reason = None if stopping else INTERRUPTED
                    ended = replace(state, status=status, ended=now(), failure_reason=reason)
                    self._step_changed(scope, execution, ended, state.status)
            self._set_status(
                scope, execution, status, FailureReason=None if stopping else INTERRUPTED
            )
            found.append(f"pipeline execution {execution.arn}: {status}")
        return found

    def wake(self) -> None:
        """Lets waiting steps look at once whether they can go on."""
        self._jobs.wake()

    def forget(self, scope: Scope, pipeline_arn: str) -> None:
        """Removes the executions of a deleted pipeline."""
        with self._backend.lock:
            found = [one for one in self._executions.values() if one.pipeline_arn == pipeline_arn]
            for execution in found:
                del self._executions[execution.arn]
                self._backend.records.of(scope, KIND).pop(execution.arn, None)
            self._caches.pop(pipeline_arn, None)
            self.callbacks.forget({execution.arn for execution in found})

    def _run(self, scope: Scope, execution: Execution) -> None:
        reason = None
        try:
            status = PipelineRun(self._plan(scope, execution)).run()
            if status == "Failed":
                reason = STEP_FAILURE
        except Exception as error:  # any failure must end the execution, with its reason
            _LOG.exception("pipeline execution %s", execution.arn)
            status, reason = "Failed", f"{type(error).__name__}: {error}"
        self._set_status(scope, execution, status, FailureReason=reason)

    def _plan(self, scope: Scope, execution: Execution) -> Plan:
        definition = parse_definition(execution.definition)
        tags = self._backend.tags.of(execution.pipeline_arn)
        with self._backend.lock:
            cache = self._caches.setdefault(execution.pipeline_arn, StepCache())

        def session() -> boto3.Session:
            # A new session for each step: the credentials of a role expire after an hour.
            identity = self._backend.identity
            return identity.role_session(scope, execution.role_arn, execution.pipeline_arn)

        values = Values(
            execution.parameters, execution.variables(), lambda uri: read_object(session(), uri)
        )
        config = definition.content.get("PipelineExperimentConfig")
        if config:
            with self._backend.lock:
                execution.record["PipelineExperimentConfig"] = values.resolve(config)
        record = execution.record
        return Plan(
            execution_id=execution.identifier,
            execution_arn=execution.arn,
            steps=definition.steps,
            values=values,
            tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            session=session,
            callbacks=self.callbacks,
            cache=cache,
            parallel=lambda: record["ParallelismConfiguration"]["MaxParallelExecutionSteps"],
            wait=lambda: self._jobs.wait_for_change(MAX_POLL_SECONDS),
            observer=lambda state, before: self._step_changed(scope, execution, state, before),
            stop=execution.stop,
            done=dict(execution.states),
            selected=execution.selected,
        )

    def _step_changed(
        self, scope: Scope, execution: Execution, state: StepState, previous: str | None
    ) -> None:
        with self._backend.lock:
            execution.states[state.name] = state
            execution.record["LastModifiedTime"] = now()
        if state.status != previous:
            detail = _step_detail(execution.record, state, previous)
            self._emit(scope, _STEP_EVENT, execution, detail)

    def _set_status(self, scope: Scope, execution: Execution, status: str, **changes: Any) -> None:
        record = execution.record
        with self._backend.lock:
            previous = record["PipelineExecutionStatus"]
            record.update(PipelineExecutionStatus=status, LastModifiedTime=now(), **changes)
        self._emit_execution(scope, execution, previous=previous)

    def _emit_execution(self, scope: Scope, execution: Execution, *, previous: str | None) -> None:
        detail = _execution_detail(execution.record, previous)
        self._emit(scope, _EXECUTION_EVENT, execution, detail)

    def _emit(
        self, scope: Scope, detail_type: str, execution: Execution, detail: Mapping[str, Any]
    ) -> None:
        given = {name: value for name, value in detail.items() if value is not None}
        arns = (execution.pipeline_arn, execution.arn)
        self._backend.emit(scope, detail_type, given, *arns, iso=True)

    def _stop_all(self) -> None:
        self.callbacks.close()
        with self._backend.lock:
            executions = list(self._executions.values())
        for execution in executions:
            execution.stop.set()
        self._jobs.wake()


def _execution_detail(execution: Record, previous: str | None) -> dict[str, Any]:
    """Returns the detail of an execution's event."""
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


def _step_detail(execution: Record, state: StepState, previous: str | None) -> dict[str, Any]:
    """Returns the detail of a step's event."""
    return {
        "metadata": _metadata(state.metadata),
        "stepStartTime": state.started,
        "stepEndTime": state.ended,
        "stepName": state.name,
        "stepType": state.kind,
        "previousStepStatus": previous,
        "currentStepStatus": state.status,
        "failureReason": state.failure_reason,
        "cacheHitResult": _cache_hit(state),
        "pipelineArn": execution["PipelineArn"],
        "pipelineExecutionArn": execution["PipelineExecutionArn"],
    }


def _cache_hit(state: StepState) -> dict[str, str] | None:
    """Returns the execution whose results a step took from the cache; None if it ran itself."""
    return _source(state.cache_source)


def _source(arn: str | None) -> dict[str, str] | None:
    return {"SourcePipelineExecutionArn": arn} if arn else None


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Spells `{"ProcessingJob": {"Arn": ..}}` as events do: `{"processingJob": {"arn": ..}}`."""
    return {
        name[0].lower() + name[1:]: {
            key[0].lower() + key[1:]: value for key, value in inner.items()
        }
        for name, inner in metadata.items()
    }


def _listed(state: StepState, step: Mapping[str, Any]) -> dict[str, Any]:
    entry = {
        "StepName": state.name,
        "StepDisplayName": step.get("DisplayName"),
        "StepDescription": step.get("Description"),
        "StartTime": state.started,
        "EndTime": state.ended,
        "StepStatus": state.status,
        "CacheHitResult": _cache_hit(state),
        "FailureReason": state.failure_reason,
        "Metadata": dict(state.metadata),
        "AttemptCount": state.attempts,
        "SelectiveExecutionResult": _source(state.selective_source),
    }
    return {name: value for name, value in entry.items() if value is not None}
