"""Hyperparameter tuning jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from rehearsal.aws.platform import Scope
from rehearsal.execution.job import JobResult, Progress
from rehearsal.execution.job_failure import JobFailedError
from rehearsal.execution.tuning_job import Launch, run
from rehearsal.execution.tuning_parameters import as_hyperparameters, space

SCOPE = Scope("111111111111", "us-east-1")
CONTINUOUS = {"Name": "rate", "MinValue": "0.001", "MaxValue": "1"}
INTEGER = {"Name": "depth", "MinValue": "2", "MaxValue": "6"}
CATEGORICAL = {"Name": "booster", "Values": ["gbtree", "dart"]}
RANGES = {
    "ContinuousParameterRanges": [CONTINUOUS],
    "IntegerParameterRanges": [INTEGER],
    "CategoricalParameterRanges": [CATEGORICAL],
}


def request(**config: Any) -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": "tune",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "auc"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 6, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": RANGES,
            **config,
        },
        "TrainingJobDefinition": {
            "DefinitionName": "d",
            "StaticHyperParameters": {"rounds": "10"},
            "AlgorithmSpecification": {
                "TrainingImage": "image",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "auc", "Regex": "auc=(.*)"}],
            },
            "RoleArn": "arn:aws:iam::111111111111:role/job",
        },
    }


def metrics(value: float) -> dict[str, Any]:
    stamp = datetime.now(UTC)
    return {"FinalMetricDataList": [{"MetricName": "auc", "Value": value, "Timestamp": stamp}]}


class Training:
    """Stands in for CreateTrainingJob: `score` is the objective of given hyperparameters."""

    def __init__(self, score: Callable[[Mapping[str, str]], float | None]) -> None:
        self.requests: list[Mapping[str, Any]] = []
        self.running = self.most_running = 0
        self._score = score
        self._lock = threading.Lock()

    def __call__(
        self, job: Mapping[str, Any], progress: Progress, stop: threading.Event
    ) -> JobResult:
        with self._lock:
            self.requests.append(job)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        time.sleep(0.02)
        with self._lock:
            self.running -= 1
        value = self._score(job["HyperParameters"])
        if value is None:
            raise JobFailedError("AlgorithmError: no luck, exit code: 1")
        progress(metrics(value))
        return JobResult("Completed", metrics(value))

    @property
    def drawn(self) -> list[dict[str, str]]:
        ordered = sorted(self.requests, key=lambda job: str(job["TrainingJobName"]))
        return [dict(job["HyperParameters"]) for job in ordered]


def by_depth(values: Mapping[str, str]) -> float:
    return float(values["depth"])


def tune(launch: Launch, **config: Any) -> JobResult:
    return run(request(**config), scope=SCOPE, launch=launch)


def test_the_best_trial_wins() -> None:
    training = Training(by_depth)
    result = tune(training)
    best = result.fields["BestTrainingJob"]
    depths = [int(values["depth"]) for values in training.drawn]
    objective = best["FinalHyperParameterTuningJobObjectiveMetric"]
    assert objective == {"Type": "Maximize", "MetricName": "auc", "Value": float(max(depths))}
    assert best["TrainingJobName"].startswith("tune-00")
    assert best["TunedHyperParameters"]["depth"] == str(max(depths))
    assert best["ObjectiveStatus"] == "Succeeded"
    assert result.fields["TrainingJobStatusCounters"]["Completed"] == 6
    assert result.fields["ObjectiveStatusCounters"] == {"Succeeded": 6, "Pending": 0, "Failed": 0}
    assert len(result.fields["TrainingJobSummaries"]) == 6


def test_minimize_looks_for_the_smallest() -> None:
    training = Training(by_depth)
    objective = {"Type": "Minimize", "MetricName": "auc"}
    result = tune(training, HyperParameterTuningJobObjective=objective)
    best = result.fields["BestTrainingJob"]["TunedHyperParameters"]["depth"]
    assert int(best) == min(int(values["depth"]) for values in training.drawn)


def test_values_stay_in_their_ranges_and_static_ones_are_given() -> None:
    training = Training(by_depth)
    tune(training)
    for values in training.drawn:
        assert 0.001 <= float(values["rate"]) <= 1
        assert values["depth"] in {"2", "3", "4", "5", "6"}
        assert values["booster"] in {"gbtree", "dart"}
        assert values["rounds"] == "10"
        assert values["_tuning_objective_metric"] == "auc"  # SageMaker adds it
    names = [str(job["TrainingJobName"]) for job in training.requests]
    assert len(set(names)) == 6
    assert all(len(name) <= 63 for name in names)


def test_no_more_than_the_limit_run_at_once() -> None:
    training = Training(by_depth)
    tune(training)
    assert training.most_running == 2


@pytest.mark.parametrize("strategy", ["Bayesian", "Random"])
def test_one_seed_gives_the_same_trials(strategy: str) -> None:
    drawn = []
    for seed in (None, None, 7):
        training = Training(by_depth)
        config = {"Strategy": strategy} | ({} if seed is None else {"RandomSeed": seed})
        tune(training, **config)
        drawn.append(training.drawn)
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_bayesian_search_learns_from_its_trials() -> None:
    limits = {"MaxNumberOfTrainingJobs": 24, "MaxParallelTrainingJobs": 1}
    training = Training(lambda values: -abs(float(values["rate"]) - 0.8))
    tune(
        training, ResourceLimits=limits, ParameterRanges={"ContinuousParameterRanges": [CONTINUOUS]}
    )
    distances = [abs(float(values["rate"]) - 0.8) for values in training.drawn]
    assert sum(distances[12:]) < sum(distances[:12]) / 2


def test_grid_takes_every_combination() -> None:
    training = Training(lambda values: float(values["b"]))
    ranges = {
        "CategoricalParameterRanges": [
            {"Name": "a", "Values": ["x", "y"]},
            {"Name": "b", "Values": ["1", "2", "3"]},
        ]
    }
    limits = {"MaxParallelTrainingJobs": 4}
    result = tune(training, Strategy="Grid", ParameterRanges=ranges, ResourceLimits=limits)
    combinations = {(values["a"], values["b"]) for values in training.drawn}
    assert len(training.requests) == len(combinations) == 6
    assert result.fields["BestTrainingJob"]["TunedHyperParameters"]["b"] == "3"


def test_failed_trials_are_counted_and_the_others_go_on() -> None:
    training = Training(lambda values: 0.5 if int(values["depth"]) % 2 else None)
    result = tune(training)
    counters = result.fields["TrainingJobStatusCounters"]
    assert counters["Completed"] + counters["NonRetryableError"] == 6
    assert counters["NonRetryableError"] >= 1
    failed = [item for item in result.fields["TrainingJobSummaries"] if "FailureReason" in item]
    assert failed[0]["ObjectiveStatus"] == "Failed"


def test_it_fails_when_every_trial_fails() -> None:
    with pytest.raises(JobFailedError, match=r"No training job succeeded.*no luck") as caught:
        tune(Training(lambda _: None))
    assert caught.value.fields["TrainingJobStatusCounters"]["NonRetryableError"] == 6


def test_it_fails_when_no_trial_printed_the_metric() -> None:
    with pytest.raises(JobFailedError, match="none of them printed the metric auc"):
        tune(lambda *_: JobResult("Completed", {}))


def test_progress_tells_counters_and_the_best_so_far() -> None:
    told: list[Mapping[str, Any]] = []
    run(request(), scope=SCOPE, launch=Training(by_depth), progress=told.append)
    completed = [fields["TrainingJobStatusCounters"]["Completed"] for fields in told]
    assert completed == sorted(completed)
    assert completed[-1] == 6
    assert any("BestTrainingJob" in fields for fields in told[:-1])


def test_stopping_stops_the_running_trials_and_starts_no_more() -> None:
    stop = threading.Event()
    launched = []

    def launch(job: Mapping[str, Any], _: Progress, stopped: threading.Event) -> JobResult:
        launched.append(job)
        stop.set()
        assert stopped.wait(10)
        return JobResult("Stopped", {})

    result = run(request(), scope=SCOPE, launch=launch, stop=stop)
    assert result.status == "Stopped"
    assert len(launched) == 2
    assert result.fields["TrainingJobStatusCounters"]["Stopped"] == 2


def test_early_stopping_ends_a_hopeless_trial() -> None:
    number = iter(range(1, 10))

    def launch(_: Mapping[str, Any], progress: Progress, stopped: threading.Event) -> JobResult:
        good = next(number) <= 3
        for _step in range(4):
            value = 0.9 if good else 0.1
            progress(metrics(value))
            if stopped.is_set():
                return JobResult("Stopped", metrics(value))
        return JobResult("Completed", metrics(value))

    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 1}
    for kind, expected in (("Auto", 1), ("Off", 0)):
        number = iter(range(1, 10))
        result = tune(launch, ResourceLimits=limits, TrainingJobEarlyStoppingType=kind)
        assert result.fields["TrainingJobStatusCounters"]["Stopped"] == expected


def test_reverse_logarithmic_scaling_is_dense_near_one() -> None:
    found = space(
        {
            "ContinuousParameterRanges": [
                {
                    "Name": "m",
                    "MinValue": "0",
                    "MaxValue": "0.999",
                    "ScalingType": "ReverseLogarithmic",
                }
            ]
        }
    )
    low, high = found.distributions["m"].low, found.distributions["m"].high
    assert as_hyperparameters({"m": low}, found) == {"m": repr(1 - low)}
    assert float(as_hyperparameters({"m": high}, found)["m"]) == 0
    assert found.distributions["m"].log


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda job: job.update(WarmStartConfig={"x": 1}), "WarmStartConfig"),
        (lambda job: job.update(TrainingJobDefinitions=[{}]), "TrainingJobDefinitions"),
        (
            lambda job: job["HyperParameterTuningJobConfig"].update(Strategy="Hyperband"),
            "the tuning strategy Hyperband",
        ),
        (
            lambda job: job["HyperParameterTuningJobConfig"].pop(
                "HyperParameterTuningJobObjective"
            ),
            "without HyperParameterTuningJobObjective",
        ),
        (
            lambda job: job["TrainingJobDefinition"]["AlgorithmSpecification"].pop(
                "MetricDefinitions"
            ),
            "auc is not among MetricDefinitions",
        ),
        (
            lambda job: job["TrainingJobDefinition"].update(HyperParameterRanges={"x": 1}),
            "HyperParameterRanges",
        ),
        (
            lambda job: job["HyperParameterTuningJobConfig"].update(ParameterRanges={}),
            "at least one range",
        ),
        (
            lambda job: job["HyperParameterTuningJobConfig"].update(
                ParameterRanges={"AutoParameters": [{}]}
            ),
            "AutoParameters",
        ),
        (
            lambda job: job["HyperParameterTuningJobConfig"].update(Strategy="Grid"),
            "Grid strategy takes CategoricalParameterRanges only; got rate, depth",
        ),
        (
            lambda job: job["HyperParameterTuningJobConfig"].update(
                Strategy="Grid", ParameterRanges={"CategoricalParameterRanges": [CATEGORICAL]}
            ),
            "makes 2 training jobs, but MaxNumberOfTrainingJobs is 6",
        ),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    job = request()
    change(job)
    with pytest.raises(JobFailedError, match=message):
        run(job, scope=SCOPE, launch=Training(by_depth))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MinValue": "2", "MaxValue": "1"}, "range of rate is empty"),
        ({"MinValue": "0", "ScalingType": "Logarithmic"}, "needs MinValue above 0"),
        ({"MaxValue": "2", "ScalingType": "ReverseLogarithmic"}, "needs 0 <= range < 1"),
    ],
)
def test_limits_that_cannot_be_are_refused(changes: dict[str, str], message: str) -> None:
    with pytest.raises(JobFailedError, match=message):
        space({"ContinuousParameterRanges": [CONTINUOUS | changes]})


def test_integers_have_no_reverse_logarithmic_scaling() -> None:
    given = INTEGER | {"ScalingType": "ReverseLogarithmic", "MinValue": "0", "MaxValue": "0.5"}
    with pytest.raises(JobFailedError, match="is for continuous ranges"):
        space({"IntegerParameterRanges": [given]})
