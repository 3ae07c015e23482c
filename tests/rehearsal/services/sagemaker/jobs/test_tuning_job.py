"""Tuning jobs: trials, limits, failures, stops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, Members, Progress
from rehearsal.services.sagemaker.jobs.tuning.tuning_job import run
from tests.rehearsal.services.sagemaker.jobs.trials import (
    CATEGORICAL,
    Training,
    by_depth,
    job,
    metrics,
    request,
    tune,
)


def test_the_best_trial_wins() -> None:
    training = Training(by_depth)
    result = tune(training)
    best = result["BestTrainingJob"]
    depths = [int(values["depth"]) for values in training.drawn]
    objective = best["FinalHyperParameterTuningJobObjectiveMetric"]
    assert objective == {"Type": "Maximize", "MetricName": "auc", "Value": float(max(depths))}
    assert best["TrainingJobName"].startswith("tune-00")
    assert best["TunedHyperParameters"]["depth"] == str(max(depths))
    assert best["ObjectiveStatus"] == "Succeeded"
    assert result["TrainingJobStatusCounters"]["Completed"] == 6
    assert result["ObjectiveStatusCounters"] == {"Succeeded": 6, "Pending": 0, "Failed": 0}
    assert len(result["TrainingJobSummaries"]) == 6


def test_minimize_looks_for_the_smallest() -> None:
    training = Training(by_depth)
    objective = {"Type": "Minimize", "MetricName": "auc"}
    result = tune(training, HyperParameterTuningJobObjective=objective)
    best = result["BestTrainingJob"]["TunedHyperParameters"]["depth"]
    assert int(best) == min(int(values["depth"]) for values in training.drawn)


def test_no_more_than_the_limit_run_at_once() -> None:
    training = Training(by_depth)
    tune(training)
    assert training.most_running == 2


def test_failed_trials_are_counted_and_the_others_go_on() -> None:
    training = Training(lambda values: 0.5 if int(values["depth"]) % 2 else None)
    result = tune(training)
    counters = result["TrainingJobStatusCounters"]
    assert counters["Completed"] + counters["NonRetryableError"] == 6
    assert counters["NonRetryableError"] >= 1
    failed = [item for item in result["TrainingJobSummaries"] if "FailureReason" in item]
    assert failed[0]["ObjectiveStatus"] == "Failed"


def test_it_fails_when_every_trial_fails() -> None:
    with pytest.raises(ExecutionFailedError, match=r"No training job succeeded.*no luck") as caught:
        tune(Training(lambda _: None))
    assert caught.value.members["TrainingJobStatusCounters"]["NonRetryableError"] == 6


def test_it_fails_when_no_trial_printed_the_metric() -> None:
    with pytest.raises(ExecutionFailedError, match="none of them printed the metric auc"):
        tune(lambda *_: {"TrainingJobStatus": "Completed"})


def test_progress_reports_counters_and_the_best_so_far() -> None:
    reported: list[Mapping[str, Any]] = []
    run(job(request(), progress=reported.append), Training(by_depth))
    completed = [fields["TrainingJobStatusCounters"]["Completed"] for fields in reported]
    assert completed == sorted(completed)
    assert completed[-1] == 6
    assert any("BestTrainingJob" in fields for fields in reported[:-1])


def test_stopping_stops_the_running_trials_and_starts_no_more() -> None:
    stop = threading.Event()
    launched = []

    def train(asked: Mapping[str, Any], _: Progress, stopped: threading.Event) -> Members:
        launched.append(asked)
        stop.set()
        assert stopped.wait(10)
        return {"TrainingJobStatus": "Stopped"}

    result = run(job(request(), stop=stop), train)
    assert result["HyperParameterTuningJobStatus"] == "Stopped"
    assert len(launched) == 2
    assert result["TrainingJobStatusCounters"]["Stopped"] == 2


def test_early_stopping_ends_a_hopeless_trial() -> None:
    number = iter(range(1, 10))

    def train(_: Mapping[str, Any], progress: Progress, stopped: threading.Event) -> Members:
        good = next(number) <= 3
        for _step in range(4):
            value = 0.9 if good else 0.1
            progress(metrics(value))
            if stopped.is_set():
                return {"TrainingJobStatus": "Stopped", **metrics(value)}
        return {"TrainingJobStatus": "Completed", **metrics(value)}

    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 1}
    for kind, expected in (("Auto", 1), ("Off", 0)):
        number = iter(range(1, 10))
        result = tune(train, ResourceLimits=limits, TrainingJobEarlyStoppingType=kind)
        assert result["TrainingJobStatusCounters"]["Stopped"] == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda job: job["TrainingJobDefinition"]["AlgorithmSpecification"].pop(
                "MetricDefinitions"
            ),
            "auc is not among MetricDefinitions",
        ),
        (
            lambda job: job["HyperParameterTuningJobConfig"].update(ParameterRanges={}),
            "at least one range",
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
def test_an_invalid_request_fails_the_job(
    change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    given = request()
    change(given)
    with pytest.raises(ExecutionFailedError, match=message):
        run(job(given), Training(by_depth))
