"""Pipelines: their definitions and versions. `executions` starts them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.framework.store import Store
from rehearsal.services.sagemaker import unsupported_members
from rehearsal.services.sagemaker.backend import Backend, caller_identity
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.pipelines.definition import (
    Definition,
    DefinitionError,
    parse_definition,
    walk,
)
from rehearsal.services.sagemaker.pipelines.step_kinds import OPERATIONS
from rehearsal.services.sagemaker.records import Record, now

KIND = "pipeline"
LISTING = Listing(operation="ListPipelines", member="PipelineSummaries", name="PipelineName")
VERSIONS = Listing(
    operation="ListPipelineVersions",
    member="PipelineVersionSummaries",
    name="PipelineVersionId",
    modified=None,
)
_OF_VERSION = (
    "PipelineDefinition",
    "PipelineVersionDisplayName",
    "PipelineVersionDescription",
)
_MAX_DEFINITION_LENGTH = 1_048_576
_UPDATABLE = (
    "PipelineDisplayName",
    "PipelineDescription",
    "RoleArn",
    "ParallelismConfiguration",
)


@dataclass
class Versions:
    """The versions of a pipeline.

    Args:
        token: the ClientRequestToken with which the pipeline was created.
        records: the versions by id, from 1 on, each with its PipelineDefinition.
    """

    token: str
    records: dict[int, Record]

    @property
    def newest(self) -> int:
        return max(self.records)

    def record(self, pipeline: Record, version: int) -> Record:
        """Returns a version.

        Raises:
            AwsError: ResourceNotFound, if the pipeline has no such version.
        """
        if version not in self.records:
            message = (
                f"Pipeline '{pipeline['PipelineArn']}' has no version {version}; it has "
                f"{min(self.records)} to {self.newest}."
            )
            raise AwsError("ResourceNotFound", message)
        return self.records[version]


class Pipelines:
    """Create-, Describe-, List- and UpdatePipeline; ListPipelineVersions, UpdatePipelineVersion.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._versions: Store[Versions] = Store()

    def create_pipeline(self, request: Request, context: Context) -> Response:
        backend, scope = self._backend, context.scope
        record = backend.accept("CreatePipeline", request)
        name, token = record["PipelineName"], record.pop("ClientRequestToken")
        existing = backend.records.of(scope, KIND).get(name)
        if existing is not None:
            if self.versions(scope, name).token == token:
                return {"PipelineArn": existing["PipelineArn"]}
            message = (
                "Pipeline names must be unique within an AWS account and region. Pipeline with "
                f"name ({name}) already exists."
            )
            raise AwsError("ValidationException", message)
        backend.identity.check_role(context, record["RoleArn"])
        definition = self._definition(record, context)
        moment = now()
        record |= {
            "PipelineArn": scope.arn("sagemaker", f"{KIND}/{name}"),
            "PipelineDefinition": definition.text,
            "PipelineStatus": "Active",
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "CreatedBy": caller_identity(context),
            "LastModifiedBy": caller_identity(context),
        }
        record.setdefault("PipelineDisplayName", name)
        with backend.lock:
            backend.register(context, KIND, name, record, request)
            record.pop("Tags", None)
            self._versions.of(scope)[name] = Versions(token, {1: _new_version(record, 1)})
        return {"PipelineArn": record["PipelineArn"]}

    def describe_pipeline(self, request: Request, context: Context) -> Response:
        pipeline = self.find(context.scope, request["PipelineName"], "DescribePipeline")
        response = self._backend.describe("DescribePipeline", pipeline)
        if "PipelineVersionId" in request:
            versions = self.versions(context.scope, pipeline["PipelineName"])
            version = versions.record(pipeline, request["PipelineVersionId"])
            response |= {name: version[name] for name in _OF_VERSION if name in version}
        return response

    def list_pipelines(self, request: Request, context: Context) -> Response:
        prefix = request.get("PipelineNamePrefix", "")
        with self._backend.lock:
            pipelines = [
                pipeline
                for pipeline in self._backend.records.of(context.scope, KIND).values()
                if pipeline["PipelineName"].startswith(prefix)
            ]
            return LISTING.respond(pipelines, request)

    def update_pipeline(self, request: Request, context: Context) -> Response:
        backend = self._backend
        given = backend.accept("UpdatePipeline", request)
        pipeline = self.find(context.scope, given["PipelineName"], "UpdatePipeline")
        backend.identity.check_role(context, given.get("RoleArn"))
        changes: dict[str, Any] = {name: given[name] for name in _UPDATABLE if name in given}
        if "PipelineDefinition" in given or "PipelineDefinitionS3Location" in given:
            changes["PipelineDefinition"] = self._definition(given, context).text
        versions = self.versions(context.scope, pipeline["PipelineName"])
        with backend.lock:
            if "PipelineDefinition" in changes:
                number = versions.newest + 1
                versions.records[number] = _new_version({**pipeline, **changes}, number)
            identity = caller_identity(context)
            pipeline.update(changes, LastModifiedTime=now(), LastModifiedBy=identity)
        return {"PipelineArn": pipeline["PipelineArn"], "PipelineVersionId": versions.newest}

    def list_pipeline_versions(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("ListPipelineVersions", request)
        pipeline = self.find(context.scope, given["PipelineName"], "ListPipelineVersions")
        versions = self.versions(context.scope, pipeline["PipelineName"])
        with self._backend.lock:
            return VERSIONS.respond(versions.records.values(), given)

    def update_pipeline_version(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdatePipelineVersion", request)
        pipeline = self.find(context.scope, given["PipelineArn"], "UpdatePipelineVersion")
        versions = self.versions(context.scope, pipeline["PipelineName"])
        version = versions.record(pipeline, given["PipelineVersionId"])
        with self._backend.lock:
            version.update({name: given[name] for name in _OF_VERSION if name in given})
        return {
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineVersionId": given["PipelineVersionId"],
        }

    def find(self, scope: Scope, name_or_arn: str, operation: str) -> Record:
        """Returns a pipeline.

        Args:
            scope: account and region.
            name_or_arn: the name or ARN of the pipeline.
            operation: the API name of the operation that needs it.

        Raises:
            AwsError: ResourceNotFound, if there is no such pipeline.
        """
        name = name_or_arn.rpartition("/")[2]
        arn = scope.arn("sagemaker", f"{KIND}/{name}")
        message = f"Pipeline '{arn}' does not exist."
        return self._backend.find(scope, KIND, name, operation=operation, message=message)

    def versions(self, scope: Scope, name: str) -> Versions:
        """Returns the definitions of a pipeline that exists."""
        with self._backend.lock:
            return self._versions.of(scope)[name]

    def all_versions(self, scope: Scope) -> list[Record]:
        """Returns the versions of all pipelines, oldest first."""
        with self._backend.lock:
            return [
                version
                for versions in self._versions.of(scope).values()
                for version in versions.records.values()
            ]

    def remove(self, scope: Scope, pipeline: Record) -> None:
        """Removes a pipeline, its versions and its tags."""
        name = pipeline["PipelineName"]
        self._backend.remove(scope, KIND, name, pipeline["PipelineArn"])
        with self._backend.lock:
            self._versions.of(scope).pop(name, None)

    def _definition(self, given: Mapping[str, Any], context: Context) -> Definition:
        """Returns the validated definition of a request."""
        inline, location = (
            given.get("PipelineDefinition"),
            given.get("PipelineDefinitionS3Location"),
        )
        if bool(inline) == bool(location):
            message = "Give exactly one of PipelineDefinition and PipelineDefinitionS3Location."
            raise AwsError("ValidationException", message)
        text = inline or self._definition_from_s3(location, context)
        try:
            definition = parse_definition(text)
        except DefinitionError as error:
            raise AwsError("ValidationException", _rejection(error.problems)) from error
        for step in walk(definition.steps):
            if step["Type"] in OPERATIONS:
                unsupported_members.reject_unsupported(OPERATIONS[step["Type"]], step["Arguments"])
        return definition

    def _definition_from_s3(self, location: Any, context: Context) -> str:
        """Reads a definition with the caller's permission to read it."""
        identity = self._backend.identity
        bucket, key = location["Bucket"], location["ObjectKey"]
        identity.authorize_caller(context, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        version = {"VersionId": location["VersionId"]} if "VersionId" in location else {}
        try:
            client = identity.service_session(context.scope).client("s3")
            text = client.get_object(Bucket=bucket, Key=key, **version)["Body"].read().decode()
        except (ClientError, UnicodeDecodeError) as error:
            message = f"Cannot read the pipeline definition s3://{bucket}/{key}: {error}"
            raise AwsError("ValidationException", message) from error
        if len(text) > _MAX_DEFINITION_LENGTH:
            message = (
                f"A definition has at most {_MAX_DEFINITION_LENGTH} characters; got {len(text)}."
            )
            raise AwsError("ValidationException", message)
        return str(text)


def _rejection(problems: list[str]) -> str:
    """Returns the message for an invalid definition.

    AWS does not call a definition unparsable whose only problem is the type of a reference.
    """
    message = " ".join(problems)
    if all(problem.startswith("Cannot assign ") for problem in problems):
        return message
    return f"Unable to parse pipeline definition. {message}"


def _new_version(pipeline: Mapping[str, Any], number: int) -> Record:
    return {
        "PipelineArn": pipeline["PipelineArn"],
        "PipelineVersionId": number,
        "PipelineDefinition": pipeline["PipelineDefinition"],
        "CreationTime": now(),
    }
