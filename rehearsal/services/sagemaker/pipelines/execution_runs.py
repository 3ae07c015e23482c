"""The work behind pipeline executions: a thread each, its steps, its events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3

from rehearsal.framework.platform import Platform, Scope
from rehearsal.services.sagemaker.pipelines.definition import parse_definition, walk
from rehearsal.services.sagemaker.pipelines.execution_events import (
    EXECUTION_EVENT,
    STEP_EVENT,
    cache_hit,
    execution_detail,
    step_detail,
)
from rehearsal.services.sagemaker.pipelines.pipelines import Pipelines
from rehearsal.services.sagemaker.pipelines.policies import StepCache
from rehearsal.services.sagemaker.pipelines.run import STEP_FAILURE, PipelineRun, Plan, StepState
from rehearsal.services.sagemaker.pipelines.values import Values
from rehearsal.services.sagemaker.records import Record, now

KIND = "pipeline-execution"
POLL_SECONDS = 1.0
"""The longest time between two looks at a job; a change of any job wakes the executions at once."""

_LOG = logging.getLogger(__name__)


class PipelineExecutionRuns(Pipelines):
    """Runs executions with the pipeline's role."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._step_states: dict[str, dict[str, StepState]] = {}
        self._stops: dict[str, threading.Event] = {}
        self._caches: dict[str, StepCache] = {}
        self.on_close(self._halt_all)

    def begin_execution(
        self, scope: Scope, execution: Record, *, done: Mapping[str, StepState]
    ) -> None:
        """Starts an execution, or what is left of it."""
        arn = execution["PipelineExecutionArn"]
        stop = threading.Event()
        with self.lock:
            self._stops[arn] = stop
            self._step_states[arn] = dict(done)
        self._emit_execution(scope, execution, previous=None)
        self.workers.start(
            f"pipeline execution {execution['_id']}",
            lambda: self._run_execution(scope, execution, stop, done),
        )

    def halt_execution(self, scope: Scope, execution: Record) -> None:
        """Asks an execution to stop, and with it the jobs of its steps."""
        self._set_status(scope, execution, "Stopping")
        with self.lock:
            stop = self._stops[execution["PipelineExecutionArn"]]
        stop.set()
        with self.job_changes:
            self.job_changes.notify_all()

    def forget_executions(self, scope: Scope, pipeline_arn: str) -> None:
        """Drops what is left of a deleted pipeline's executions."""
        with self.lock:
            executions = self.records.of(scope, KIND)
            own = [arn for arn, one in executions.items() if one["PipelineArn"] == pipeline_arn]
            for arn in own:
                del executions[arn], self._step_states[arn], self._stops[arn]
            self._caches.pop(pipeline_arn, None)

    def step_states(self, execution: Record) -> dict[str, StepState]:
        with self.lock:
            return dict(self._step_states.get(execution["PipelineExecutionArn"], {}))

    def execution_steps(self, execution: Record) -> list[dict[str, Any]]:
        """The steps as ListPipelineExecutionSteps answers them, oldest first."""
        described = {
            step["Name"]: step for step in walk(parse_definition(execution["_definition"]).steps)
        }
        states = sorted(self.step_states(execution).values(), key=lambda state: state.started)
        return [_step_answer(state, described[state.name]) for state in states]

    def _run_execution(
        self,
        scope: Scope,
        execution: Record,
        stop: threading.Event,
        done: Mapping[str, StepState],
    ) -> None:
        reason = None
        try:
            status = PipelineRun(self._plan(scope, execution, stop, done)).run()
            if status == "Failed":
                reason = STEP_FAILURE
        except Exception as error:  # whatever it is, the execution must end and say why
            _LOG.exception("pipeline execution %s", execution["PipelineExecutionArn"])
            status, reason = "Failed", f"{type(error).__name__}: {error}"
        self._set_status(scope, execution, status, FailureReason=reason)

    def _plan(
        self,
        scope: Scope,
        execution: Record,
        stop: threading.Event,
        done: Mapping[str, StepState],
    ) -> Plan:
        definition = parse_definition(execution["_definition"])
        with self.lock:
            tags = self.backend.tags.of(execution["PipelineArn"])
            cache = self._caches.setdefault(execution["PipelineArn"], StepCache())

        def session() -> boto3.Session:
            # Made for each step: the credentials of a role end after an hour.
            return self.role_session(scope, execution["_role"], execution["PipelineArn"])

        def client() -> Any:
            return session().client("sagemaker")

        def read_object(uri: str) -> bytes:
            s3 = session().client("s3")
            place = urlsplit(uri)
            answer = s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
            body: bytes = answer["Body"].read()
            return body

        values = Values(execution["_parameters"], _variables(execution), read_object)
        self._record_experiment(execution, values, definition.content)
        return Plan(
            execution_id=execution["_id"],
            execution_arn=execution["PipelineExecutionArn"],
            steps=definition.steps,
            values=values,
            tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            client=client,
            cache=cache,
            parallel=execution["ParallelismConfiguration"]["MaxParallelExecutionSteps"],
            wait=self._wait_for_change,
            observer=lambda state, before: self._step_changed(scope, execution, state, before),
            stop=stop,
            done=done,
        )

    def _wait_for_change(self) -> None:
        with self.job_changes:
            self.job_changes.wait(POLL_SECONDS)

    def _record_experiment(
        self, execution: Record, values: Values, content: Mapping[str, Any]
    ) -> None:
        config = content.get("PipelineExperimentConfig")
        if config:
            with self.lock:
                execution["PipelineExperimentConfig"] = values.resolve(config)

    def _step_changed(
        self, scope: Scope, execution: Record, state: StepState, previous: str | None
    ) -> None:
        with self.lock:
            self._step_states[execution["PipelineExecutionArn"]][state.name] = state
            execution["LastModifiedTime"] = now()
        if state.status == previous:
            return
        self._emit_pipeline(scope, STEP_EVENT, execution, step_detail(execution, state, previous))

    def _set_status(self, scope: Scope, execution: Record, status: str, **changes: Any) -> None:
        with self.lock:
            previous = execution["PipelineExecutionStatus"]
            execution.update(PipelineExecutionStatus=status, LastModifiedTime=now(), **changes)
        self._emit_execution(scope, execution, previous=previous)

    def _emit_execution(self, scope: Scope, execution: Record, *, previous: str | None) -> None:
        detail = execution_detail(execution, previous)
        self._emit_pipeline(scope, EXECUTION_EVENT, execution, detail)

    def _emit_pipeline(
        self, scope: Scope, detail_type: str, execution: Record, detail: Mapping[str, Any]
    ) -> None:
        given = {name: value for name, value in detail.items() if value is not None}
        arns = (execution["PipelineArn"], execution["PipelineExecutionArn"])
        self.emit(scope, detail_type, given, *arns, iso=True)

    def _halt_all(self) -> None:
        with self.lock:
            stops = list(self._stops.values())
        for stop in stops:
            stop.set()
        with self.job_changes:
            self.job_changes.notify_all()


def _variables(execution: Record) -> dict[str, str]:
    """The Execution.* variables."""
    return {
        "PipelineName": execution["_pipeline_name"],
        "PipelineArn": execution["PipelineArn"],
        "PipelineExecutionId": execution["_id"],
        "PipelineExecutionArn": execution["PipelineExecutionArn"],
        "StartDateTime": execution["CreationTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "CurrentDateTime": now().strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _step_answer(state: StepState, step: Mapping[str, Any]) -> dict[str, Any]:
    answer = {
        "StepName": state.name,
        "StepDisplayName": step.get("DisplayName"),
        "StepDescription": step.get("Description"),
        "StartTime": state.started,
        "EndTime": state.ended,
        "StepStatus": state.status,
        "CacheHitResult": cache_hit(state),
        "FailureReason": state.failure_reason,
        "Metadata": dict(state.metadata),
        "AttemptCount": state.attempts,
    }
    return {name: value for name, value in answer.items() if value is not None}
