"""AWS CodeBuild: projects and their builds, which engine/ runs in containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import Platform, Scope
from rehearsal.framework.service import Request, Service
from rehearsal.framework.tags import TagShape
from rehearsal.services.codebuild import condition_keys
from rehearsal.services.codebuild.builds import BuildOperations
from rehearsal.services.codebuild.projects import ProjectOperations, Projects
from rehearsal.services.codebuild.reports import ReportOperations
from rehearsal.services.codebuild.request_rules import CODEBUILD
from rehearsal.services.codebuild.resource_types import RESOURCE_TYPES as RESOURCE_TYPES


class CodeBuild(Service):
    """Projects and builds.

    Batches, reports, fleets, sandboxes, webhooks and source credentials are not supported.
    """

    name = "codebuild"
    namespace = "codebuild"
    validation_error = "InvalidInputException"
    rules = CODEBUILD
    tag_shape = TagShape(tags="tags", key="key", value="value")

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        projects = Projects(platform, self.lock)
        self.builds = BuildOperations(platform, self.lock, projects)
        self.compose(
            ProjectOperations(self.lock, self.tags, projects), self.builds, ReportOperations()
        )

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        return condition_keys.condition_keys(operation, request)

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """Returns the ARNs of an operation.

        Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html
        """
        if operation in {"BatchGetReportGroups", "BatchGetReports"}:
            return list(request.get("reportGroupArns") or request["reportArns"])
        names: list[str] = []
        if operation == "BatchGetProjects":
            names = list(request["names"])
        elif operation in {"BatchGetBuilds", "StopBuild", "RetryBuild"}:
            ids = request.get("ids") or [request.get("id", "")]
            names = [item.rsplit("build/", 1)[-1].partition(":")[0] for item in ids]
        elif "projectName" in request or "name" in request:
            names = [request.get("projectName") or request["name"]]
        unique = dict.fromkeys(name.rsplit("project/", 1)[-1] for name in names)
        return [scope.arn("codebuild", f"project/{name}") for name in unique] or ["*"]

    def resume(self) -> Sequence[str]:
        return self.builds.resume()

    def close(self) -> None:
        self.builds.close()
