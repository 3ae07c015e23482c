"""Training jobs, which include the trials of tuning jobs."""

from collections.abc import Mapping
from typing import Any

from rehearsal.containers.aws_images import catalogue
from rehearsal.containers.images.registry import ImageUnavailableError, ImageUri
from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import DataPlane, JobRun, Members
from rehearsal.services.sagemaker.jobs.jobs import JobKind, JobOperations, Jobs
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now

KIND = JobKind(
    noun="TrainingJob",
    path="training-job",
    prefix="Training",
    # AWS's own controllers expect this; the API reference documents ResourceNotFound:
    # https://github.com/aws-controllers-k8s/sagemaker-controller/blob/main/generator.yaml
    missing="Requested resource not found.",
    missing_code="ValidationException",
    listing=Listing(
        operation="ListTrainingJobs",
        member="TrainingJobSummaries",
        name="TrainingJobName",
        status="TrainingJobStatus",
    ),
)
DEFAULT_MAX_SECONDS = 86400


class TrainingJobs(JobOperations):
    """Create-, Describe-, List-, Stop- and DeleteTrainingJob.

    Args:
        backend: the backend of SageMaker.
        jobs: the jobs of SageMaker.
        data_plane: runs the jobs.
    """

    def __init__(self, backend: Backend, jobs: Jobs, data_plane: DataPlane) -> None:
        super().__init__(backend, jobs, KIND)
        self._data_plane = data_plane

    def create_training_job(self, request: Request, context: Context) -> Response:
        record = self.backend.accept("CreateTrainingJob", request)
        complete_metrics(record["AlgorithmSpecification"])
        complete_training(record)
        return self.jobs.create(KIND, record, context, role_arn=record["RoleArn"], work=self.run)

    def run(self, run: JobRun) -> Members:
        """Runs a training job; its secondary status follows the status."""
        result = dict(self._data_plane.training_job(run))
        result.setdefault("SecondaryStatus", "Stopped" if run.stop.is_set() else "Completed")
        return result


def complete_metrics(algorithm: Record) -> None:
    """Adds the metrics of a built-in algorithm, which SageMaker knows, unless others are given."""
    try:
        row = catalogue.find(ImageUri.parse(algorithm.get("TrainingImage", "")))
    except ImageUnavailableError:
        return  # the job fails with this reason when it pulls the image
    if row is not None and row.metrics and not algorithm.get("MetricDefinitions"):
        algorithm["MetricDefinitions"] = [
            {"Name": name, "Regex": regex} for name, regex in row.metrics.items()
        ]


def complete_training(record: Record) -> None:
    """Adds the members that a new training job has."""
    record.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": DEFAULT_MAX_SECONDS})
    record.setdefault("EnableNetworkIsolation", False)
    record.setdefault("EnableInterContainerTrafficEncryption", False)
    record.setdefault("EnableManagedSpotTraining", False)
    record["SecondaryStatus"] = "Starting"
    if "ProfilerConfig" in record:
        record["ProfilingStatus"] = "Disabled"  # nothing is profiled here
    for kind in ("Debug", "Profiler"):
        rules = record.get(f"{kind}RuleConfigurations")
        if rules:
            record[f"{kind}RuleEvaluationStatuses"] = [_not_evaluated(rule) for rule in rules]
    # The API requires the member in every Describe response.
    record["ModelArtifacts"] = {"S3ModelArtifacts": _model_artifact(record)}


def _not_evaluated(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the status of a rule, whose evaluation fails as it may on AWS; the job goes on."""
    return {
        "RuleConfigurationName": rule["RuleConfigurationName"],
        "RuleEvaluationStatus": "Error",
        "StatusDetails": "InternalServerError: The rehearsal does not evaluate the rules of "
        "SageMaker Debugger and Profiler.",
        "LastModifiedTime": now(),
    }


def _model_artifact(record: Mapping[str, Any]) -> str:
    """Returns the S3 URI of the model of a training job."""
    path = record["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{path}/{record['TrainingJobName']}/output/model.tar.gz"
