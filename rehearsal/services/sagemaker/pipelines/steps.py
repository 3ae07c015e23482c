"""What each type of pipeline step does: calls to SageMaker's own API with the pipeline's role."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

Wait = Callable[[], None]
"""Blocks for a moment, or until something may have changed."""
Stopping = Callable[[], bool]

_THROTTLED = {"Throttling", "ThrottlingException", "TooManyRequestsException"}
_NAME_CHARACTERS = string.ascii_letters + string.digits
_LONGEST_NAME = 63
_LONGEST_TUNING_NAME = 32


class StepFailedError(Exception):
    """A step failed. `exception_type` is its word in retry policies, None if it has none."""

    def __init__(
        self,
        reason: str,
        exception_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(reason)
        self.exception_type = exception_type
        self.metadata = metadata


class StepStoppedError(Exception):
    """A step was stopped."""


@dataclass(frozen=True)
class StepOutcome:
    """What a step that succeeded leaves: properties for later steps, metadata for the API."""

    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]


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


@dataclass(frozen=True, kw_only=True)
class StepRun:
    """A step to run, with its arguments resolved.

    `client` is a boto3 SageMaker client of the pipeline's role; `started` takes the metadata as
    soon as there is any.
    """

    step: Mapping[str, Any]
    arguments: Mapping[str, Any]
    execution_id: str
    execution_arn: str
    tags: list[dict[str, str]]
    client: Any
    stopping: Stopping
    wait: Wait
    started: Callable[[Mapping[str, Any]], None]


def run_step(run: StepRun) -> StepOutcome:
    """Runs a step to its end.

    Raises:
        StepFailedError: With SageMaker's reason.
        StepStoppedError: When `stopping` became true.
    """
    kind = run.step["Type"]
    try:
        if kind in JOB_STEPS:
            return _run_job(run, JOB_STEPS[kind])
        if kind == "Model":
            return _create_model(run)
        return _register_model(run)
    except ClientError as error:
        raise _failed_call(error) from error


def generated_name(run: StepRun, longest: int = _LONGEST_NAME) -> str:
    """`pipelines-<execution id>-<step>-<10 characters>`, as the service names what steps create."""
    ending = "".join(secrets.choice(_NAME_CHARACTERS) for _ in range(10))
    beginning = f"pipelines-{run.execution_id}"
    if longest < _LONGEST_NAME:
        beginning = run.execution_id
    room = longest - len(beginning) - len(ending) - 2
    return f"{beginning}-{run.step['Name'][:room].strip('-_')}-{ending}".replace("_", "-")


def _run_job(run: StepRun, job: JobStep) -> StepOutcome:
    longest = _LONGEST_TUNING_NAME if job.metadata == "TuningJob" else _LONGEST_NAME
    name = {job.name_member(): generated_name(run, longest)}
    created = getattr(run.client, f"create_{job.noun}")(**{**_tagged(run), **name})
    metadata = {job.metadata: {"Arn": created[f"{job.member}Arn"]}}
    run.started(metadata)
    answer = _wait_for_job(run, job, name)
    status = answer[f"{job.member}Status"]
    if status == "Failed":
        reason = answer.get("FailureReason", "The job failed and gave no reason.")
        raise StepFailedError(reason, _job_exception(reason), metadata)
    if status != "Completed":
        if run.stopping():
            raise StepStoppedError
        raise StepFailedError(f"The job {name[job.name_member()]} was stopped.", None, metadata)
    if job.metadata == "TuningJob":
        answer["TrainingJobSummaries"] = _trials(run.client, answer)
    return StepOutcome(answer, metadata)


def _wait_for_job(run: StepRun, job: JobStep, name: Mapping[str, str]) -> dict[str, Any]:
    """Describes a job until it has ended; stops it when the execution stops."""
    describe = getattr(run.client, f"describe_{job.noun}")
    asked = False
    while True:
        answer: dict[str, Any] = describe(**name)
        if answer[f"{job.member}Status"] in ("Completed", "Failed", "Stopped"):
            return answer
        if run.stopping() and not asked:
            asked = True
            getattr(run.client, f"stop_{job.noun}")(**name)
        run.wait()


def _trials(client: Any, tuning: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The training jobs of a tuning job, best first: what `get_top_model_s3_uri` refers to."""
    objective = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    pages = client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=tuning["HyperParameterTuningJobName"],
        SortBy="FinalObjectiveMetricValue",
        SortOrder="Descending" if objective["Type"] == "Maximize" else "Ascending",
        StatusEquals="Completed",
    )
    return [summary for page in pages for summary in page["TrainingJobSummaries"]]


def _create_model(run: StepRun) -> StepOutcome:
    name = {"ModelName": generated_name(run)}
    created = run.client.create_model(**{**_tagged(run), **name})
    metadata = {"Model": {"Arn": created["ModelArn"]}}
    run.started(metadata)
    return StepOutcome(run.client.describe_model(**name), metadata)


def _register_model(run: StepRun) -> StepOutcome:
    arguments = _tagged(run)
    properties = arguments.get("MetadataProperties", {})
    arguments["MetadataProperties"] = {"GeneratedBy": run.execution_arn, **properties}
    try:
        created = run.client.create_model_package(**arguments)
    except ClientError as error:
        if not _group_is_missing(error, arguments):
            raise
        # Pipelines create the group of a RegisterModel step that does not exist yet.
        run.client.create_model_package_group(
            ModelPackageGroupName=arguments["ModelPackageGroupName"]
        )
        created = run.client.create_model_package(**arguments)
    arn = created["ModelPackageArn"]
    metadata = {"RegisterModel": {"Arn": arn}}
    run.started(metadata)
    return StepOutcome(run.client.describe_model_package(ModelPackageName=arn), metadata)


def _group_is_missing(error: ClientError, arguments: Mapping[str, Any]) -> bool:
    message = error.response["Error"].get("Message", "")
    return "ModelPackageGroupName" in arguments and (
        "ModelPackageGroup" in message and "does not exist" in message
    )


def _tagged(run: StepRun) -> dict[str, Any]:
    """The arguments with the pipeline's tags, which pass to what its steps create."""
    arguments = dict(run.arguments)
    own = arguments.get("Tags") or []
    keys = {tag["Key"] for tag in own}
    tags = [*own, *(tag for tag in run.tags if tag["Key"] not in keys)]
    # A version of a model package group takes no tags.
    if tags and not arguments.get("ModelPackageGroupName"):
        arguments["Tags"] = tags
    return arguments


def _failed_call(error: ClientError) -> StepFailedError:
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    message = error.response["Error"].get("Message", "")
    reason = (
        f"ClientError: Failed to invoke sagemaker:{error.operation_name}. Error Details: {message}"
    )
    if code in _THROTTLED:
        return StepFailedError(reason, "Step.THROTTLING")
    if code == "ResourceLimitExceeded":
        return StepFailedError(reason, "SageMaker.RESOURCE_LIMIT")
    if status >= 500:
        return StepFailedError(reason, "Step.SERVICE_FAULT")
    return StepFailedError(reason)


def _job_exception(reason: str) -> str | None:
    if reason.startswith("InternalServerError"):
        return "SageMaker.JOB_INTERNAL_ERROR"
    if reason.startswith("CapacityError"):
        return "SageMaker.CAPACITY_ERROR"
    if reason.startswith("ResourceLimitExceeded"):
        return "SageMaker.RESOURCE_LIMIT"
    return None
