"""Batch transform jobs."""

from __future__ import annotations

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.hosting import models
from rehearsal.services.sagemaker.jobs.jobs import JobKind, Jobs
from rehearsal.services.sagemaker.listing import Listing

KIND = JobKind(
    noun="TransformJob",
    path="transform-job",
    prefix="Transform",
    listing=Listing(
        operation="ListTransformJobs",
        member="TransformJobSummaries",
        name="TransformJobName",
        status="TransformJobStatus",
    ),
)


class TransformJobs(Jobs):
    """Create-, Describe-, List-, StopTransformJob."""

    def create_transform_job(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateTransformJob", request)
        model = self.find(
            context.scope, models.KIND, record["ModelName"], operation="CreateTransformJob"
        )
        if models.has_data_source(model):
            message = (
                f"Model {record['ModelName']} has ModelDataSource, which batch transform does not "
                "support: give ModelDataUrl, a model.tar.gz."
            )
            raise AwsError("ValidationException", message)
        return self._create_job(
            KIND,
            record,
            context,
            role_arn=model["ExecutionRoleArn"],
            # It was handed over with the model.
            passed=False,
            work=self.data_plane.transform_job,
            resources={
                "Containers": model["_containers"],
                "EnableNetworkIsolation": model["EnableNetworkIsolation"],
            },
        )

    def describe_transform_job(self, request: Request, context: Context) -> Response:
        return self._describe_job(KIND, context.scope, request["TransformJobName"])

    def list_transform_jobs(self, request: Request, context: Context) -> Response:
        return self._list_jobs(KIND, context.scope, request)

    def stop_transform_job(self, request: Request, context: Context) -> Response:
        return self._stop_job(KIND, context.scope, request["TransformJobName"])
