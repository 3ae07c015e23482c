"""Runs a SageMaker hyperparameter tuning job.

Its trials are training jobs that somebody else starts: `launch` is CreateTrainingJob. Trials run in
waves of MaxParallelTrainingJobs, and a wave's results are told to the search in the order of its
trials, so that one seed always gives the same trials.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import optuna

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.jobs.job import (
    ONE_DAY,
    Fields,
    JobFailedError,
    JobResult,
    Progress,
    ignore_progress,
    now,
)
from rehearsal.services.sagemaker.jobs.tuning.early_stop import MedianRule
from rehearsal.services.sagemaker.jobs.tuning.parameters import (
    SearchSpace,
    as_hyperparameters,
    grid,
    sampler,
    space,
)
from rehearsal.services.sagemaker.jobs.tuning.request import objective_of, training_request
from rehearsal.services.sagemaker.jobs.tuning.trial import Trial

Launch = Callable[[Mapping[str, Any], Progress, threading.Event], JobResult]
"""Creates the training job of a CreateTrainingJob request and waits until it has ended."""


def run(
    request: Mapping[str, Any],
    *,
    scope: Scope,
    launch: Launch,
    progress: Progress = ignore_progress,
    stop: threading.Event | None = None,
) -> JobResult:
    """Runs the job of a CreateHyperParameterTuningJob request to its end.

    The result's fields are BestTrainingJob, TrainingJobStatusCounters, ObjectiveStatusCounters and
    HyperParameterTuningEndTime as in the Describe answer, and TrainingJobSummaries as in
    ListTrainingJobsForHyperParameterTuningJob. `progress` gets them after every change. Raises
    JobFailedError when no trial gave the objective metric.
    """
    return _TuningJob(request, scope, launch, progress, stop or threading.Event()).run()


class _TuningJob:
    def __init__(
        self,
        request: Mapping[str, Any],
        scope: Scope,
        launch: Launch,
        progress: Progress,
        stop: threading.Event,
    ) -> None:
        self._name = str(request["HyperParameterTuningJobName"])
        self._config = request["HyperParameterTuningJobConfig"]
        self._definition = request["TrainingJobDefinition"]
        self._scope = scope
        self._launch = launch
        self._progress = progress
        self._stop = stop
        self._lock = threading.RLock()
        self._trials: list[Trial] = []
        self._objective = objective_of(request)
        self._rule = MedianRule(self._maximize) if self._stops_early else None

    @property
    def _maximize(self) -> bool:
        return bool(self._objective["Type"] == "Maximize")

    @property
    def _stops_early(self) -> bool:
        return bool(self._config.get("TrainingJobEarlyStoppingType", "Off") == "Auto")

    def run(self) -> JobResult:
        limits = self._config["ResourceLimits"]
        parallel = int(limits["MaxParallelTrainingJobs"])
        given = space(self._config.get("ParameterRanges", {}))
        study = self._study(given, parallel)
        total = self._total(limits, given)
        clock = threading.Timer(limits.get("MaxRuntimeInSeconds", 30 * ONE_DAY), self._stop.set)
        clock.daemon = True
        clock.start()
        try:
            with ThreadPoolExecutor(parallel) as pool:
                while len(self._trials) < total and not self._stop.is_set():
                    self._wave(study, given, min(parallel, total - len(self._trials)), pool)
        finally:
            clock.cancel()
        return self._result()

    def _study(self, given: SearchSpace, parallel: int) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        strategy = self._config["Strategy"]
        study = optuna.create_study(
            direction="maximize" if self._maximize else "minimize",
            sampler=sampler(strategy, self._config.get("RandomSeed"), parallel),
        )
        if strategy == "Grid":
            for values in grid(given):
                study.enqueue_trial(values)
        return study

    def _total(self, limits: Mapping[str, Any], given: SearchSpace) -> int:
        if self._config["Strategy"] == "Grid":
            combinations = len(grid(given))
            asked = limits.get("MaxNumberOfTrainingJobs", combinations)
            if asked != combinations:
                raise JobFailedError(
                    f"ClientError: The Grid strategy makes {combinations} training jobs, but "
                    f"MaxNumberOfTrainingJobs is {asked}. Leave it out."
                )
            return combinations
        return int(limits["MaxNumberOfTrainingJobs"])

    def _wave(
        self, study: optuna.Study, given: SearchSpace, size: int, pool: ThreadPoolExecutor
    ) -> None:
        asked = [study.ask(given.distributions) for _ in range(size)]
        trials = [self._new_trial(as_hyperparameters(item.params, given)) for item in asked]
        list(pool.map(self._run_trial, trials))
        for item, trial in zip(asked, trials, strict=True):
            if trial.value is None:
                study.tell(item, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(item, trial.value)

    def _new_trial(self, tuned: dict[str, str]) -> Trial:
        with self._lock:
            number = len(self._trials) + 1
            mark = hashlib.sha256(f"{self._name}/{number}".encode()).hexdigest()[:8]
            name = f"{self._name[:50]}-{number:03d}-{mark}"
            trial = Trial(
                name=name,
                arn=self._scope.arn("sagemaker", f"training-job/{name}"),
                tuned=tuned,
                objective=self._objective,
            )
            self._trials.append(trial)
        return trial

    def _run_trial(self, trial: Trial) -> None:
        ended = threading.Event()
        watcher = threading.Thread(
            target=_pass_on, args=(self._stop, trial.stop, ended), daemon=True
        )
        watcher.start()

        def progress(fields: Mapping[str, Any]) -> None:
            with self._lock:
                changed = trial.read(fields)
                if changed and self._rule is not None and self._rule.stops(trial, self._trials):
                    trial.stopped_early = True
                    trial.stop.set()
            if changed:
                self._tell()

        self._tell()
        try:
            result = self._launch(training_request(self._definition, trial), progress, trial.stop)
            with self._lock:
                trial.read(result.fields)
                trial.end(result.status)
        except JobFailedError as error:
            with self._lock:
                trial.read(error.fields)
                trial.end("Failed", error.reason)
        finally:
            ended.set()
            watcher.join()
        self._tell()

    def _tell(self) -> None:
        self._progress(self._fields())

    def _fields(self) -> Fields:
        with self._lock:
            trials = list(self._trials)
            statuses = [trial.status for trial in trials]
            objectives = [trial.objective_status for trial in trials]
            fields: Fields = {
                "TrainingJobStatusCounters": {
                    "Completed": statuses.count("Completed"),
                    "InProgress": statuses.count("InProgress"),
                    "RetryableError": 0,
                    "NonRetryableError": statuses.count("Failed"),
                    "Stopped": statuses.count("Stopped"),
                },
                "ObjectiveStatusCounters": {
                    name: objectives.count(name) for name in ("Succeeded", "Pending", "Failed")
                },
                "TrainingJobSummaries": [trial.summary() for trial in trials],
            }
            best = self._best(trials)
            if best is not None:
                fields["BestTrainingJob"] = best.summary()
        return fields

    def _best(self, trials: list[Trial]) -> Trial | None:
        ended = [item for item in trials if item.ended and item.value is not None]
        sign = -1 if self._maximize else 1
        return min(ended, key=lambda item: sign * float(item.value or 0), default=None)

    def _result(self) -> JobResult:
        fields = self._fields() | {"HyperParameterTuningEndTime": now()}
        if self._stop.is_set():
            return JobResult("Stopped", fields)
        if "BestTrainingJob" not in fields:
            metric = self._objective["MetricName"]
            reasons = [f"none of them printed the metric {metric}; check its Regex"]
            reasons += [trial.failure for trial in self._trials if trial.failure]
            raise JobFailedError(
                f"ClientError: No training job succeeded with an objective metric: {reasons[-1]}",
                fields,
            )
        return JobResult("Completed", fields)


def _pass_on(stop: threading.Event, to: threading.Event, ended: threading.Event) -> None:
    """Stops a trial when the tuning job is stopped."""
    while not ended.wait(0.2):
        if stop.is_set():
            to.set()
            return
