"""Compute time of a run: when SageMaker jobs, builds and image builds worked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rehearsal.client.local_aws import LocalAws
from rehearsal.client.pipeline_watcher import WatchedExecution
from rehearsal.client.training_pipeline import Step, TrainingExecution

_BUILD_PHASES = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")


@dataclass(frozen=True)
class Interval:
    """A span of time in which a job or build worked, in seconds since the epoch."""

    kind: str
    name: str
    started: float
    ended: float


def covered(intervals: Iterable[Interval], window: tuple[float, float]) -> float:
    """Returns the seconds of the window that at least one interval covers."""
    seconds, reached = 0.0, window[0]
    for interval in sorted(intervals, key=lambda interval: interval.started):
        start, end = max(interval.started, reached), min(interval.ended, window[1])
        if end > start:
            seconds += end - start
            reached = end
    return seconds


def measure(aws: LocalAws, watched: WatchedExecution) -> set[Interval]:
    """Returns when the jobs and builds of an execution worked, as AWS recorded it."""
    intervals: set[Interval] = set()
    for training in watched.trainings.values():
        intervals.update(_jobs(aws, training))
    for action in watched.execution.actions:
        if action.category in ("Build", "Test") and action.status.ended:
            span = _build(aws, action.external_id) or (
                action.started.timestamp(),
                action.updated.timestamp(),
            )
            # A build that waits for its training pipeline works only until that pipeline starts.
            inner = watched.trainings.get(action.external_id)
            begun = [step.started for step in inner.steps if step.started] if inner else []
            name = f"{action.stage} / {action.name}"
            intervals.add(
                Interval("build", name, span[0], min([span[1], *map(datetime.timestamp, begun)]))
            )
    return intervals


def _build(aws: LocalAws, build_id: str) -> tuple[float, float] | None:
    """Returns when the commands of a CodeBuild build ran; None if the action is not a build."""
    if ":" not in build_id:
        return None
    builds = aws.client("codebuild").batch_get_builds(ids=[build_id])["builds"]
    phases = [
        phase
        for build in builds
        for phase in build.get("phases", [])
        if phase["phaseType"] in _BUILD_PHASES and "endTime" in phase
    ]
    if not phases:
        return None
    started = min(phase["startTime"] for phase in phases)
    ended = max(phase["endTime"] for phase in phases)
    return started.timestamp(), ended.timestamp()


def _jobs(aws: LocalAws, training: TrainingExecution) -> Iterator[Interval]:
    sagemaker = aws.client("sagemaker")
    for step in training.steps:
        if step.kind == "ProcessingJob" and step.job:
            job = sagemaker.describe_processing_job(ProcessingJobName=step.job.rpartition("/")[2])
            yield from _interval(step.name, job.get("ProcessingStartTime"), _end(job, step))
        elif step.trials:
            for trial in step.trials:
                yield from _interval(trial.name, trial.started, trial.ended)
        elif step.kind in ("TrainingJob", "TransformJob"):
            yield from _interval(step.name, step.started, step.ended)


def _end(job: dict[str, datetime], step: Step) -> datetime | None:
    return job.get("ProcessingEndTime") or step.ended


def _interval(name: str, started: datetime | None, ended: datetime | None) -> Sequence[Interval]:
    if started is None or ended is None:
        return []
    return [Interval("job", name, started.timestamp(), ended.timestamp())]
