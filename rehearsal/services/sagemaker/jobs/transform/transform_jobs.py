"""Batch transform jobs."""

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import DataPlane, ExecutionFailedError
from rehearsal.services.sagemaker.hosting.models import Models
from rehearsal.services.sagemaker.jobs.jobs import JobKind, JobOperations, Jobs
from rehearsal.services.sagemaker.jobs.transform.capture import InferenceIds
from rehearsal.services.sagemaker.jobs.transform.records import RecordProcessing
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now

KIND = JobKind(
    noun="TransformJob",
    path="transform-job",
    prefix="Transform",
    # AWS's own controllers expect this; the API reference documents ResourceNotFound:
    # https://github.com/aws-controllers-k8s/sagemaker-controller/blob/main/generator.yaml
    missing_code="ValidationException",
    deletable=False,
    listing=Listing(
        operation="ListTransformJobs",
        member="TransformJobSummaries",
        name="TransformJobName",
        status="TransformJobStatus",
    ),
)


class TransformJobs(JobOperations):
    """Create-, Describe-, List- and StopTransformJob.

    Args:
        backend: the backend of SageMaker.
        jobs: the jobs of SageMaker.
        models: the models of SageMaker.
        data_plane: runs the jobs.
    """

    def __init__(self, backend: Backend, jobs: Jobs, models: Models, data_plane: DataPlane) -> None:
        super().__init__(backend, jobs, KIND)
        self._models = models
        self._data_plane = data_plane

    def create_transform_job(self, request: Request, context: Context) -> Response:
        record = self.backend.accept("CreateTransformJob", request)
        model = self._models.served(context.scope, record["ModelName"], "CreateTransformJob")
        _check_records(record)
        return self.jobs.create(
            KIND,
            record,
            context,
            role_arn=model.role_arn,
            # The caller passed the role when it created the model.
            passed=False,
            work=lambda run: self._data_plane.transform_job(run, model),
        )


def _check_records(record: Record) -> None:
    """Checks that DataProcessing and GenerateInferenceId apply to the media types of the job."""
    try:
        RecordProcessing(record)
        InferenceIds(record, now())
    except ExecutionFailedError as error:
        message = error.reason.removeprefix("ClientError: ")
        raise AwsError("ValidationException", message) from error
