"""Requests of tuning jobs, and training that stands in for trials."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from rehearsal.framework.platform import Credentials, Scope
from rehearsal.services.sagemaker.data_plane import (
    ExecutionFailedError,
    JobRun,
    Members,
    Progress,
    Train,
)
from rehearsal.services.sagemaker.jobs.tuning.tuning_job import run
from tests.rehearsal.fakes import FakePlatform

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
    ) -> Members:
        with self._lock:
            self.requests.append(job)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        time.sleep(0.02)
        with self._lock:
            self.running -= 1
        value = self._score(job["HyperParameters"])
        if value is None:
            raise ExecutionFailedError("AlgorithmError: no luck, exit code: 1")
        progress(metrics(value))
        return {"TrainingJobStatus": "Completed", **metrics(value)}

    @property
    def drawn(self) -> list[dict[str, str]]:
        ordered = sorted(self.requests, key=lambda job: str(job["TrainingJobName"]))
        return [dict(job["HyperParameters"]) for job in ordered]


def by_depth(values: Mapping[str, str]) -> float:
    return float(values["depth"])


def job(request: Mapping[str, Any], **options: Any) -> JobRun:
    """The run of a tuning job; `options` are further members."""
    credentials = Credentials("key", "secret", "token", str(SCOPE))
    return JobRun(
        name="tune",
        scope=SCOPE,
        request=request,
        session=FakePlatform().session(credentials, SCOPE.region),
        environment={},
        **options,
    )


def tune(train: Train, **config: Any) -> Members:
    return run(job(request(**config)), train)
