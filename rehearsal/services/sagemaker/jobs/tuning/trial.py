"""The trials of a hyperparameter tuning job, and when one stops early."""

import math
import statistics
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rehearsal.services.sagemaker.jobs.job import now

_MIN_COMPLETED = 3


@dataclass(kw_only=True)
class Trial:
    """A training job of a tuning job; `values` are those of the objective, in order."""

    name: str
    arn: str
    tuned: dict[str, str]
    objective: Mapping[str, str]
    stop: threading.Event = field(default_factory=threading.Event)
    status: str = "InProgress"
    failure: str = ""
    stopped_early: bool = False
    values: list[float] = field(default_factory=list)
    created: datetime = field(default_factory=now)
    times: dict[str, Any] = field(default_factory=dict)
    _read_at: Any = None

    @property
    def ended(self) -> bool:
        return self.status != "InProgress"

    @property
    def value(self) -> float | None:
        """The last value of the objective, which is the one that SageMaker uses."""
        return self.values[-1] if self.values else None

    @property
    def objective_status(self) -> str:
        if not self.ended:
            return "Pending"
        return "Failed" if self.value is None or self.status == "Failed" else "Succeeded"

    def read(self, fields: Mapping[str, Any]) -> bool:
        """Takes members of the Describe response; returns True if the objective has a new value."""
        for member in ("TrainingStartTime", "TrainingEndTime"):
            if member in fields:
                self.times[member] = fields[member]
        for metric in fields.get("FinalMetricDataList", []):
            if metric["MetricName"] != self.objective["MetricName"]:
                continue
            if metric.get("Timestamp") == self._read_at or not math.isfinite(metric["Value"]):
                return False
            self._read_at = metric.get("Timestamp")
            self.values.append(float(metric["Value"]))
            return True
        return False

    def end(self, status: str, failure: str = "") -> None:
        """Records the end of the training job."""
        self.status = status
        self.failure = failure
        if status == "Failed":
            self.values.clear()

    def summary(self) -> dict[str, Any]:
        """Returns a HyperParameterTrainingJobSummary."""
        summary = {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "CreationTime": self.created,
            "TrainingJobStatus": self.status,
            "TunedHyperParameters": self.tuned,
            **self.times,
        }
        if self.failure:
            summary["FailureReason"] = self.failure
        if self.value is not None:
            summary["FinalHyperParameterTuningJobObjectiveMetric"] = {
                **self.objective,
                "Value": self.value,
            }
        if self.ended:
            summary["ObjectiveStatus"] = self.objective_status
        return summary


class MedianRule:
    """The rule of TrainingJobEarlyStoppingType Auto.

    A trial stops if its objective is worse than the median of the averages that completed trials
    had up to the same point of their logs.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html

    Args:
        maximize: True if the objective is maximized.
    """

    def __init__(self, maximize: bool) -> None:
        self._maximize = maximize

    def stops(self, trial: Trial, trials: Sequence[Trial]) -> bool:
        """Returns True if a trial must stop now."""
        point = len(trial.values)
        completed = [item for item in trials if item.status == "Completed" and item.values]
        if point < 2 or len(completed) < _MIN_COMPLETED or trial.stopped_early:
            return False
        median = statistics.median(statistics.fmean(item.values[:point]) for item in completed)
        best = max(trial.values) if self._maximize else min(trial.values)
        return best < median if self._maximize else best > median
