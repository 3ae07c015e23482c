"""Summary of a run, as written to `summary.json` and shown in the report."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehearsal.client.errors import RehearsalError
from rehearsal.client.predictions import Predictions
from rehearsal.client.progress import Board
from rehearsal.client.training_pipeline import Trial
from rehearsal.story.compute_time import Interval, covered


@dataclass(frozen=True)
class StepSummary:
    """A stage or step of the loop; `after` is the second of the run at which it started."""

    path: Sequence[str]
    status: str
    after: float
    seconds: float
    detail: str


@dataclass(frozen=True)
class TrialSummary:
    """A trial of the tuning job."""

    number: int
    name: str
    status: str
    metric: str
    value: float | None
    hyperparameters: Mapping[str, str]
    seconds: float | None


@dataclass(frozen=True)
class AlarmSummary:
    """An alarm of an endpoint: its state and reason, and its changes as time and text."""

    name: str
    state: str
    reason: str
    history: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class EndpointSummary:
    """An endpoint: its status, the failure of its last rollout, its alarms.

    `rollbacks` are the rollbacks of its stacks, as time and reason.
    """

    name: str
    status: str
    config: str
    failure: str = ""
    alarms: Sequence[AlarmSummary] = ()
    rollbacks: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class FailureSummary:
    """The failure of a run: path of the step, problem, cause, remedy and end of the log."""

    where: Sequence[str]
    what: str
    why: str
    remedy: str
    log: Sequence[str] = ()


@dataclass(frozen=True)
class TimeSummary:
    """Times of a run.

    `compute_seconds` is the time in which a job or a build worked, between the push and the first
    prediction of production; `beyond_seconds` is the rest, and `beyond_percent` relates it to
    `compute_seconds`.
    """

    total_seconds: float
    push_to_endpoint_seconds: float | None = None
    jobs_seconds: float | None = None
    builds_seconds: float | None = None
    compute_seconds: float | None = None
    beyond_seconds: float | None = None
    beyond_percent: float | None = None


@dataclass(frozen=True)
class EventSummary:
    """An event of the life of a model.

    Args:
        after: second of the run.
        moment: time of the local AWS, in ISO 8601.
        kind: push, approval, rollout, traffic, drift, alarm, retraining or rollback.
        title: the event in few words.
        detail: numbers and names.
    """

    after: float
    moment: str
    kind: str
    title: str
    detail: str = ""


@dataclass(frozen=True)
class EstimateSummary:
    """A number of a model on rows, with its 95 % interval."""

    model: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PhaseSummary:
    """Traffic of a season: its rows, a random sample of `population` rows, and its outcome.

    `late` is the share of rows with the positive label; `area` is the area under the ROC curve of
    the model that served the rows.
    """

    name: str
    description: str
    rows: int
    population: int
    requests: int
    failed: Mapping[str, int]
    labels: bool
    late: float
    area: EstimateSummary | None = None


@dataclass(frozen=True)
class UnreadSummary:
    """A part of the report that could not be read, and the IAM action that its reader lacks.

    `action` is "" if the reason is another one.
    """

    part: str
    reason: str
    action: str = ""


@dataclass(frozen=True)
class MonitorSummary:
    """A run of a monitor: its message, and its violations as feature, check and description."""

    phase: str
    monitor: str
    analysis: str
    message: str
    violations: Sequence[tuple[str, str, str]]
    reports: str


@dataclass(frozen=True)
class DriftSummary:
    """The distribution of a feature before and after, as shares in the bins of `edges`.

    `distance` is the largest difference of the two cumulative distributions.
    """

    feature: str
    phase: str
    distance: float
    edges: Sequence[float]
    before: Sequence[float]
    after: Sequence[float]
    rows_before: int
    rows_after: int


@dataclass(frozen=True)
class ComparisonSummary:
    """Two models on the same rows, and by how much the second is better."""

    rows: int
    description: str
    champion: EstimateSummary
    challenger: EstimateSummary
    difference: EstimateSummary


@dataclass(frozen=True)
class FleetSummary:
    """Requests that the fleet of an endpoint configuration received during a deployment.

    Args:
        role: `before` for the fleet that served when the deployment began, `new` for another one.
        config: name of the endpoint configuration.
        requests: number of requests.
        failed: number of them that failed.
    """

    role: str
    config: str
    requests: int
    failed: int


@dataclass(frozen=True)
class LoadSummary:
    """Requests to production during a deployment, as requests and failures by second."""

    name: str
    requests: int
    failed: Mapping[str, int]
    seconds: float
    by_second: Sequence[tuple[int, int]]
    fleets: Sequence[FleetSummary] = ()


@dataclass(frozen=True)
class TrackingSummary:
    """The run of a model in MLflow.

    Args:
        app: ARN of the MLflow App.
        run: name of the run.
        link: link to the pages of the App; empty for a real account, whose links end after minutes,
            and for a local AWS that has ended.
        region: region of the App.
    """

    app: str
    run: str
    link: str
    region: str


@dataclass
class LifeSummary:
    """The life of the model after its first deployment; parts that it did not reach are empty."""

    events: list[EventSummary] = field(default_factory=list)
    phases: list[PhaseSummary] = field(default_factory=list)
    monitors: list[MonitorSummary] = field(default_factory=list)
    drifts: list[DriftSummary] = field(default_factory=list)
    alarms: list[AlarmSummary] = field(default_factory=list)
    comparisons: list[ComparisonSummary] = field(default_factory=list)
    loads: list[LoadSummary] = field(default_factory=list)
    lineage: list[tuple[str, str]] = field(default_factory=list)
    retraining: str = ""


@dataclass
class Summary:
    """The summary of a run; parts that it did not reach are empty."""

    project: str
    started: str
    status: str = "running"
    account: str = ""
    region: str = ""
    commit: str = ""
    data: str = ""
    failure: FailureSummary | None = None
    steps: Sequence[StepSummary] = ()
    problem_type: str = ""
    target: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    trials: Sequence[TrialSummary] = ()
    maximize: bool = True
    model_package: str = ""
    tracking: TrackingSummary | None = None
    endpoint_name: str = ""
    endpoints: Sequence[EndpointSummary] = ()
    held_out: Mapping[str, float] = field(default_factory=dict)
    life: LifeSummary = field(default_factory=LifeSummary)
    time: TimeSummary = field(default_factory=lambda: TimeSummary(0.0))
    peak_memory_bytes: int = 0
    unread: Sequence[UnreadSummary] = ()

    @property
    def best_value(self) -> float | None:
        """The best objective value of the trials."""
        values = [trial.value for trial in self.trials if trial.value is not None]
        return (max if self.maximize else min)(values, default=None)

    def write(self, path: Path) -> None:
        """Writes the summary as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


def begin(project: str) -> Summary:
    """Returns the summary of a run that starts now."""
    return Summary(project=project, started=datetime.now(UTC).isoformat(timespec="seconds"))


def steps(board: Board) -> list[StepSummary]:
    """Returns the rows of a board; rows that did not start have 0 seconds."""
    summaries = []
    for row in board.ordered():
        began = row.started if row.started is not None else board.began
        seconds = (row.ended or began) - began
        summaries.append(
            StepSummary(
                path=list(row.path),
                status=str(row.status),
                after=round(max(began - board.began, 0.0), 3),
                seconds=round(max(seconds, 0.0), 3),
                detail=row.detail,
            )
        )
    return summaries


def trials(found: Sequence[Trial]) -> list[TrialSummary]:
    """Returns the trials, numbered from 1."""
    return [
        TrialSummary(
            number=number,
            name=trial.name,
            status=str(trial.status),
            metric=trial.metric,
            value=trial.value,
            hyperparameters=dict(trial.hyperparameters),
            seconds=(trial.ended - trial.started).total_seconds()
            if trial.started and trial.ended
            else None,
        )
        for number, trial in enumerate(found, start=1)
    ]


def held_out(predictions: Predictions) -> dict[str, float]:
    """Returns the numbers of rows and requests, and the metrics of the predictions."""
    return {
        "rows": predictions.rows,
        "csv_requests": predictions.csv_requests,
        "json_requests": predictions.json_requests,
        **predictions.metrics,
    }


def failure(path: Sequence[str], error: RehearsalError, log: Sequence[str]) -> FailureSummary:
    """Returns the failure of the step at `path`."""
    return FailureSummary(list(path), error.what, error.why, error.remedy, list(log))


def time_spent(
    total: float, intervals: Collection[Interval], pushed: float | None, predicted: float | None
) -> TimeSummary:
    """Splits the time from the push to the first prediction of production into compute and rest."""
    if pushed is None or predicted is None:
        return TimeSummary(round(total, 3))
    window = (pushed, predicted)
    compute = covered(intervals, window)
    beyond = predicted - pushed - compute
    return TimeSummary(
        total_seconds=round(total, 3),
        push_to_endpoint_seconds=round(predicted - pushed, 3),
        jobs_seconds=round(covered([i for i in intervals if i.kind == "job"], window), 3),
        builds_seconds=round(covered([i for i in intervals if i.kind == "build"], window), 3),
        compute_seconds=round(compute, 3),
        beyond_seconds=round(beyond, 3),
        beyond_percent=round(100 * beyond / compute, 1) if compute else None,
    )


def metrics(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Returns the metrics of an evaluation in the layout of Model Monitor's statistics.

    Those of the group whose metric decides are first.
    """
    decides = evaluation.get("gate", {}).get("group", "")
    groups = [name for name in evaluation if name.endswith("_metrics")]
    return {
        name: float(member["value"])
        for group in sorted(groups, key=lambda name: name != decides)
        for name, member in evaluation[group].items()
        if isinstance(member, Mapping) and isinstance(member.get("value"), int | float)
    }
