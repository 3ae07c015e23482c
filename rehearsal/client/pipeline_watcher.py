"""Follows a pipeline live: its actions, and inside them training steps and tuning trials."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rehearsal.client import pipeline_execution, training_pipeline
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.pipeline_execution import ActionExecution, PipelineExecution
from rehearsal.client.progress import Board, Status
from rehearsal.client.training_pipeline import Step, TrainingExecution, Trial

POLL_SECONDS = 0.5
TRIGGER_SECONDS = 30.0


@dataclass
class WatchedExecution:
    """What was seen of an execution: its last state and the training that its builds started."""

    run: PipelineExecution
    trainings: dict[str, TrainingExecution] = field(default_factory=dict)

    def require_success(self) -> None:
        """Raises `RehearsalError` when the execution ended otherwise than well."""
        if self.run.status.ended and self.run.status is not Status.SUCCEEDED:
            raise RehearsalError(
                f"Pipeline {self.run.pipeline} {self.run.status}.",
                self.run.failure,
                "`rehearse logs NAME` shows the end of the log (--pipeline build or deploy).",
            )


@dataclass
class PipelineWatcher:
    """Follows executions of pipelines on a board.

    `row` is the path of the row below which everything is shown.
    """

    aws: LocalAws
    board: Board

    def __post_init__(self) -> None:
        self._codepipeline = self.aws.client("codepipeline")
        self._codebuild = self.aws.client("codebuild")
        self._sagemaker = self.aws.client("sagemaker")
        self._executions: dict[str, str] = {}

    def wait_for_commit(self, pipeline: str, commit: str) -> str:
        """The id of the execution that a pushed commit starts."""
        deadline = time.monotonic() + TRIGGER_SECONDS
        while time.monotonic() < deadline:
            found = pipeline_execution.of_commit(self._codepipeline, pipeline, commit)
            if found:
                return found
            time.sleep(0.2)
        self._require_source(pipeline, commit)
        raise RehearsalError(
            f"Commit {commit[:8]} did not start pipeline {pipeline}.",
            f"No execution of that commit appeared within {TRIGGER_SECONDS:.0f} s.",
            "Was the branch that the pipeline watches pushed?",
        )

    def _require_source(self, pipeline: str, commit: str) -> None:
        """Raises `RehearsalError` when the newest execution could not even fetch a commit."""
        found = pipeline_execution.executions(self._codepipeline, pipeline)
        if not found:
            return
        newest = found[0]["pipelineExecutionId"]
        run = pipeline_execution.read(self._codepipeline, pipeline, newest)
        if run.source_failure:
            raise RehearsalError(
                f"Pipeline {pipeline} could not fetch commit {commit[:8]}.",
                f"Its newest execution, {newest}, failed: {run.source_failure}",
                "Correct the role, repository or bucket that the message names, then push again.",
            )

    def wait_for_new(self, pipeline: str, known: set[str]) -> str:
        """The id of an execution that is not among those known, once something starts it."""
        deadline = time.monotonic() + TRIGGER_SECONDS
        while time.monotonic() < deadline:
            for summary in pipeline_execution.executions(self._codepipeline, pipeline):
                if summary["pipelineExecutionId"] not in known:
                    return str(summary["pipelineExecutionId"])
            time.sleep(0.2)
        raise RehearsalError(
            f"Nothing started pipeline {pipeline}.",
            f"No new execution appeared within {TRIGGER_SECONDS:.0f} s.",
            "Look at the rule of EventBridge that starts it, and at the server's log.",
        )

    def known(self, pipeline: str) -> set[str]:
        """The ids of a pipeline's executions so far."""
        summaries = pipeline_execution.executions(self._codepipeline, pipeline)
        return {summary["pipelineExecutionId"] for summary in summaries}

    def follow(
        self,
        pipeline: str,
        execution_id: str,
        row: tuple[str, ...],
        *,
        seen: WatchedExecution | None = None,
    ) -> WatchedExecution:
        """Follows until the execution ends or waits for a manual approval.

        `seen` is what was seen before an approval was answered: it is not waited for again,
        though AWS may take a moment to show the answer.
        """
        for stage in pipeline_execution.stages(self._codepipeline, pipeline):
            self.board.update((*row, stage))
        answered = seen.run.approval if seen else None
        watched = seen
        while True:
            run = pipeline_execution.read(self._codepipeline, pipeline, execution_id)
            watched = WatchedExecution(run, watched.trainings if watched else {})
            self._show(watched, row)
            waits = run.approval
            if run.status.ended or (
                waits and not (answered and waits.execution_id == answered.execution_id)
            ):
                return watched
            time.sleep(POLL_SECONDS)

    def _show(self, watched: WatchedExecution, row: tuple[str, ...]) -> None:
        latest = {(action.stage, action.name): action for action in watched.run.actions}
        for stage in watched.run.stages:
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
            step.detail or None,
            started=seconds(step.started),
            ended=seconds(step.ended),
        )
        for number, trial in enumerate(step.trials, start=1):
            self.board.update(
                (*row, step.name, f"trial {number}"),
                trial.status,
                trial_text(trial) or None,
                started=seconds(trial.started),
                ended=seconds(trial.ended),
            )


def seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


def trial_text(trial: Trial) -> str:
    """The metric of a trial and what was tried, as short as it reads well."""
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
