"""AWS CodeBuild: projects, and builds that really run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rehearsal.framework.platform import Scope
from rehearsal.framework.service import Request
from rehearsal.services.codebuild.builds import BuildOperations
from rehearsal.services.codebuild.resource_types import RESOURCE_TYPES as RESOURCE_TYPES


class CodeBuild(BuildOperations):
    """Projects and builds.

    Batches, reports, fleets, sandboxes, webhooks and source credentials are not implemented: the
    gateway refuses such operations by name.
    """

    name = "codebuild"
    namespace = "codebuild"

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html"""
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

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        with self.lock:
            record = self.projects.get((scope, arn.rsplit("project/", 1)[-1]))
            return {tag["key"]: tag["value"] for tag in record.settings["tags"]} if record else {}
