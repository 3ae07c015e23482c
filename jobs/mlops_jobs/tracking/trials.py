"""The trials of a tuning job, as SageMaker recorded them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training job of a tuning job.

    Args:
        name: name of the training job.
        status: its status, such as `Completed`.
        parameters: its hyperparameters.
        metrics: the last value of each metric.
        start: time at which training began; None if it did not.
        end: time at which it ended; None if it runs.
    """

    name: str
    status: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    start: datetime | None = None
    end: datetime | None = None


def trials_of(sagemaker: Any, tuning_job_name: str) -> Iterator[Trial]:
    """Yields the trials of a tuning job, in the order in which they were created.

    Args:
        sagemaker: boto3 client of SageMaker.
        tuning_job_name: name of the tuning job.
    """
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=tuning_job_name, SortBy="CreationTime", SortOrder="Ascending"
    )
    for page in pages:
        for summary in page["TrainingJobSummaries"]:
            name = summary["TrainingJobName"]
            job = sagemaker.describe_training_job(TrainingJobName=name)
            yield Trial(
                name=name,
                status=job["TrainingJobStatus"],
                parameters=_parameters(job.get("HyperParameters", {})),
                metrics={
                    one["MetricName"]: one["Value"] for one in job.get("FinalMetricDataList", ())
                },
                start=job.get("TrainingStartTime"),
                end=job.get("TrainingEndTime"),
            )


def _parameters(given: Mapping[str, str]) -> dict[str, str]:
    """Returns hyperparameters without those that SageMaker and its SDK add, as text."""
    return {
        name: value.strip('"')
        for name, value in given.items()
        if not name.startswith(("_", "sagemaker_"))
    }
