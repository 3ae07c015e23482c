"""Types of pipeline steps, which call SageMaker's API with the pipeline's role."""

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
_MAX_NAME_LENGTH = 63
_MAX_TUNING_NAME_LENGTH = 32


class StepFailedError(Exception):
    """A step failed. `exception_type` is that of retry policies, None if it has none."""

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
    """The outcome of a successful step: properties for later steps, metadata for the API."""

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
        StepFailedError: with SageMaker's reason.
        StepStoppedError: when `stopping` became true.
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


def generated_name(run: StepRun, limit: int = _MAX_NAME_LENGTH) -> str:
    """Returns `pipelines-<execution id>-<step>-<10 characters>`, as Pipelines name resources."""
    ending = "".join(secrets.choice(_NAME_CHARACTERS) for _ in range(10))
    beginning = f"pipelines-{run.execution_id}"
    if limit < _MAX_NAME_LENGTH:
        beginning = run.execution_id
    room = limit - len(beginning) - len(ending) - 2
    return f"{beginning}-{run.step['Name'][:room].strip('-_')}-{ending}".replace("_", "-")


def _run_job(run: StepRun, job: JobStep) -> StepOutcome:
    limit = _MAX_TUNING_NAME_LENGTH if job.metadata == "TuningJob" else _MAX_NAME_LENGTH
    name = {job.name_member(): generated_name(run, limit)}
    created = getattr(run.client, f"create_{job.noun}")(**{**_tagged(run), **name})
    metadata = {job.metadata: {"Arn": created[f"{job.member}Arn"]}}
    run.started(metadata)
    described = _wait_for_job(run, job, name)
    status = described[f"{job.member}Status"]
    if status == "Failed":
        reason = described.get("FailureReason", "The job failed without a reason.")
        raise StepFailedError(reason, _job_exception(reason), metadata)
    if status != "Completed":
        if run.stopping():
            raise StepStoppedError
        raise StepFailedError(f"The job {name[job.name_member()]} was stopped.", None, metadata)
    if job.metadata == "TuningJob":
        described["TrainingJobSummaries"] = _trials(run.client, described)
    return StepOutcome(described, metadata)


def _wait_for_job(run: StepRun, job: JobStep, name: Mapping[str, str]) -> dict[str, Any]:
    """Waits until a job has ended; stops it when the execution stops."""
    describe = getattr(run.client, f"describe_{job.noun}")
    stopped = False
    while True:
        described: dict[str, Any] = describe(**name)
        if described[f"{job.member}Status"] in ("Completed", "Failed", "Stopped"):
            return described
        if run.stopping() and not stopped:
            stopped = True
            getattr(run.client, f"stop_{job.noun}")(**name)
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
    """Returns the arguments with the pipeline's tags, which its steps pass on."""
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
