"""Executions of a SageMaker pipeline: steps, their jobs, and the trials of tuning jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client.progress import Status

_STATUS = {
    "Starting": Status.RUNNING,
    "Executing": Status.RUNNING,
    "InProgress": Status.RUNNING,
    "Stopping": Status.RUNNING,
    "Stopped": Status.STOPPED,
    "Failed": Status.FAILED,
    "Succeeded": Status.SUCCEEDED,
    "Completed": Status.SUCCEEDED,
    "Deleting": Status.STOPPED,
}


@dataclass(frozen=True)
class Trial:
    """A training job of a tuning job; `reason` is that of its failure."""

    name: str
    status: Status
    metric: str
    value: float | None
    hyperparameters: Mapping[str, str]
    started: datetime | None = None
    ended: datetime | None = None
    maximize: bool = True
    reason: str = ""


@dataclass(frozen=True)
class Step:
    """A step of a SageMaker pipeline; `detail` is its result or failure."""

    name: str
    status: Status
    started: datetime | None
    ended: datetime | None
    kind: str = ""
    job: str = ""
    detail: str = ""
    trials: Sequence[Trial] = field(default_factory=tuple)


@dataclass(frozen=True)
class TrainingExecution:
    """The state of an execution."""

    arn: str
    status: Status
    steps: Sequence[Step]

    @property
    def trials(self) -> list[Trial]:
        """The trials of all tuning steps."""
        return [trial for step in self.steps for trial in step.trials]

    @property
    def model_package(self) -> str | None:
        """The ARN of the model package that the execution registered."""
        registered = (
            step.job
            for step in self.steps
            if step.kind == "RegisterModel" and step.status is Status.SUCCEEDED
        )
        return next(registered, None)


def find(sagemaker: Any, codebuild: Any, build_id: str) -> str | None:
    """Returns the ARN of the newest execution of the SageMaker pipeline that a build starts.

    The environment variable SAGEMAKER_PIPELINE_NAME of the build names the pipeline. Returns None
    for other builds and until the execution has started.
    """
    if ":" not in build_id:
        return None  # an action of another provider
    builds = codebuild.batch_get_builds(ids=[build_id])["builds"]
    if not builds:
        return None
    variables = {
        item["name"]: item["value"]
        for item in builds[0].get("environment", {}).get("environmentVariables", [])
    }
    name = variables.get("SAGEMAKER_PIPELINE_NAME")
    if name is None:
        return None
    try:
        summaries = sagemaker.list_pipeline_executions(
            PipelineName=name, CreatedAfter=builds[0]["startTime"], SortOrder="Descending"
        )["PipelineExecutionSummaries"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFound":
            raise
        return None  # the build has not created it yet
    newest = max(summaries, key=lambda item: item["StartTime"], default=None)
    return str(newest["PipelineExecutionArn"]) if newest else None


def read(sagemaker: Any, arn: str) -> TrainingExecution:
    """Returns the current state of an execution; steps are in the order of their start."""
    execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending"
    )
    steps = [step for page in pages for step in page["PipelineExecutionSteps"]]
    return TrainingExecution(
        arn=arn,
        status=_STATUS[execution["PipelineExecutionStatus"]],
        steps=[_step(sagemaker, step) for step in steps],
    )


def _step(sagemaker: Any, step: Mapping[str, Any]) -> Step:
    described: Mapping[str, Mapping[str, Any]] = step.get("Metadata", {})
    kind, metadata = next(iter(described.items()), ("", {}))
    job = metadata.get("Arn") or metadata.get("CheckJobArn", "")
    trials = _trials(sagemaker, job) if kind == "TuningJob" and job else []
    return Step(
        name=step["StepName"],
        status=_STATUS[step["StepStatus"]],
        started=step.get("StartTime"),
        ended=step.get("EndTime"),
        kind=kind,
        job=job,
        detail=_detail(step, kind, metadata, trials),
        trials=trials,
    )


def _detail(
    step: Mapping[str, Any], kind: str, metadata: Mapping[str, Any], trials: Sequence[Trial]
) -> str:
    if step.get("FailureReason"):
        return str(step["FailureReason"])
    if step.get("CacheHitResult"):
        return "cached"
    match kind:
        case "Condition":
            return f"outcome {metadata.get('Outcome', '')}"
        case "Fail":
            return str(metadata.get("ErrorMessage", ""))
        case "RegisterModel":
            return str(metadata.get("Arn", "")).rpartition(":")[2]
        case "Callback" if "OutputParameters" not in metadata:
            return f"waits for a call with the token {metadata.get('CallbackToken', '')}"
        case "TuningJob":
            best = best_trial(trials)
            return f"best {best.metric} {best.value:.4g}" if best and best.value else ""
    return ""


def best_trial(trials: Sequence[Trial]) -> Trial | None:
    """Returns the trial with the best objective value; None if no trial has one."""
    evaluated = [trial for trial in trials if trial.value is not None]
    if not evaluated:
        return None
    sign = 1 if evaluated[0].maximize else -1
    return max(evaluated, key=lambda trial: sign * (trial.value or 0.0))


def _trials(sagemaker: Any, arn: str) -> list[Trial]:
    name = arn.rpartition("/")[2]
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=name, SortBy="CreationTime", SortOrder="Ascending"
    )
    return [_trial(job) for page in pages for job in page["TrainingJobSummaries"]]


def _trial(job: Mapping[str, Any]) -> Trial:
    objective = job.get("FinalHyperParameterTuningJobObjectiveMetric", {})
    return Trial(
        name=job["TrainingJobName"],
        status=_STATUS[job["TrainingJobStatus"]],
        metric=objective.get("MetricName", ""),
        value=objective.get("Value"),
        hyperparameters=job.get("TunedHyperParameters", {}),
        started=job.get("TrainingStartTime"),
        ended=job.get("TrainingEndTime"),
        maximize=objective.get("Type", "Maximize") == "Maximize",
        reason=job.get("FailureReason", ""),
    )
