"""Runs single steps of any type."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.pipelines import (
    callback_step,
    check_steps,
    emr_serverless_step,
    endpoint_steps,
    lambda_step,
)
from rehearsal.services.sagemaker.pipelines.job_steps import (
    JOB_STEPS,
    run_job,
    tagged,
)
from rehearsal.services.sagemaker.pipelines.step_run import StepOutcome, StepRun, failed_call

OTHER_STEPS: Mapping[str, Callable[[StepRun], StepOutcome]] = {
    "EndpointConfig": endpoint_steps.run_config,
    "Endpoint": endpoint_steps.run_endpoint,
    "Lambda": lambda_step.run,
    "Callback": callback_step.run,
    "EMRServerless": emr_serverless_step.run,
    "QualityCheck": check_steps.run,
    "ClarifyCheck": check_steps.run,
}


def run_step(run: StepRun) -> StepOutcome:
    """Runs a step to its end.

    Raises:
        StepFailedError: with SageMaker's reason.
        StepStoppedError: when `stopping` became true.
    """
    kind = run.step["Type"]
    try:
        if kind in JOB_STEPS:
            return run_job(run, JOB_STEPS[kind])
        if kind in OTHER_STEPS:
            return OTHER_STEPS[kind](run)
        if kind == "Model":
            return _create_model(run)
        return _register_model(run)
    except ClientError as error:
        raise failed_call(error) from error


def _create_model(run: StepRun) -> StepOutcome:
    name = {"ModelName": run.name}
    created = run.client.create_model(**{**tagged(run), **name})
    metadata = {"Model": {"Arn": created["ModelArn"]}}
    run.started(metadata)
    return StepOutcome(run.client.describe_model(**name), metadata)


def _register_model(run: StepRun) -> StepOutcome:
    arguments = tagged(run)
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
