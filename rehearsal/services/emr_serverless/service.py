"""EMR Serverless: applications and job runs.

Interactive sessions, dashboards and Hive are not supported.
"""

from __future__ import annotations

from collections.abc import Sequence

from rehearsal.containers.images.store import ImageStore
from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import Platform, Scope
from rehearsal.framework.service import Request, Service
from rehearsal.framework.tags import TagOperations, TagShape
from rehearsal.framework.workers import Workers
from rehearsal.services.emr_serverless.applications import Applications, application_arn
from rehearsal.services.emr_serverless.job_runs import JobRuns
from rehearsal.services.emr_serverless.request_rules import EMR_SERVERLESS, check_supported
from rehearsal.services.emr_serverless.spark import LocalSpark, RunSpark

PRINCIPAL = "emr-serverless.amazonaws.com"
_CLOSE_SECONDS = 3.0
_OF_ACCOUNT = ("CreateApplication", "ListApplications")


class EmrServerless(Service):
    """Applications and job runs.

    Args:
        platform: the AWS around the service.
        spark: runs a job. Defaults to None: runs Spark in a container of this machine.
    """

    name = "emr-serverless"
    namespace = "emr-serverless"
    rules = EMR_SERVERLESS
    tag_shape = TagShape(arn="resourceArn", tags="tags", tag_keys="tagKeys", as_map=True)

    def __init__(self, platform: Platform, spark: RunSpark | None = None) -> None:
        super().__init__(platform)
        if spark is None:
            spark = LocalSpark(platform, ImageStore(platform.state_directory / "images"))
        self._workers = Workers()
        identity = ServiceIdentity(platform, PRINCIPAL, "emr-serverless")
        applications = Applications(self.lock, self.tags)
        self._runs = JobRuns(self.lock, self.tags, applications, identity, self._workers, spark)
        applications.has_active_runs = self._runs.are_active
        self.compose(applications, self._runs, TagOperations(self.tags, self._runs.find_by_arn))

    def check_supported(self, operation: str, request: Request) -> None:
        check_supported(operation, request)

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        if "resourceArn" in request:
            return [request["resourceArn"]]
        if operation in _OF_ACCOUNT:
            return ["*"]
        arn = application_arn(scope, request["applicationId"])
        run = request.get("jobRunId")
        return [f"{arn}/jobruns/{run}" if run else arn]

    def resume(self) -> Sequence[str]:
        return self._runs.resume()

    def close(self) -> None:
        self._runs.cancel_all()
        self._workers.close(timeout=_CLOSE_SECONDS)
