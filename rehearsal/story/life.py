"""The life of a model after its first deployment: watched, retrained, replaced, defended.

The model was trained on winter. Its endpoint serves spring and meets summer; monitors find the
drift, an alarm starts a retraining on newer months, the better model replaces the first one while
requests run, and a version that errs is rolled back.
"""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rehearsal.client.drift import monitors, sending, traffic
from rehearsal.client.drift.load import Load, Outcome
from rehearsal.client.drift.monitor import Run
from rehearsal.client.drift.sending import Sent
from rehearsal.client.drift.traffic import Kind, Traffic
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.pipeline_watcher import PipelineWatcher
from rehearsal.client.predictions import HoldOut
from rehearsal.client.project import Project
from rehearsal.story import bad_version, comparison, distributions, lineage, rollouts
from rehearsal.story.steps import Steps, counted
from rehearsal.story.summary import (
    AlarmSummary,
    ComparisonSummary,
    EstimateSummary,
    LoadSummary,
    MonitorSummary,
    PhaseSummary,
)
from rehearsal.story.training import Training

WATCH, RETRAIN, CANARY, BAD = "watch", "retrain", "canary", "bad version"
STAGE = "prod"
ROWS = 6000
_SEASON = timedelta(days=40)  # longer than the cooldown of a retraining
_SPRING, _SUMMER = (4, 6), (7, 7)
_LOAD_ROWS = 200
_TRIGGER_SECONDS = 60.0
_RETRAIN = "-drift-retrain"


@dataclass
class Life:
    """Runs the chapters after the first deployment.

    Args:
        steps: steps and summary of the run.
        aws: the account of the project.
        project: the project.
        package: ARN of the model package that production serves.
    """

    steps: Steps
    aws: LocalAws
    project: Project
    package: str

    def __post_init__(self) -> None:
        self._board, self._summary = self.steps.board, self.steps.summary
        self._account = self.project.account_of(self.aws, STAGE)
        self._endpoint = self.project.endpoint(STAGE)
        self._repository = self.project.directory("build")

    def run(self) -> None:
        """Runs all chapters.

        Raises:
            RehearsalError: a chapter failed.
        """
        self._known = sending.known_rows(self.aws, self.project)
        with self._board.step(WATCH):
            self._serve_spring()
            self._publish_months()
            execution, summer = self._meet_summer()
        with self._board.begun(RETRAIN):
            challenger = self.steps.train(self.aws, self.project, execution, (RETRAIN,))
        with self._board.step(CANARY):
            self._replace(challenger, summer)
        with self._board.step(BAD):
            self._roll_back(challenger.package)
        self._summary.endpoints = rollouts.read(self.aws, self.project)

    def _serve_spring(self) -> None:
        later = traffic.months(self._repository, self._known.target, *_SPRING)
        sent = self._send("spring", "April to June", later, labels=False)
        self._run_monitors("spring", sent)

    def _publish_months(self) -> None:
        with self._board.step(WATCH, "labels of spring arrive") as row:
            bucket = self.project.outputs["ArtifactBucketName"]
            months = f"{_SPRING[0]}-{_SPRING[1]}"
            files = traffic.run_flights(
                self._repository, months, "--bucket", bucket, environment=self.aws.environment()
            )
            row.detail = f"{len(files)} months are published to {files[0].rpartition('/')[0]}/"
        self.steps.event("data", "the labels of spring arrive", row.detail)

    def _meet_summer(self) -> tuple[str, Sent]:
        """Returns the execution that trains a new model, and the traffic of summer."""
        with self._board.step(WATCH, "summer comes", detail=f"{_SEASON.days} days pass"):
            clock = monitors.clock()
            clock.advance(clock() + _SEASON)
            time.sleep(2.0)  # runs of the time between find no traffic
        pipeline = self.project.pipeline("build")
        watcher = PipelineWatcher(self.aws, self._board)
        known = watcher.known(pipeline)
        later = traffic.months(self._repository, self._known.target, *_SUMMER)
        sent = self._send("summer", "July", later, labels=True)
        self._run_monitors("summer", sent)
        return self._retraining(watcher, pipeline, known), sent

    def _send(self, phase: str, months: str, later: HoldOut, *, labels: bool) -> Sent:
        with self._board.step(WATCH, f"serve {phase}") as row:
            made = traffic.make(Kind.COVARIATE, self._known, ROWS, later=later)
            sent = sending.send(
                self.aws,
                self.project,
                STAGE,
                made,
                labels=labels,
                progress=counted(row, "requests"),
            )
            found = self._phase(phase, months, sent, len(later.rows), labels=labels)
            area = f"AUC {found.area.value:.3f}" if found.area else "no AUC"
            row.detail = (
                f"{found.requests} requests with {found.rows} rows, "
                f"{sum(found.failed.values())} failed; {area}"
            )
        self._summary.life.phases.append(found)
        self._summary.life.drifts += distributions.worst(phase, self._known, made)
        self.steps.event("traffic", f"{phase} is served", row.detail)
        return sent

    def _phase(
        self, name: str, months: str, sent: Sent, population: int, *, labels: bool
    ) -> PhaseSummary:
        made = sent.traffic
        positive = max(self._known.actual)
        late = [label == positive for label in made.labels]
        version = self.package.rpartition("/")[2]
        return PhaseSummary(
            name=name,
            description=f"flights of {months}",
            rows=len(made.rows),
            population=population,
            requests=sent.requests,
            failed=sent.failed,
            labels=labels,
            late=sum(late) / len(late),
            area=_area(f"version {version}", late, sent),
        )

    def _run_monitors(self, phase: str, sent: Sent) -> None:
        watched = monitors.of_endpoint(self._account, self._endpoint)
        with self._board.step(WATCH, f"monitors read {phase}") as row:
            if not watched:
                row.detail = f"{self._endpoint} has no monitor"
                return

            def show(monitor: str) -> None:
                row.detail = monitor

            runs = sending.run_monitors(self.aws, self.project, STAGE, sent, report=show)
            row.detail = "; ".join(f"{run.monitor.analysis}: {run.message}" for run in runs)
        self._summary.life.monitors += [_monitor(phase, run) for run in runs]
        for run in runs:
            if run.violations:
                names = {
                    one.get("feature_name") or one.get("metric_name") for one in run.violations
                }
                self.steps.event(
                    "drift",
                    f"{run.monitor.name} reports {len(run.violations)} violations",
                    ", ".join(sorted(str(name) for name in names if name)),
                )
        self._record_alarms(phase)

    def _record_alarms(self, phase: str) -> None:
        prefix = f"{self.project.name}-{STAGE}-drift-"
        with self._board.step(WATCH, f"alarms of {phase}") as row:
            found = monitors.settled_alarms(self._account, prefix)
            ringing = [one["name"] for one in found if one["state"] == "ALARM"]
            row.detail = ", ".join(ringing) or f"none of {len(found)} is in ALARM"
        self._summary.life.alarms = [
            AlarmSummary(one["name"], one["state"], one["reason"]) for one in found
        ]
        for name in ringing:
            self.steps.event("alarm", f"{name} is in ALARM", phase)

    def _retraining(self, watcher: PipelineWatcher, pipeline: str, known: set[str]) -> str:
        """Returns the execution of the build pipeline that trains on the newer months."""
        ringing = retraining_alarms(self._summary.life.alarms)
        with self._board.step(WATCH, "retraining starts") as row:
            deadline = time.monotonic() + (_TRIGGER_SECONDS if ringing else 0)
            while time.monotonic() < deadline:
                new = watcher.known(pipeline) - known
                if new:
                    row.detail = f"{pipeline}: started by {', '.join(ringing)}"
                    self._summary.life.retraining = row.detail
                    self.steps.event("retraining", "an alarm starts the retraining", row.detail)
                    return new.pop()
                time.sleep(0.3)
            if ringing:
                raise RehearsalError(
                    f"No alarm has started pipeline {pipeline}.",
                    f"In ALARM: {', '.join(ringing)}.",
                    "Read the executions of the state machine of the project's retraining.",
                )
            # Without such an alarm, a person has to look at the numbers.
            started = self.aws.client("codepipeline").start_pipeline_execution(name=pipeline)
            row.detail = f"{pipeline}: started by hand, because no alarm of {self._endpoint} does"
            self._summary.life.retraining = row.detail
            self.steps.event("retraining", "the retraining is started by hand", row.detail)
            return str(started["pipelineExecutionId"])

    def _replace(self, training: Training, summer: Sent) -> None:
        before, challenger = self.package, training.package
        began = self._moment()
        with self._load(summer.traffic) as load:
            watched = self.steps.deploy(
                self.aws, self.project, training, (CANARY,), approved=load.hurry
            )
        self._record_load("canary of the challenger", load.outcomes, began)
        self.steps.require_success(self.aws, watched)
        # The lineage below has the training as it ended.
        self.steps.finish(self.aws, training)
        self.package = challenger
        self.steps.event(
            "rollout",
            f"version {challenger.rpartition('/')[2]} serves production",
            _failures(load.outcomes),
        )
        with self._board.step(CANARY, "compare on summer") as row:
            again = sending.send(self.aws, self.project, STAGE, summer.traffic, labels=False)
            found = self._compare(before, challenger, summer, again)
            self._summary.life.comparisons.append(found)
            row.detail = (
                f"AUC {found.champion.value:.3f} -> {found.challenger.value:.3f}, difference "
                f"{found.difference.value:+.3f} ({found.difference.low:+.3f} to "
                f"{found.difference.high:+.3f})"
            )
        self.steps.event("comparison", "both versions on the same flights of July", row.detail)
        self._summary.life.lineage = lineage.of_endpoint(
            self.aws, self._account, self._endpoint, challenger
        )

    def _compare(
        self, champion: str, challenger: str, first: Sent, second: Sent
    ) -> ComparisonSummary:
        positive = max(self._known.actual)
        pairs = [
            (label == positive, float(one[1]), float(two[1]))
            for label, one, two in zip(
                first.traffic.labels, first.responses, second.responses, strict=True
            )
            if len(one) > 1 and len(two) > 1
        ]
        labels = [label for label, _, _ in pairs]
        ones, twos = [one for _, one, _ in pairs], [two for _, _, two in pairs]
        gain = comparison.difference(labels, ones, twos)
        return ComparisonSummary(
            rows=len(pairs),
            description="random sample of the flights of July, which neither was trained on",
            champion=_estimate(f"version {champion.rpartition('/')[2]}", labels, ones),
            challenger=_estimate(f"version {challenger.rpartition('/')[2]}", labels, twos),
            difference=EstimateSummary("difference", gain.value, gain.low, gain.high),
        )

    def _roll_back(self, good: str) -> None:
        file, config = (self._repository / name for name in (bad_version.FILE, bad_version.CONFIG))
        before, settings = file.read_text(), config.read_text()
        commit = self._summary.commit
        file.write_text(bad_version.with_leak(before))
        best = next(
            (one for one in self._summary.trials if one.value == self._summary.best_value), None
        )
        if best is not None:
            config.write_text(bad_version.with_one_trial(settings, best.hyperparameters))
        try:
            with self._board.step(BAD, "push"):
                execution = self.steps.push(self.aws, self.project, "Keep a buffer of each request")
            training = self.steps.train(
                self.aws, self.project, execution, (BAD,), recorded=False, ends_chapter=False
            )
        finally:
            # The next push of the project has the good code again.
            file.write_text(before)
            config.write_text(settings)
        made = traffic.make(Kind.NONE, self._known, _LOAD_ROWS)
        began = self._moment()
        with self._load(made) as load:
            watched = self.steps.deploy(
                self.aws, self.project, training, (BAD,), approved=load.hurry
            )
        self._record_load("canary of the bad version", load.outcomes, began)
        self._summary.commit = commit
        version = training.package.rpartition("/")[2]
        if not watched.execution.failure:
            raise RehearsalError(
                f"Version {version}, which errs, was deployed to {self._endpoint}.",
                f"{_failures(load.outcomes)}, and no alarm rolled it back.",
                f"Add `rollout.rollback` to config/{STAGE}.yaml of the model-deploy repository.",
            )
        self.steps.event("rollback", f"version {version} is rolled back", _failures(load.outcomes))
        with self._board.step(BAD, "production still serves") as row:
            sent = sending.send(self.aws, self.project, STAGE, made, labels=False)
            row.detail = (
                f"version {good.rpartition('/')[2]}: {sent.requests} requests, "
                f"{sum(sent.failed.values())} failed"
            )
            if sent.failed:
                raise RehearsalError(f"{self._endpoint} fails after the rollback.", row.detail)
        self.steps.finish(self.aws, training)

    def _load(self, made: Traffic) -> Load:
        return Load(self._account, self._endpoint, made.columns, made.rows[:_LOAD_ROWS])

    def _moment(self) -> tuple[datetime, str]:
        """Returns the time, and the endpoint configuration that serves."""
        described = self._account.client("sagemaker").describe_endpoint(EndpointName=self._endpoint)
        return monitors.clock()(), described["EndpointConfigName"]

    def _record_load(
        self, name: str, outcomes: Sequence[Outcome], began: tuple[datetime, str]
    ) -> None:
        """Records the requests of a deployment by the fleet that received them.

        Raises:
            RehearsalError: a request failed that the new fleet did not receive.
        """
        since, before = began
        fleets = rollouts.fleets(
            self._account,
            self._endpoint,
            before,
            since=since,
            until=monitors.clock()(),
            requests=len(outcomes),
        )
        found = replace(load_summary(name, outcomes), fleets=fleets)
        self._summary.life.loads.append(found)
        for fleet in fleets:
            if fleet.role == "before" and fleet.failed:
                raise RehearsalError(
                    f"{fleet.failed} of {fleet.requests} requests to {self._endpoint} failed that "
                    "the new fleet did not receive.",
                    f"Endpoint configuration {before} served them.",
                    f"Read the logs: `rehearse logs {self.project.name}`.",
                )


def retraining_alarms(alarms: Sequence[AlarmSummary]) -> list[str]:
    """Returns the names of the alarms in ALARM that start a retraining.

    A project has one alarm for all of them, whose name has `-retrain`; warnings start none.
    """
    return [one.name for one in alarms if one.state == "ALARM" and _RETRAIN in one.name]


def load_summary(name: str, outcomes: Sequence[Outcome]) -> LoadSummary:
    """Returns requests and failures by second."""
    if not outcomes:
        return LoadSummary(name, 0, {}, 0.0, [])
    first = outcomes[0].ended
    by_second: dict[int, tuple[int, int]] = {}
    failed: dict[str, int] = {}
    for one in outcomes:
        second = int(one.ended - first)
        requests, failures = by_second.get(second, (0, 0))
        by_second[second] = (requests + 1, failures + bool(one.error))
        if one.error:
            failed[one.error] = failed.get(one.error, 0) + 1
    last = max(by_second)
    return LoadSummary(
        name=name,
        requests=len(outcomes),
        failed=failed,
        seconds=round(outcomes[-1].ended - first, 1),
        by_second=[by_second.get(second, (0, 0)) for second in range(last + 1)],
    )


def _failures(outcomes: Sequence[Outcome]) -> str:
    failed = sum(1 for one in outcomes if one.error)
    return f"{failed} of {len(outcomes)} requests failed meanwhile"


def _area(model: str, late: Sequence[bool], sent: Sent) -> EstimateSummary | None:
    pairs = [
        (label, float(cells[1]))
        for label, cells in zip(late, sent.responses, strict=True)
        if len(cells) > 1
    ]
    if not pairs:
        return None
    return _estimate(model, [label for label, _ in pairs], [score for _, score in pairs])


def _estimate(model: str, labels: Sequence[bool], scores: Sequence[float]) -> EstimateSummary:
    found = comparison.estimate(labels, scores)
    return EstimateSummary(model, found.value, found.low, found.high)


def _monitor(phase: str, run: Run) -> MonitorSummary:
    violations = [
        (
            str(one.get("feature_name") or one.get("metric_name") or ""),
            str(one.get("constraint_check_type", "")),
            str(one.get("description", "")),
        )
        for one in itertools.islice(run.violations, 40)
    ]
    return MonitorSummary(
        phase, run.monitor.name, run.monitor.analysis, run.message, violations, run.reports
    )
