"""The executor of hyperparameter tuning jobs.

Trials run in waves of MaxParallelTrainingJobs. The search takes the results of a wave in the order
of its trials, so that one seed always produces the same trials.
"""

import hashlib
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import optuna

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, JobRun, Members, Train
from rehearsal.services.sagemaker.jobs.job import ONE_DAY, Fields, now
from rehearsal.services.sagemaker.jobs.tuning.parameters import (
    SearchSpace,
    as_hyperparameters,
    drawn_values,
    grid,
    sampler,
    space,
)
from rehearsal.services.sagemaker.jobs.tuning.resources import resources_of
from rehearsal.services.sagemaker.jobs.tuning.trial import MedianRule, Trial
from rehearsal.services.sagemaker.jobs.tuning.warm_start import IDENTICAL


def run(job: JobRun, train: Train) -> Members:
    """Runs a tuning job to its end.

    Args:
        job: the job; its `progress` takes the members of the result after every change.
        train: runs the training job of a trial.

    Returns:
        HyperParameterTuningJobStatus, BestTrainingJob, TrainingJobStatusCounters,
        ObjectiveStatusCounters and HyperParameterTuningEndTime as in the Describe response, and
        TrainingJobSummaries as in ListTrainingJobsForHyperParameterTuningJob.

    Raises:
        ExecutionFailedError: no trial gave the objective metric.
    """
    return _TuningJob(job, train).run()


class _TuningJob:
    def __init__(self, job: JobRun, train: Train) -> None:
        self._job = job
        self._train = train
        self._config = job.request["HyperParameterTuningJobConfig"]
        self._definition = job.request["TrainingJobDefinition"]
        self._stop = job.stop
        self._lock = threading.RLock()
        self._trials: list[Trial] = []
        self._objective = _objective_of(job.request)
        self._rule = MedianRule(self._maximize) if self._stops_early else None

    @property
    def _maximize(self) -> bool:
        return bool(self._objective["Type"] == "Maximize")

    @property
    def _stops_early(self) -> bool:
        return bool(self._config.get("TrainingJobEarlyStoppingType", "Off") == "Auto")

    def run(self) -> Members:
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
        for parent in self._job.parents:
            values = drawn_values(parent.hyperparameters, given)
            if values is not None:
                study.add_trial(
                    optuna.trial.create_trial(
                        params=values, distributions=given.distributions, value=parent.value
                    )
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
                raise ExecutionFailedError(
                    f"ClientError: The Grid strategy makes {combinations} training jobs, but "
                    f"MaxNumberOfTrainingJobs is {asked}. Remove it."
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
            mark = hashlib.sha256(f"{self._job.name}/{number}".encode()).hexdigest()[:8]
            name = f"{self._job.name[:50]}-{number:03d}-{mark}"
            trial = Trial(
                name=name,
                arn=self._job.scope.arn("sagemaker", f"training-job/{name}"),
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
                self._report()

        self._report()
        try:
            result = self._train(_training_request(self._definition, trial), progress, trial.stop)
            with self._lock:
                trial.read(result)
                trial.end(result["TrainingJobStatus"])
        except ExecutionFailedError as error:
            with self._lock:
                trial.read(error.members)
                trial.end("Failed", error.reason)
        finally:
            ended.set()
            watcher.join()
        self._report()

    def _report(self) -> None:
        self._job.progress(self._fields())

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
            if self._job.request.get("WarmStartConfig", {}).get("WarmStartType") == IDENTICAL:
                fields |= self._overall_best(best)
        return fields

    def _overall_best(self, best: Trial | None) -> Fields:
        """Returns OverallBestTrainingJob: the best trial of this job and its parents."""
        found = [(parent.value, parent.summary) for parent in self._job.parents]
        if best is not None:
            own = {**best.summary(), "TuningJobName": self._job.name}
            found.insert(0, (float(best.value or 0), own))
        if not found:
            return {}
        choose = max if self._maximize else min
        return {"OverallBestTrainingJob": dict(choose(found, key=lambda one: one[0])[1])}

    def _best(self, trials: list[Trial]) -> Trial | None:
        ended = [item for item in trials if item.ended and item.value is not None]
        sign = -1 if self._maximize else 1
        return min(ended, key=lambda item: sign * float(item.value or 0), default=None)

    def _result(self) -> Members:
        fields = self._fields() | {"HyperParameterTuningEndTime": now()}
        if self._stop.is_set():
            return {**fields, "HyperParameterTuningJobStatus": "Stopped"}
        if "BestTrainingJob" not in fields:
            metric = self._objective["MetricName"]
            reasons = [f"none of them printed the metric {metric}; check its Regex"]
            reasons += [trial.failure for trial in self._trials if trial.failure]
            raise ExecutionFailedError(
                f"ClientError: No training job succeeded with an objective metric: {reasons[-1]}",
                fields,
            )
        return {**fields, "HyperParameterTuningJobStatus": "Completed"}


def _objective_of(request: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns HyperParameterTuningJobObjective.

    Raises:
        ExecutionFailedError: the training job does not define the metric.
    """
    config, training = request["HyperParameterTuningJobConfig"], request["TrainingJobDefinition"]
    objective: Mapping[str, str] = config["HyperParameterTuningJobObjective"]
    definitions = training["AlgorithmSpecification"].get("MetricDefinitions", [])
    names = [metric["Name"] for metric in definitions]
    if objective["MetricName"] not in names:
        raise ExecutionFailedError(
            f"ClientError: The objective metric {objective['MetricName']} is not among "
            f"MetricDefinitions ({', '.join(names) or 'none'}). Add a Name and a Regex for it."
        )
    return objective


def _training_request(definition: Mapping[str, Any], trial: Trial) -> dict[str, Any]:
    """Returns the CreateTrainingJob request of a trial.

    `_tuning_objective_metric` is a hyperparameter that SageMaker itself adds to every training job
    of a tuning job; programs must accept it.
    """
    request = dict(definition)
    static = request.pop("StaticHyperParameters", {})
    request.pop("DefinitionName", None)
    request["ResourceConfig"] = resources_of(definition)
    request.pop("HyperParameterTuningResourceConfig", None)
    metric = {"_tuning_objective_metric": trial.objective["MetricName"]}
    return request | {
        "TrainingJobName": trial.name,
        "HyperParameters": {**static, **trial.tuned, **metric},
    }


def _pass_on(stop: threading.Event, to: threading.Event, ended: threading.Event) -> None:
    """Stops a trial when the tuning job is stopped."""
    while not ended.wait(0.2):
        if stop.is_set():
            to.set()
            return
