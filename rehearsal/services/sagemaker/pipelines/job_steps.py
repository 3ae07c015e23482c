"""Steps that run a job of SageMaker."""

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.services.sagemaker.pipelines.step_run import (
    StepFailedError,
    StepOutcome,
    StepRun,
    StepStoppedError,
)

_NAME_CHARACTERS = string.ascii_letters + string.digits
_MAX_NAME_LENGTH = 63
_MAX_TUNING_NAME_LENGTH = 32


@dataclass(frozen=True)
class JobStep:
    """A step type that runs a job. `noun` is snake case as in boto3's methods."""

    noun: str
    member: str
    metadata: str

    def name_member(self) -> str:
        return f"{self.member}Name"


JOB_STEPS: Mapping[str, JobStep] = {
    "Processing": JobStep("processing_job", "ProcessingJob", "ProcessingJob"),
    "Training": JobStep("training_job", "TrainingJob", "TrainingJob"),
    "Tuning": JobStep("hyper_parameter_tuning_job", "HyperParameterTuningJob", "TuningJob"),
    "Transform": JobStep("transform_job", "TransformJob", "TransformJob"),
}
_NAME_MEMBERS = {
    **{kind: job.name_member() for kind, job in JOB_STEPS.items()},
    "QualityCheck": "ProcessingJobName",
    "ClarifyCheck": "ProcessingJobName",
    "Model": "ModelName",
}


def new_name(step: Mapping[str, Any], execution_id: str) -> str:
    """Returns a name for the job or model of a step.

    Pipelines name it `pipelines-<execution id>-<step>-<10 characters>`; a name in the arguments, as
    the custom prefixes of the SDKs write it, replaces the beginning and the step.
    """
    short = step["Type"] == "Tuning"
    limit = _MAX_TUNING_NAME_LENGTH if short else _MAX_NAME_LENGTH
    ending = "".join(secrets.choice(_NAME_CHARACTERS) for _ in range(10))
    prefix = step["Arguments"].get(_NAME_MEMBERS.get(step["Type"], ""))
    if isinstance(prefix, str) and prefix:
        room = limit - len(execution_id) - len(ending) - 2
        return f"{prefix[:room].strip('-')}-{execution_id}-{ending}"
    beginning = execution_id if short else f"pipelines-{execution_id}"
    room = limit - len(beginning) - len(ending) - 2
    return f"{beginning}-{step['Name'][:room].strip('-_')}-{ending}".replace("_", "-")


def run_job(
    run: StepRun,
    job: JobStep,
    *,
    arguments: Mapping[str, Any] | None = None,
    started: Callable[[Mapping[str, Any]], None] | None = None,
) -> StepOutcome:
    """Runs a job to its end.

    Args:
        run: the step.
        job: the type of job.
        arguments: the request. Defaults to the arguments of the step.
        started: takes the metadata once the job is created. Defaults to that of the step.

    Raises:
        StepFailedError: the job failed, with its reason.
        StepStoppedError: the execution was stopped.
    """
    name = {job.name_member(): run.name}
    request = {**tagged(run, arguments), **name}
    client = run.client
    created = getattr(client, f"create_{job.noun}")(**request)
    metadata = {job.metadata: {"Arn": created[f"{job.member}Arn"]}}
    (started or run.started)(metadata)
    described = _wait_for_job(run, client, job, name)
    status = described[f"{job.member}Status"]
    if status == "Failed":
        reason = described.get("FailureReason", "The job failed without a reason.")
        raise StepFailedError(_step_reason(reason), _job_exception(reason), metadata)
    if status != "Completed":
        if run.stopping():
            raise StepStoppedError
        raise StepFailedError(_stopped(job, name, described), None, metadata)
    if job.metadata == "TuningJob":
        described["TrainingJobSummaries"] = _trials(client, described)
    return StepOutcome(described, metadata)


def _step_reason(reason: str) -> str:
    """Returns the reason of a step from that of its job, as Pipelines write it.

    Source: tests/integ/sagemaker/workflow/test_step_decorator.py of the SageMaker Python SDK.
    """
    return f"ClientError: {reason}" if reason.startswith("AlgorithmError") else reason


def _stopped(job: JobStep, name: Mapping[str, str], described: Mapping[str, Any]) -> str:
    """Returns the reason for a job that was stopped, but not by the execution."""
    message = described.get("ExitMessage") or described.get("FailureReason") or ""
    if described.get("SecondaryStatus") == "MaxRuntimeExceeded":
        message = "it ran longer than its MaxRuntimeInSeconds."
    reason = f"The job {name[job.name_member()]} was stopped"
    return f"{reason}: {message}" if message else f"{reason}."


def _wait_for_job(
    run: StepRun, client: Any, job: JobStep, name: Mapping[str, str]
) -> dict[str, Any]:
    """Waits until a job has ended; stops it when the execution stops."""
    describe = getattr(client, f"describe_{job.noun}")
    stopped = False
    while True:
        described: dict[str, Any] = describe(**name)
        if described[f"{job.member}Status"] in ("Completed", "Failed", "Stopped"):
            return described
        if run.stopping() and not stopped:
            stopped = True
            getattr(client, f"stop_{job.noun}")(**name)
        run.wait()


def _trials(client: Any, tuning: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the training jobs of a tuning job, best first, for `get_top_model_s3_uri`."""
    objective = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    pages = client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=tuning["HyperParameterTuningJobName"],
        SortBy="FinalObjectiveMetricValue",
        SortOrder="Descending" if objective["Type"] == "Maximize" else "Ascending",
        StatusEquals="Completed",
    )
    return [summary for page in pages for summary in page["TrainingJobSummaries"]]


def tagged(run: StepRun, request: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns a request with the pipeline's tags, which its steps pass on.

    Args:
        run: the step.
        request: the request. Defaults to the arguments of the step.
    """
    arguments = dict(run.arguments if request is None else request)
    own = arguments.get("Tags") or []
    keys = {tag["Key"] for tag in own}
    tags = [*own, *(tag for tag in run.tags if tag["Key"] not in keys)]
    # A version of a model package group takes no tags.
    if tags and not arguments.get("ModelPackageGroupName"):
        arguments["Tags"] = tags
    return arguments


def _job_exception(reason: str) -> str | None:
    if reason.startswith("InternalServerError"):
        return "SageMaker.JOB_INTERNAL_ERROR"
    if reason.startswith("CapacityError"):
        return "SageMaker.CAPACITY_ERROR"
    if reason.startswith("ResourceLimitExceeded"):
        return "SageMaker.RESOURCE_LIMIT"
    return None
