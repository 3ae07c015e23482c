"""Processing jobs."""

from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import DataPlane
from rehearsal.services.sagemaker.jobs.jobs import JobKind, JobOperations, Jobs
from rehearsal.services.sagemaker.listing import Listing

KIND = JobKind(
    noun="ProcessingJob",
    path="processing-job",
    prefix="Processing",
    # AWS's own controllers expect this; the API reference documents ResourceNotFound:
    # https://github.com/aws-controllers-k8s/sagemaker-controller/blob/main/generator.yaml
    missing_code="ValidationException",
    listing=Listing(
        operation="ListProcessingJobs",
        member="ProcessingJobSummaries",
        name="ProcessingJobName",
        status="ProcessingJobStatus",
        newest_first=False,
    ),
)
# "The default value is 86400" (API_ProcessingStoppingCondition).
DEFAULT_MAX_SECONDS = 86400


class ProcessingJobs(JobOperations):
    """Create-, Describe-, List-, Stop- and DeleteProcessingJob.

    Args:
        backend: the backend of SageMaker.
        jobs: the jobs of SageMaker.
        data_plane: runs the jobs.
    """

    def __init__(self, backend: Backend, jobs: Jobs, data_plane: DataPlane) -> None:
        super().__init__(backend, jobs, KIND)
        self._data_plane = data_plane

    def create_processing_job(self, request: Request, context: Context) -> Response:
        record = self.backend.accept("CreateProcessingJob", request)
        record.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": DEFAULT_MAX_SECONDS})
        return self.jobs.create(
            KIND,
            record,
            context,
            role_arn=record["RoleArn"],
            work=self._data_plane.processing_job,
        )
