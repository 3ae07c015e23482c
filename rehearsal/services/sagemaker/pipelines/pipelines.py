"""Pipelines: their definitions and versions. `pipeline_executions` runs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker import unsupported_members
from rehearsal.services.sagemaker.control_plane import identity
from rehearsal.services.sagemaker.jobs.transform.transform_jobs import TransformJobs
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.pipelines.definition import (
    OPERATIONS,
    Definition,
    DefinitionError,
    parse_definition,
    walk,
)
from rehearsal.services.sagemaker.records import Record, now

KIND = "pipeline"
LISTING = Listing(operation="ListPipelines", member="PipelineSummaries", name="PipelineName")
_LONGEST_DEFINITION = 1_048_576


class Pipelines(TransformJobs):
    """Create-, Describe-, List-, UpdatePipeline."""

    def create_pipeline(self, request: Request, context: Context) -> Response:
        record = self.accept("CreatePipeline", request)
        name = record["PipelineName"]
        existing = self.records.of(context.scope, KIND).get(name)
        token = record.pop("ClientRequestToken")
        if existing is not None:
            if existing["_token"] == token:
                return {"PipelineArn": existing["PipelineArn"]}
            message = (
                "Pipeline names must be unique within an AWS account and region. Pipeline with "
                f"name ({name}) already exists."
            )
            raise AwsError("ValidationException", message)
        self.check_role(context, record["RoleArn"])
        definition = self._definition(record, context)
        moment = now()
        record |= {
            "PipelineArn": context.scope.arn("sagemaker", f"{KIND}/{name}"),
            "PipelineDefinition": definition.text,
            "PipelineStatus": "Active",
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "CreatedBy": identity(context),
            "LastModifiedBy": identity(context),
            "_token": token,
            "_versions": {1: definition.text},
        }
        record.setdefault("PipelineDisplayName", name)
        with self.lock:
            self.register(context, KIND, name, record, request)
            record.pop("Tags", None)
        return {"PipelineArn": record["PipelineArn"]}

    def describe_pipeline(self, request: Request, context: Context) -> Response:
        pipeline = self.pipeline(context.scope, request["PipelineName"], "DescribePipeline")
        answer = self.describe("DescribePipeline", pipeline)
        if "PipelineVersionId" in request:
            answer["PipelineDefinition"] = pipeline_version(pipeline, request["PipelineVersionId"])
        return answer

    def list_pipelines(self, request: Request, context: Context) -> Response:
        prefix = request.get("PipelineNamePrefix", "")
        with self.lock:
            pipelines: Iterable[Record] = [
                pipeline
                for pipeline in self.records.of(context.scope, KIND).values()
                if pipeline["PipelineName"].startswith(prefix)
            ]
            return LISTING.respond(pipelines, request)

    def update_pipeline(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdatePipeline", request)
        pipeline = self.pipeline(context.scope, given["PipelineName"], "UpdatePipeline")
        self.check_role(context, given.get("RoleArn"))
        changes: dict[str, Any] = {
            name: given[name]
            for name in (
                "PipelineDisplayName",
                "PipelineDescription",
                "RoleArn",
                "ParallelismConfiguration",
            )
            if name in given
        }
        versions = pipeline["_versions"]
        if "PipelineDefinition" in given or "PipelineDefinitionS3Location" in given:
            text = self._definition(given, context).text
            versions = {**versions, max(versions) + 1: text}
            changes |= {"PipelineDefinition": text, "_versions": versions}
        with self.lock:
            pipeline.update(changes, LastModifiedTime=now(), LastModifiedBy=identity(context))
        return {"PipelineArn": pipeline["PipelineArn"], "PipelineVersionId": max(versions)}

    def pipeline(self, scope: Scope, name_or_arn: str, operation: str) -> Record:
        """The pipeline by name or ARN, or SageMaker's refusal."""
        name = name_or_arn.rpartition("/")[2]
        arn = scope.arn("sagemaker", f"{KIND}/{name}")
        message = f"Pipeline '{arn}' does not exist."
        return self.find(scope, KIND, name, operation=operation, message=message)

    def _definition(self, given: Mapping[str, Any], context: Context) -> Definition:
        """The checked definition of a request."""
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
            message = "Unable to parse pipeline definition. " + " ".join(error.problems)
            raise AwsError("ValidationException", message) from error
        for step in walk(definition.steps):
            if step["Type"] in OPERATIONS:
                unsupported_members.reject_unsupported(OPERATIONS[step["Type"]], step["Arguments"])
        return definition

    def _definition_from_s3(self, location: Any, context: Context) -> str:
        """Reads a definition with the caller's permission to read it."""
        bucket, key = location["Bucket"], location["ObjectKey"]
        self.authorize_caller(context, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        version = {"VersionId": location["VersionId"]} if "VersionId" in location else {}
        try:
            client = self.service_session(context.scope).client("s3")
            text = client.get_object(Bucket=bucket, Key=key, **version)["Body"].read().decode()
        except (ClientError, UnicodeDecodeError) as error:
            message = f"Cannot read the pipeline definition s3://{bucket}/{key}: {error}"
            raise AwsError("ValidationException", message) from error
        if len(text) > _LONGEST_DEFINITION:
            message = f"A definition has at most {_LONGEST_DEFINITION} characters; got {len(text)}."
            raise AwsError("ValidationException", message)
        return str(text)


def pipeline_version(pipeline: Record, version: int) -> str:
    """The definition of a version, or SageMaker's refusal."""
    versions: Mapping[int, str] = pipeline["_versions"]
    if version not in versions:
        message = (
            f"Pipeline '{pipeline['PipelineArn']}' has no version {version}; it has "
            f"{min(versions)} to {max(versions)}."
        )
        raise AwsError("ResourceNotFound", message)
    return versions[version]
