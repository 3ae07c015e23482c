"""EMR Serverless steps, which run a job in an application that exists or is made for the step.

Source: "EMR Serverless step" in the developer guide, and EMRServerlessStep of the SageMaker SDK.
"""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from rehearsal.services.sagemaker import service_model
from rehearsal.services.sagemaker.pipelines.arguments import check_shape
from rehearsal.services.sagemaker.pipelines.step_run import (
    StepFailedError,
    StepOutcome,
    StepRun,
    StepStoppedError,
    failed_call,
)
from rehearsal.services.sagemaker.pipelines.value_types import STRING, Types

SERVICE: Final = "emr-serverless"
_MEMBERS = ("ExecutionRoleArn", "JobConfig", "ApplicationId", "ApplicationConfig")
_ENDED = ("SUCCESS", "FAILED", "CANCELLED")


def check_emr_arguments(arguments: Mapping[str, Any], name: str, types: Types) -> None:
    """Reports problems with the arguments of a step.

    Args:
        arguments: the arguments.
        name: the name of the step.
        types: the types of references, whose report takes the problems.
    """
    unknown = sorted(arguments.keys() - set(_MEMBERS))
    types.report.extend(f"Unknown Argument member '{one}'. ({name}.)" for one in unknown)
    job = arguments.get("JobConfig")
    if not isinstance(job, dict):
        types.report.append(f"{name}: Arguments.JobConfig is required.")
    else:
        start = service_model.input_shape("StartJobRun", SERVICE)
        check_shape(job, start, f"{name}.JobConfig", types, "applicationId")
    if not arguments.get("ExecutionRoleArn"):
        types.report.append(f"{name}: Arguments.ExecutionRoleArn is required.")
    types.check(arguments.get("ExecutionRoleArn"), STRING, f"{name}.ExecutionRoleArn")
    types.check(arguments.get("ApplicationId"), STRING, f"{name}.ApplicationId")
    config = arguments.get("ApplicationConfig")
    if (arguments.get("ApplicationId") is None) == (config is None):
        types.report.append(f"{name}: Arguments needs either ApplicationId or ApplicationConfig.")
    if config is not None:
        create = service_model.input_shape("CreateApplication", SERVICE)
        check_shape(config, create, f"{name}.ApplicationConfig", types, "")


def run(run: StepRun) -> StepOutcome:
    """Runs the job of a step to its end; removes the application that it has made.

    Raises:
        StepFailedError: the role may not call EMR Serverless, or the job fails.
        StepStoppedError: the execution was stopped, and the job with it.
    """
    client = run.session.client(SERVICE)
    try:
        given = run.arguments.get("ApplicationId")
        if given is not None:
            return _run_job(run, client, str(given))
        made = client.create_application(**run.arguments["ApplicationConfig"])["applicationId"]
        try:
            return _run_job(run, client, made)
        finally:
            client.stop_application(applicationId=made)
            client.delete_application(applicationId=made)
    except ClientError as error:
        raise failed_call(error, SERVICE) from error


def _run_job(run: StepRun, client: Any, application: str) -> StepOutcome:
    role = run.arguments["ExecutionRoleArn"]
    config = {
        "name": run.name,
        **run.arguments["JobConfig"],
        "executionRoleArn": role,
        "applicationId": application,
    }
    job = {"applicationId": application, "jobRunId": client.start_job_run(**config)["jobRunId"]}
    run.started({})  # the metadata of a step in the API has no member for these jobs
    cancelled = False
    while True:
        found = client.get_job_run(**job)
        state, details = found["jobRun"]["state"], found["jobRun"]["stateDetails"]
        if state in _ENDED:
            break
        if run.stopping() and not cancelled:
            cancelled = True
            client.cancel_job_run(**job)
        run.wait()
    if cancelled:
        raise StepStoppedError
    if state != "SUCCESS":
        raise StepFailedError(
            f"ClientError: EMR Serverless job run {job['jobRunId']} of application {application} "
            f"ended in the state {state}: {details}"
        )
    found.pop("ResponseMetadata", None)
    return StepOutcome(found, {})
