"""AWS CodePipeline: pipelines, whose executions engine/ runs with the actions of actions/."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rehearsal.framework.platform import Platform, Scope
from rehearsal.framework.service import Request, Service
from rehearsal.framework.tags import TagOperations, TagShape
from rehearsal.services.codepipeline.action_types import ActionTypeOperations
from rehearsal.services.codepipeline.engine.engine import CodePipelineEngine
from rehearsal.services.codepipeline.engine.resumption import Resumption
from rehearsal.services.codepipeline.execution_operations import ExecutionOperations
from rehearsal.services.codepipeline.pipeline_operations import PipelineOperations
from rehearsal.services.codepipeline.pipelines import Pipelines
from rehearsal.services.codepipeline.request_rules import CODEPIPELINE
from rehearsal.services.codepipeline.resource_types import RESOURCE_TYPES as RESOURCE_TYPES
from rehearsal.services.codepipeline.stage_operations import StageOperations

_WITH_STAGE = {
    "DisableStageTransition",
    "EnableStageTransition",
    "OverrideStageCondition",
    "RetryStageExecution",
    "RollbackStage",
}


class CodePipeline(Service):
    """Pipelines and executions.

    Webhooks, custom actions and job workers that poll are not supported.
    """

    name = "codepipeline"
    namespace = "codepipeline"
    rules = CODEPIPELINE
    tag_shape = TagShape(
        arn="resourceArn", tags="tags", tag_keys="tagKeys", key="key", value="value"
    )

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._engine = CodePipelineEngine(platform)
        self._resumption = Resumption(self._engine)
        self._pipelines = Pipelines(self.lock)
        self.compose(
            PipelineOperations(platform, self.tags, self._pipelines, self._engine),
            ExecutionOperations(self._pipelines, self._engine),
            StageOperations(self._pipelines, self._engine),
            ActionTypeOperations(),
            TagOperations(self.tags, self._pipelines.by_arn),
        )

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """Returns the ARNs of an operation.

        Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html
        """
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
        """Returns the tags of a pipeline, which are those of its stages and actions, too."""
        return self.tags.of(arn.partition("/")[0])

    def resume(self) -> Sequence[str]:
        records = self._pipelines.everywhere()
        return [line for record in records for line in self._resumption.resume(record)]

    def close(self) -> None:
        for record in self._pipelines.everywhere():
            self._engine.forget(record)
