"""Training jobs: those of callers, and the trials of tuning jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.data_plane import JobRun
from rehearsal.services.sagemaker.jobs.jobs import JobKind, Jobs
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record

KIND = JobKind(
    noun="TrainingJob",
    path="training-job",
    prefix="Training",
    listing=Listing(
        operation="ListTrainingJobs",
        member="TrainingJobSummaries",
        name="TrainingJobName",
        status="TrainingJobStatus",
    ),
)
DEFAULT_MAXIMUM_SECONDS = 86400


class TrainingJobs(Jobs):
    """Create-, Describe-, List-, Stop-, DeleteTrainingJob."""

    def create_training_job(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateTrainingJob", request)
        check_training(record)
        starting_training(record)
        return self._create_job(
            KIND,
            record,
            context,
            role_arn=record["RoleArn"],
            work=self.run_training,
        )

    def describe_training_job(self, request: Request, context: Context) -> Response:
        return self._describe_job(KIND, context.scope, request["TrainingJobName"])

    def list_training_jobs(self, request: Request, context: Context) -> Response:
        self.accept("ListTrainingJobs", request)
        return self._list_jobs(KIND, context.scope, request)

    def stop_training_job(self, request: Request, context: Context) -> Response:
        return self._stop_job(KIND, context.scope, request["TrainingJobName"])

    def delete_training_job(self, request: Request, context: Context) -> Response:
        return self._delete_job(KIND, context.scope, request["TrainingJobName"])

    def run_training(self, run: JobRun) -> Mapping[str, Any]:
        """Runs a training job; its secondary status follows the status."""
        result = dict(self.data_plane.training_job(run))
        result.setdefault("SecondaryStatus", "Stopped" if run.stop.is_set() else "Completed")
        return result


def check_training(record: Mapping[str, Any]) -> None:
    """Rules across members of a training job."""
    algorithm = record.get("AlgorithmSpecification")
    if not algorithm or not algorithm.get("TrainingImage"):
        message = "AlgorithmSpecification.TrainingImage is required."
        raise AwsError("ValidationException", message)
    if not record.get("ResourceConfig"):
        raise AwsError("ValidationException", "ResourceConfig is required.")
    condition = record.get("StoppingCondition", {})
    waiting, running = condition.get("MaxWaitTimeInSeconds"), condition.get("MaxRuntimeInSeconds")
    if not record.get("EnableManagedSpotTraining"):
        if waiting:
            message = (
                "MaxWaitTimeInSeconds is only for managed spot training: set "
                "EnableManagedSpotTraining or leave it out."
            )
            raise AwsError("ValidationException", message)
    elif not waiting or waiting < (running or DEFAULT_MAXIMUM_SECONDS):
        message = (
            "Invalid MaxWaitTimeInSeconds: managed spot training needs it and it must not be less "
            f"than MaxRuntimeInSeconds; got {waiting} with {running or DEFAULT_MAXIMUM_SECONDS}."
        )
        raise AwsError("ValidationException", message)


def starting_training(record: Record) -> None:
    """The members with which a training job begins."""
    record.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": DEFAULT_MAXIMUM_SECONDS})
    record.setdefault("EnableNetworkIsolation", False)
    record.setdefault("EnableInterContainerTrafficEncryption", False)
    record.setdefault("EnableManagedSpotTraining", False)
    record["SecondaryStatus"] = "Starting"
    # Describe answers it from the start, as the API requires the member.
    record["ModelArtifacts"] = {"S3ModelArtifacts": model_artifact(record)}


def model_artifact(record: Mapping[str, Any]) -> str:
    """Where a training job puts its model."""
    path = record["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{path}/{record['TrainingJobName']}/output/model.tar.gz"
