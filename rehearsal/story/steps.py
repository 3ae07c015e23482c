"""Steps that several chapters of the story have: train, deploy, and record what happened."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rehearsal.client import approvals, logs, training_pipeline
from rehearsal.client.drift import monitors
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.logs import LogTail
from rehearsal.client.pipeline_watcher import PipelineWatcher, WatchedExecution
from rehearsal.client.process_tree import Commands
from rehearsal.client.progress import Board
from rehearsal.client.project import Project
from rehearsal.story import compute_time, package_reports, summary
from rehearsal.story.compute_time import Interval
from rehearsal.story.package_reports import Reports
from rehearsal.story.summary import EventSummary, Summary
from rehearsal.story.training import Training

REASON = "Approved by the rehearsal"
_OF_RANKS = ("auc", "average_precision")
"""Metrics that do not depend on the threshold of a label; they are shown first."""


@dataclass
class Steps:
    """Runs steps on a board and records them in the summary of the run.

    If a step fails, `log` has the end of the log of the failure.
    """

    board: Board
    commands: Commands
    summary: Summary
    reports: Reports = field(default_factory=Reports)
    log: list[LogTail] = field(default_factory=list)
    intervals: set[Interval] = field(default_factory=set)

    def event(self, kind: str, title: str, detail: str = "") -> None:
        """Records an event of the life of the model."""
        self.summary.life.events.append(
            EventSummary(
                after=round(time.time() - self.board.began, 1),
                moment=f"{monitors.clock()():%Y-%m-%dT%H:%M:%SZ}",
                kind=kind,
                title=title,
                detail=detail,
            )
        )

    def push(self, aws: LocalAws, project: Project, message: str) -> str:
        """Commits and pushes the model-build repository; returns the execution that it starts."""
        repository = project.repository("build", aws, self.commands)
        commit = repository.commit(message)
        repository.push()
        self.summary.commit = commit
        self.event("push", message, f"commit {commit[:8]}")
        watcher = PipelineWatcher(aws, self.board)
        return watcher.wait_for_commit(project.pipeline("build"), commit)

    def train(
        self,
        aws: LocalAws,
        project: Project,
        execution: str,
        chapter: tuple[str, ...],
        *,
        recorded: bool = True,
        ends_chapter: bool = True,
    ) -> Training:
        """Follows an execution of the build pipeline until it has registered a model package.

        `finish` follows it to its end.

        Args:
            aws: the account of the project.
            project: the project.
            execution: id of the execution.
            chapter: path of the rows of the board.
            recorded: True if the summary has the trials and the quality of this model. Defaults to
                True.
            ends_chapter: True if the row of the chapter ends with the execution. Defaults to True.

        Raises:
            RehearsalError: the execution failed, or registered no model package.
        """
        pipeline = project.pipeline("build")
        watcher = PipelineWatcher(aws, self.board)
        watched = watcher.follow(
            pipeline, execution, chapter, until=lambda seen: seen.model_package
        )
        if recorded:
            self._record_trials(watched)
            if watched.model_package:
                self._read_package(aws, watched.model_package)
        if watched.execution.status.ended:
            self.intervals |= compute_time.measure(aws, watched)
        self.require_success(aws, watched)
        if not watched.model_package:
            raise _nothing_registered(pipeline, watched.execution.exported_package)
        return Training(watcher, watched, chapter, ends_chapter)

    def finish(self, aws: LocalAws, training: Training) -> None:
        """Follows an execution of the build pipeline to its end.

        Args:
            aws: the account of the project.
            training: the execution, which has registered its package.

        Raises:
            RehearsalError: a step after the registration failed.
        """
        watched = training.finish()
        self.intervals |= compute_time.measure(aws, watched)
        self.require_success(aws, watched)

    def deploy(
        self,
        aws: LocalAws,
        project: Project,
        training: Training,
        chapter: tuple[str, ...],
        *,
        approved: Callable[[], None] = lambda: None,
    ) -> WatchedExecution:
        """Approves a package and each stage; returns the execution of the deploy pipeline.

        An execution that failed is returned, not raised. The board also shows the training, which
        may still run.

        Args:
            aws: the account of the project.
            project: the project.
            training: the execution that registered the package.
            chapter: path of the rows of the board.
            approved: called after the approval of a stage. Defaults to a function without effect.
        """
        watcher, pipeline = PipelineWatcher(aws, self.board), project.pipeline("deploy")
        package = training.package
        version = package.rpartition("/")[2]
        with self.board.step(*chapter, "approve model", detail=package.rpartition(":")[2]):
            known = watcher.known(pipeline)
            approvals.model_package(aws, project, arn=package, approve=True, reason=REASON)
            self.event("approval", f"version {version} is approved", REASON)
            execution = watcher.wait_for_new(pipeline, known)
        watched = watcher.follow(pipeline, execution, chapter, beside=training.look)
        while watched.execution.approval:
            stage = watched.execution.approval.stage
            approvals.stage(aws, pipeline, stage, approve=True, reason=REASON)
            self.event("approval", f"stage {stage} is approved", f"version {version}")
            approved()
            watched = watcher.follow(
                pipeline, execution, chapter, seen=watched, beside=training.look
            )
        self.intervals |= compute_time.measure(aws, watched)
        return watched

    def require_success(self, aws: LocalAws, watched: WatchedExecution) -> None:
        """Checks that an execution succeeded.

        Raises:
            RehearsalError: it failed; `log` has the end of its log.
        """
        try:
            watched.require_success()
        except RehearsalError:
            self.log = logs.of_pipeline(
                aws, watched.execution.pipeline, watched.execution.execution_id
            )
            raise

    def _record_trials(self, watched: WatchedExecution) -> None:
        for training in watched.trainings.values():
            found = training.trials
            self.summary.trials = summary.trials(found)
            best = training_pipeline.best_trial(found)
            self.summary.maximize = best.maximize if best else True

    def _read_package(self, aws: LocalAws, package: str) -> None:
        description = aws.client("sagemaker").describe_model_package(ModelPackageName=package)
        metadata = description.get("CustomerMetadataProperties", {})
        self.summary.model_package = package
        self.summary.problem_type = metadata.get("problem_type", "")
        self.summary.target = metadata.get("target", "")
        self.reports = package_reports.of_package(aws, description)
        self.summary.tracking = package_reports.tracking_of(aws, description)
        self.summary.metrics = summary.metrics(self.reports.evaluation)
        metrics = sorted(self.summary.metrics.items(), key=lambda one: one[0] not in _OF_RANKS)
        shown = ", ".join(f"{name} {value:.4g}" for name, value in metrics[:3])
        self.event("training", f"version {package.rpartition('/')[2]} is registered", shown)


def counted(row: Any, word: str) -> Callable[[int], None]:
    """Returns a function that shows a number on a row of the board."""

    def show(number: int) -> None:
        row.detail = f"{number} {word}"

    return show


def _nothing_registered(pipeline: str, known: str) -> RehearsalError:
    """Returns the error of a training that registered no model package.

    Args:
        pipeline: name of the build pipeline.
        known: ARN of the package that the build has found for its commit and data; empty for none.
    """
    if not known:
        return RehearsalError(
            f"Pipeline {pipeline} succeeded but registered no model package.",
            "None of its training steps registered one.",
            "Add a step that registers the model to the training pipeline.",
        )
    group, _, version = known.partition(":model-package/")[2].rpartition("/")
    return RehearsalError(
        f"Pipeline {pipeline} trained no model: there is no new data.",
        f"Commit and data are those of version {version} of {group}, so another training would "
        "give the same model.",
        "Publish newer data, or push a commit, and run this again.",
    )
