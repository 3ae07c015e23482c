"""One training job of a hyperparameter tuning job."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rehearsal.services.sagemaker.jobs.job import now


@dataclass(kw_only=True)
class Trial:
    """What is known of a trial: `values` are the objective's values in the order of the log."""

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
        """The objective: its last value, as SageMaker takes it."""
        return self.values[-1] if self.values else None

    @property
    def objective_status(self) -> str:
        if not self.ended:
            return "Pending"
        return "Failed" if self.value is None or self.status == "Failed" else "Succeeded"

    def read(self, fields: Mapping[str, Any]) -> bool:
        """Takes over what Describe would say now; True when the objective has a new value."""
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
        """Takes over how the training job ended."""
        self.status = status
        self.failure = failure
        if status == "Failed":
            self.values.clear()

    def summary(self) -> dict[str, Any]:
        """A HyperParameterTrainingJobSummary."""
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
