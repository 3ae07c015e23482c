"""Progress of a pipeline: its actions, and their training steps and tuning trials."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rehearsal.client import logs, pipeline_execution, training_pipeline
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.pipeline_execution import ActionExecution, Obstacle, PipelineExecution
from rehearsal.client.progress import Board, Status
from rehearsal.client.training_pipeline import Step, TrainingExecution, Trial

POLL_SECONDS = 0.5
POLL_SHARE = 0.1
"""Share of the time in which an execution is looked at: less often on a busy machine."""
MAX_POLL_SECONDS = 5.0
TRIGGER_SECONDS = 60.0
SILENCE_SECONDS = 60.0
"""Seconds without output after which a running job is shown as silent."""
SILENCE_POLL_SECONDS = 10.0


@dataclass
class WatchedExecution:
    """The last state of an execution and of the training pipelines that its builds started."""

    execution: PipelineExecution
    trainings: dict[str, TrainingExecution] = field(default_factory=dict)
    obstacle: Obstacle | None = None

    @property
    def model_package(self) -> str:
        """ARN of the model package that the trainings registered last; empty for none."""
        found = [one.model_package for one in self.trainings.values() if one.model_package]
        return found[-1] if found else ""

    def require_success(self) -> None:
        """Checks that the execution has not failed.

        Raises:
            RehearsalError: the execution ended without success.
        """
        if self.execution.status.ended and self.execution.status is not Status.SUCCEEDED:
            raise RehearsalError(
                f"Pipeline {self.execution.pipeline} {self.execution.status}.",
                self.execution.failure,
                "Run `rehearse logs NAME --pipeline build` (or deploy) for the end of the log.",
            )


@dataclass
class PipelineWatcher:
    """Follows executions of pipelines on a board."""

    aws: LocalAws
    board: Board

    def __post_init__(self) -> None:
        self._codepipeline = self.aws.client("codepipeline")
        self._codebuild = self.aws.client("codebuild")
        self._sagemaker = self.aws.client("sagemaker")
        self._executions: dict[str, str] = {}
        self._silences: dict[str, tuple[float, str]] = {}

    def wait_for_commit(self, pipeline: str, commit: str) -> str:
        """Returns the id of the execution that a pushed commit starts.

        Raises:
            RehearsalError: no execution starts within `TRIGGER_SECONDS`.
        """
        deadline = time.monotonic() + TRIGGER_SECONDS
        while True:
            found = pipeline_execution.of_commit(self._codepipeline, pipeline, commit)
            if found:
                return found
            if time.monotonic() >= deadline:
                break
            time.sleep(0.2)
        self._require_source(pipeline, commit)
        raise RehearsalError(
            f"Commit {commit[:8]} did not start pipeline {pipeline}.",
            f"No execution of the commit started within {TRIGGER_SECONDS:.0f} s.",
            "Check that you pushed to the branch that the pipeline watches.",
        )

    def _require_source(self, pipeline: str, commit: str) -> None:
        """Raises `RehearsalError` if the source action of the newest execution failed."""
        found = pipeline_execution.executions(self._codepipeline, pipeline)
        if not found:
            return
        newest = found[0]["pipelineExecutionId"]
        execution = pipeline_execution.read(self._codepipeline, pipeline, newest)
        if execution.source_failure:
            raise RehearsalError(
                f"Pipeline {pipeline} could not fetch commit {commit[:8]}.",
                f"Its newest execution, {newest}, failed: {execution.source_failure}",
                "Correct the role, repository or bucket in the message, then push again.",
            )

    def wait_for_new(self, pipeline: str, known: set[str]) -> str:
        """Returns the id of an execution that is not in `known`, when one starts.

        Raises:
            RehearsalError: no execution starts within `TRIGGER_SECONDS`.
        """
        deadline = time.monotonic() + TRIGGER_SECONDS
        while True:
            for summary in pipeline_execution.executions(self._codepipeline, pipeline):
                if summary["pipelineExecutionId"] not in known:
                    return str(summary["pipelineExecutionId"])
            if time.monotonic() >= deadline:
                break
            time.sleep(0.2)
        raise RehearsalError(
            f"Pipeline {pipeline} was not started.",
            f"No new execution started within {TRIGGER_SECONDS:.0f} s.",
            "Check the EventBridge rule that starts it, and the log of the local AWS.",
        )

    def known(self, pipeline: str) -> set[str]:
        """Returns the ids of the executions of a pipeline."""
        summaries = pipeline_execution.executions(self._codepipeline, pipeline)
        return {summary["pipelineExecutionId"] for summary in summaries}

    def follow(
        self,
        pipeline: str,
        execution_id: str,
        row: tuple[str, ...],
        *,
        seen: WatchedExecution | None = None,
        until: Callable[[WatchedExecution], object] = lambda _: False,
        beside: Callable[[], None] = lambda: None,
    ) -> WatchedExecution:
        """Follows an execution until it ends or waits for a manual approval.

        That may be the approval of another execution, in a stage that this one cannot enter yet.

        Args:
            pipeline: name of the pipeline.
            execution_id: id of the execution.
            row: path of the row of the board below which the stages are shown.
            seen: the state before the last approval was given. Defaults to None. That approval
                does not end the method again while AWS still shows it as pending.
            until: returns True for a state at which following ends early. Defaults to a function
                that never does.
            beside: called between two looks at the execution. Defaults to a function without
                effect.
        """
        for stage in pipeline_execution.stages(self._codepipeline, pipeline):
            self.board.update((*row, stage))
        given = seen.execution.approval if seen else None
        watched = seen
        before: Obstacle | None = None
        while True:
            began = time.monotonic()
            watched = self.look(pipeline, execution_id, row, seen=watched)
            execution = watched.execution
            pending = execution.approval
            if execution.status.ended or (
                pending and not (given and pending.execution_id == given.execution_id)
            ):
                return watched
            if until(watched):
                return watched
            beside()
            if not any(action.status is Status.RUNNING for action in execution.actions):
                watched.obstacle = pipeline_execution.obstacle(
                    self._codepipeline, pipeline, execution_id
                )
                if watched.obstacle and watched.obstacle == before:
                    return watched
                before = watched.obstacle
            time.sleep(pause(time.monotonic() - began))

    def look(
        self,
        pipeline: str,
        execution_id: str,
        row: tuple[str, ...],
        *,
        seen: WatchedExecution | None = None,
    ) -> WatchedExecution:
        """Shows the current state of an execution on the board, and returns it.

        Args:
            pipeline: name of the pipeline.
            execution_id: id of the execution.
            row: path of the row of the board below which the stages are shown.
            seen: the state at an earlier look, whose ended trainings are not read again. Defaults
                to None.
        """
        execution = pipeline_execution.read(self._codepipeline, pipeline, execution_id)
        watched = WatchedExecution(execution, seen.trainings if seen else {})
        self.show(watched, row)
        return watched

    def show(self, watched: WatchedExecution, row: tuple[str, ...]) -> None:
        """Shows the state of an execution and of its trainings on the board."""
        latest = {(action.stage, action.name): action for action in watched.execution.actions}
        for stage in watched.execution.stages:
            actions = [action for action in latest.values() if action.stage == stage]
            if actions:
                self._show_stage(stage, actions, row)
        for action in latest.values():
            approval = action.category == "Approval" and action.status is Status.RUNNING
            self.board.update(
                (*row, action.stage, action.name),
                Status.APPROVAL if approval else action.status,
                action.error or None,
                started=action.started.timestamp(),
                ended=action.updated.timestamp() if action.status.ended else None,
            )
            if action.external_id and action.category in ("Build", "Test", "Compute"):
                self._show_training(watched, action, (*row, action.stage, action.name))

    def _show_stage(self, stage: str, actions: list[ActionExecution], row: tuple[str, ...]) -> None:
        statuses = {action.status for action in actions}
        status = next(
            status
            for status in (Status.RUNNING, Status.FAILED, Status.STOPPED, Status.SUCCEEDED)
            if status in statuses
        )
        ended = max(action.updated for action in actions).timestamp()
        self.board.update(
            (*row, stage),
            status,
            started=min(action.started for action in actions).timestamp(),
            ended=ended if status.ended else None,
        )

    def _show_training(
        self, watched: WatchedExecution, action: ActionExecution, row: tuple[str, ...]
    ) -> None:
        known = watched.trainings.get(action.external_id)
        if known and known.status.ended:
            return
        arn = self._executions.get(action.external_id)
        if arn is None:
            found = training_pipeline.find(self._sagemaker, self._codebuild, action.external_id)
            if found is None:
                return
            arn = self._executions.setdefault(action.external_id, found)
        training = training_pipeline.read(self._sagemaker, arn)
        watched.trainings[action.external_id] = training
        for step in training.steps:
            self._show_step(step, row)

    def _show_step(self, step: Step, row: tuple[str, ...]) -> None:
        self.board.update(
            (*row, step.name),
            step.status,
            step.detail or self._silence(step.kind, step.job, step.status, step.started) or None,
            started=seconds(step.started),
            ended=seconds(step.ended),
        )
        for number, trial in enumerate(step.trials, start=1):
            self.board.update(
                (*row, step.name, f"trial {number}"),
                trial.status,
                self._silence("TrainingJob", trial.name, trial.status, trial.started)
                or trial_text(trial)
                or None,
                started=seconds(trial.started),
                ended=seconds(trial.ended),
            )

    def _silence(self, kind: str, job: str, status: Status, started: datetime | None) -> str:
        """Returns how long a running job has written nothing; empty if that is not long."""
        if status is not Status.RUNNING or kind not in logs.JOB_GROUPS or started is None:
            return ""
        now = time.monotonic()
        checked, text = self._silences.get(job, (None, ""))
        if checked is not None and now - checked < SILENCE_POLL_SECONDS:
            return text
        last = logs.last_output(self.aws, kind, job.rpartition("/")[2]) or started
        silent = time.time() - last.timestamp()
        text = f"no output for {silent / 60:.0f} min" if silent >= SILENCE_SECONDS else ""
        self._silences[job] = (now, text)
        return text


def pause(spent: float) -> float:
    """Returns the seconds until the next look, after one that took `spent` seconds."""
    return min(max(POLL_SECONDS, spent / POLL_SHARE), MAX_POLL_SECONDS)


def seconds(moment: datetime | None) -> float | None:
    """Returns a time in seconds since the epoch."""
    return moment.timestamp() if moment else None


def trial_text(trial: Trial) -> str:
    """Returns the objective and the hyperparameters of a trial in a short form.

    A trial that failed has its reason instead.
    """
    if trial.status is Status.FAILED and trial.reason:
        return trial.reason
    metric = f"{trial.metric} {trial.value:.4g}  " if trial.value is not None else ""
    return metric + ", ".join(
        f"{name} {_short(value)}" for name, value in sorted(_tried(trial.hyperparameters).items())
    )


def _tried(hyperparameters: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in hyperparameters.items() if not name.startswith("_")}


def _short(value: str) -> str:
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value
