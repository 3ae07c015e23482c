"""Operations on pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.git.provider import GitEvent, GitProvider
from rehearsal.services.codepipeline.declaration_rules import check_declaration
from rehearsal.services.codepipeline.engine.engine import CodePipelineEngine
from rehearsal.services.codepipeline.git_triggers import wanted_revisions
from rehearsal.services.codepipeline.records import PipelineRecord, Transition, now

_PRINCIPAL = "codepipeline.amazonaws.com"
_FIRST_VERSION = 1


class PipelineOperations(Service):
    """What CodePipeline's API does with pipelines."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.engine = CodePipelineEngine(platform)
        self.pipelines: dict[tuple[Scope, str], PipelineRecord] = {}
        GitProvider.of(platform).listen(self._start_by_trigger)

    def create_pipeline(self, request: Request, context: Context) -> Response:
        """Creates a pipeline and, as AWS does, starts it once."""
        declaration = deepcopy(dict(request["pipeline"])) | {"version": _FIRST_VERSION}
        self._check(declaration, context)
        key = (context.scope, declaration["name"])
        tags = {tag["key"]: tag["value"] for tag in request.get("tags", [])}
        with self.lock:
            if key in self.pipelines:
                raise AwsError(
                    "PipelineNameInUseException",
                    f"A pipeline with the name '{declaration['name']}' already exists in account "
                    f"'{context.scope.account}'",
                )
            record = PipelineRecord(context.scope, declaration, tags)
            record.versions[_FIRST_VERSION] = declaration
            self.pipelines[key] = record
        self.engine.start(
            record,
            trigger={"triggerType": "CreatePipeline", "triggerDetail": context.caller_arn},
            variables=default_variables(declaration),
        )
        return {"pipeline": deepcopy(declaration), "tags": list(request.get("tags", []))}

    def update_pipeline(self, request: Request, context: Context) -> Response:
        """A new version; AWS cancels executions of the former one that are in progress."""
        declaration = deepcopy(dict(request["pipeline"]))
        record = self.pipeline(context.scope, declaration["name"])
        self._check(declaration, context)
        with record.condition:
            declaration["version"] = record.declaration["version"] + 1
            record.declaration = declaration
            record.versions[declaration["version"]] = declaration
            record.updated = now()
        self.engine.cancel(record)
        return {"pipeline": deepcopy(declaration)}

    def get_pipeline(self, request: Request, context: Context) -> Response:
        record = self.pipeline(context.scope, request["name"])
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
        """Deleting an unknown pipeline succeeds, as in AWS."""
        with self.lock:
            record = self.pipelines.pop((context.scope, request["name"]), None)
        if record is not None:
            self.engine.forget(record)
        return {}

    def list_pipelines(self, request: Request, context: Context) -> Response:
        with self.lock:
            records = [
                item for (scope, _), item in self.pipelines.items() if scope == context.scope
            ]
        records.sort(key=lambda record: record.name)
        shown, token = page(records, request)
        return {"pipelines": [_summary(record) for record in shown]} | token

    def disable_stage_transition(self, request: Request, context: Context) -> Response:
        self._set_transition(request, context, enabled=False)
        return {}

    def enable_stage_transition(self, request: Request, context: Context) -> Response:
        self._set_transition(request, context, enabled=True)
        return {}

    def tag_resource(self, request: Request, context: Context) -> Response:
        record = self._by_arn(request["resourceArn"], context.scope)
        record.tags |= {tag["key"]: tag["value"] for tag in request["tags"]}
        return {}

    def untag_resource(self, request: Request, context: Context) -> Response:
        record = self._by_arn(request["resourceArn"], context.scope)
        for key in request["tagKeys"]:
            record.tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, request: Request, context: Context) -> Response:
        tags = self._by_arn(request["resourceArn"], context.scope).tags
        return {"tags": [{"key": key, "value": value} for key, value in sorted(tags.items())]}

    def pipeline(self, scope: Scope, name: str) -> PipelineRecord:
        """The pipeline of that name; raises PipelineNotFoundException."""
        with self.lock:
            record = self.pipelines.get((scope, name))
        if record is None:
            raise AwsError(
                "PipelineNotFoundException",
                f"Account '{scope.account}' does not have a pipeline with name '{name}'",
            )
        return record

    def stage(self, record: PipelineRecord, name: str) -> Mapping[str, Any]:
        """The declaration of a stage; raises StageNotFoundException."""
        for stage in record.declaration["stages"]:
            if stage["name"] == name:
                return dict(stage)
        raise AwsError(
            "StageNotFoundException", f"Pipeline {record.name} does not have a stage {name}"
        )

    def _start_by_trigger(self, event: GitEvent) -> None:
        """Starts each pipeline with a source behind a connection that wants this event."""
        with self.lock:
            records = list(self.pipelines.values())
        for record in records:
            for revision in wanted_revisions(record.declaration, event):
                self.engine.start(
                    record,
                    trigger={"triggerType": "WebhookV2", "triggerDetail": event.connection_arn},
                    variables=default_variables(record.declaration),
                    source_revisions=[revision],
                )

    def _check(self, declaration: dict[str, Any], context: Context) -> None:
        check_declaration(declaration, context.scope.region)
        try:
            self.platform.check_pass_role(context, declaration["roleArn"], _PRINCIPAL)
        except AwsError as error:
            if error.code == "ValidationException":
                raise AwsError(
                    "InvalidStructureException",
                    f"CodePipeline is not authorized to perform AssumeRole on role "
                    f"{declaration['roleArn']}. {error.message}",
                ) from error
            raise

    def _set_transition(self, request: Request, context: Context, *, enabled: bool) -> None:
        record = self.pipeline(context.scope, request["pipelineName"])
        self.stage(record, request["stageName"])
        if request["transitionType"] != "Inbound":
            raise AwsError(
                "ValidationException",
                "the rehearsal supports the transition type Inbound only, as AWS's console does",
            )
        with record.condition:
            record.transitions[request["stageName"]] = Transition(
                enabled=enabled,
                changed_by=context.caller_arn,
                changed=now(),
                reason=request.get("reason", ""),
            )
            record.condition.notify_all()

    def _by_arn(self, arn: str, scope: Scope) -> PipelineRecord:
        with self.lock:
            record = self.pipelines.get((scope, arn.split(":")[-1].split("/")[0]))
        if record is None or record.arn != arn:
            raise AwsError("ResourceNotFoundException", f"There is no pipeline {arn}")
        return record


def default_variables(declaration: Mapping[str, Any]) -> dict[str, str]:
    """The variables of an execution that was started without values for them."""
    return {
        item["name"]: item["defaultValue"]
        for item in declaration.get("variables", [])
        if "defaultValue" in item
    }


def page(items: list[Any], request: Request) -> tuple[list[Any], dict[str, str]]:
    """One page of a list, by `maxResults` and `nextToken` (a position)."""
    token = request.get("nextToken", "0")
    if not token.isdigit() or int(token) > len(items):
        raise AwsError("InvalidNextTokenException", f"nextToken {token} was never given out")
    start, size = int(token), request.get("maxResults", 100)
    end = start + size
    return items[start:end], ({"nextToken": str(end)} if end < len(items) else {})


def _summary(record: PipelineRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "version": record.declaration["version"],
        "pipelineType": record.declaration.get("pipelineType", "V1"),
        "executionMode": record.declaration.get("executionMode", "SUPERSEDED"),
        "created": record.created,
        "updated": record.updated,
    }
