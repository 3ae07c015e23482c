"""AWS CodePipeline: pipelines that really move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rehearsal.framework.platform import Scope
from rehearsal.framework.service import Request
from rehearsal.services.codepipeline.resource_types import RESOURCE_TYPES as RESOURCE_TYPES
from rehearsal.services.codepipeline.stage_operations import StageOperations

_WITH_STAGE = {
    "DisableStageTransition",
    "EnableStageTransition",
    "OverrideStageCondition",
    "RetryStageExecution",
    "RollbackStage",
}


class CodePipeline(StageOperations):
    """Pipelines and executions.

    Webhooks, custom actions and job workers that poll are not implemented: the gateway refuses such
    operations by name.
    """

    name = "codepipeline"
    namespace = "codepipeline"

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html"""
        if "resourceArn" in request:
            return [request["resourceArn"]]
        declared = request.get("pipeline", {})
        name = request.get("pipelineName") or request.get("name") or declared.get("name")
        if name is None:
            return ["*"]
        if operation in _WITH_STAGE:
            name = f"{name}/{request['stageName']}"
        if operation == "PutApprovalResult":
            name = f"{name}/{request['stageName']}/{request['actionName']}"
        return [scope.arn("codepipeline", name)]

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        with self.lock:
            record = self.pipelines.get((scope, arn.split(":")[-1].split("/")[0]))
            return dict(record.tags) if record else {}
