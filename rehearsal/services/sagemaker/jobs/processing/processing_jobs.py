"""Processing jobs."""

from __future__ import annotations

from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.jobs.jobs import JobKind, Jobs
from rehearsal.services.sagemaker.listing import Listing

KIND = JobKind(
    noun="ProcessingJob",
    path="processing-job",
    prefix="Processing",
    listing=Listing(
        operation="ListProcessingJobs",
        member="ProcessingJobSummaries",
        name="ProcessingJobName",
        status="ProcessingJobStatus",
    ),
)
# "The default value is 86400" (API_ProcessingStoppingCondition).
DEFAULT_MAXIMUM_SECONDS = 86400


class ProcessingJobs(Jobs):
    """Create-, Describe-, List-, Stop-, DeleteProcessingJob."""

    def create_processing_job(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateProcessingJob", request)
        record.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": DEFAULT_MAXIMUM_SECONDS})
        return self._create_job(
            KIND,
            record,
            context,
            role_arn=record["RoleArn"],
            work=self.data_plane.processing_job,
        )

    def describe_processing_job(self, request: Request, context: Context) -> Response:
        return self._describe_job(KIND, context.scope, request["ProcessingJobName"])

    def list_processing_jobs(self, request: Request, context: Context) -> Response:
        return self._list_jobs(KIND, context.scope, request)

    def stop_processing_job(self, request: Request, context: Context) -> Response:
        return self._stop_job(KIND, context.scope, request["ProcessingJobName"])

    def delete_processing_job(self, request: Request, context: Context) -> Response:
        return self._delete_job(KIND, context.scope, request["ProcessingJobName"])
