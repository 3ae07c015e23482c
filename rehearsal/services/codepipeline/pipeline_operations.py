"""Operations on pipelines and the transitions between their stages."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import AwsError, Context, Platform
from rehearsal.framework.service import Request, Response
from rehearsal.framework.tags import Tags
from rehearsal.git.provider import GitEvent, GitProvider
from rehearsal.services.codepipeline.declaration_rules import check_declaration
from rehearsal.services.codepipeline.engine.engine import CodePipelineEngine
from rehearsal.services.codepipeline.git_triggers import wanted_revisions
from rehearsal.services.codepipeline.pipelines import Pipelines, default_variables, page_of
from rehearsal.services.codepipeline.records import PipelineRecord, Transition

_FIRST_VERSION = 1


class PipelineOperations:
    """Operations on pipelines.

    Args:
        platform: the AWS around the service.
        tags: the service's tags.
        pipelines: the pipelines.
        engine: runs executions.
    """

    def __init__(
        self, platform: Platform, tags: Tags, pipelines: Pipelines, engine: CodePipelineEngine
    ) -> None:
        self._tags = tags
        self._pipelines = pipelines
        self._engine = engine
        self._identity = ServiceIdentity(platform, "codepipeline.amazonaws.com", "codepipeline")
        GitProvider.of(platform).listen(self._start_by_trigger)

    def create_pipeline(self, request: Request, context: Context) -> Response:
        """Creates a pipeline and starts it once."""
        declaration = deepcopy(dict(request["pipeline"])) | {"version": _FIRST_VERSION}
        self._check(declaration, context)
        record = PipelineRecord(context.scope, declaration)
        record.versions[_FIRST_VERSION] = declaration
        self._pipelines.add(record)
        self._tags.put(record.arn, request.get("tags"))
        self._engine.start(
            record,
            trigger={"triggerType": "CreatePipeline", "triggerDetail": context.caller_arn},
            variables=default_variables(declaration),
        )
        return {"pipeline": deepcopy(declaration), "tags": list(request.get("tags", []))}

    def update_pipeline(self, request: Request, context: Context) -> Response:
        """Adds a version, and cancels executions of the former one that are in progress."""
        declaration = deepcopy(dict(request["pipeline"]))
        record = self._pipelines.find(context.scope, declaration["name"])
        self._check(declaration, context)
        with record.condition:
            declaration["version"] = record.declaration["version"] + 1
            record.declaration = declaration
            record.versions[declaration["version"]] = declaration
            record.updated = utc_now()
        self._engine.cancel(record)
        return {"pipeline": deepcopy(declaration)}

    def get_pipeline(self, request: Request, context: Context) -> Response:
        record = self._pipelines.find(context.scope, request["name"])
        with record.condition:
            version = request.get("version", record.declaration["version"])
            declaration = record.versions.get(version)
            if declaration is None:
                raise AwsError(
                    "PipelineVersionNotFoundException",
                    f"Pipeline {record.name} has no version {version}",
                )
            return {
                "pipeline": deepcopy(declaration),
                "metadata": {
                    "pipelineArn": record.arn,
                    "created": record.created,
                    "updated": record.updated,
                },
            }

    def delete_pipeline(self, request: Request, context: Context) -> Response:
        """Deletes a pipeline; an unknown one is no error, as in AWS."""
        record = self._pipelines.remove(context.scope, request["name"])
        if record is not None:
            self._tags.drop(record.arn)
            self._engine.forget(record)
        return {}

    def list_pipelines(self, request: Request, context: Context) -> Response:
        shown, token = page_of(self._pipelines.list(context.scope), request)
        return {"pipelines": [_summary(record) for record in shown]} | token

    def disable_stage_transition(self, request: Request, context: Context) -> Response:
        self._set_transition(request, context, enabled=False)
        return {}

    def enable_stage_transition(self, request: Request, context: Context) -> Response:
        self._set_transition(request, context, enabled=True)
        return {}

    def _start_by_trigger(self, event: GitEvent) -> None:
        """Starts each pipeline with a source that this event of its connection triggers."""
        for record in self._pipelines.everywhere():
            for revision in wanted_revisions(record.declaration, event):
                self._engine.start(
                    record,
                    trigger={"triggerType": "WebhookV2", "triggerDetail": event.connection_arn},
                    variables=default_variables(record.declaration),
                    source_revisions=[revision],
                )

    def _check(self, declaration: dict[str, Any], context: Context) -> None:
        check_declaration(declaration, context.scope.region)
        try:
            self._identity.check_role(context, declaration["roleArn"])
        except AwsError as error:
            if error.code == "ValidationException":
                raise AwsError(
                    "InvalidStructureException",
                    f"CodePipeline is not authorized to perform AssumeRole on role "
                    f"{declaration['roleArn']}. {error.message}",
                ) from error
            raise

    def _set_transition(self, request: Request, context: Context, *, enabled: bool) -> None:
        record = self._pipelines.find(context.scope, request["pipelineName"])
        self._pipelines.stage(record, request["stageName"])
        if request["transitionType"] != "Inbound":
            raise AwsError(
                "ValidationException",
                "the rehearsal supports the transition type Inbound only",
            )
        with record.condition:
            record.transitions[request["stageName"]] = Transition(
                enabled=enabled,
                changed_by=context.caller_arn,
                changed=utc_now(),
                reason=request.get("reason", ""),
            )
            record.condition.notify_all()


def _summary(record: PipelineRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "version": record.declaration["version"],
        "pipelineType": record.declaration.get("pipelineType", "V1"),
        "executionMode": record.declaration.get("executionMode", "SUPERSEDED"),
        "created": record.created,
        "updated": record.updated,
    }
