"""Small services with which the tests start the real server."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rehearsal.cloudformation.resource_types import ResourceType
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import RawHandler, Request, Response, Service


class ToySageMaker(Service):
    """Model package groups and pipelines, as records."""

    name = "sagemaker"
    namespace = "sagemaker"
    _KINDS: ClassVar[Mapping[str, str]] = {
        "ModelPackageGroupName": "model-package-group",
        "PipelineName": "pipeline",
        "ModelName": "model",
    }

    def __init__(self, platform: Any) -> None:
        super().__init__(platform)
        self._records: dict[str, dict[str, Any]] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._executions: list[dict[str, Any]] = []

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        for member, kind in self._KINDS.items():
            if member in request:
                return [scope.arn("sagemaker", f"{kind}/{request[member].lower()}")]
        return [request.get("ResourceArn", "*")]

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        return self._tags.get(arn, {})

    def _create(self, member: str, request: Request, context: Context) -> str:
        arn = self.resource_arns("", request, context.scope)[0]
        with self.lock:
            if arn in self._records:
                raise AwsError("ValidationException", f"{request[member]} already exists")
            self._records[arn] = {**request, "Creator": context.caller_arn.rsplit("/", 1)[-1]}
            self._tags[arn] = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        return arn

    def _find(self, request: Request, context: Context) -> tuple[str, dict[str, Any]]:
        arn = self.resource_arns("", request, context.scope)[0]
        if arn not in self._records:
            raise AwsError("ValidationException", f"Could not find {arn}")
        return arn, self._records[arn]

    def create_model_package_group(self, request: Request, context: Context) -> Response:
        if request["ModelPackageGroupName"] == "broken":
            raise RuntimeError("an error of the toy")
        arn = self._create("ModelPackageGroupName", request, context)
        return {"ModelPackageGroupArn": arn}

    def describe_model_package_group(self, request: Request, context: Context) -> Response:
        arn, record = self._find(request, context)
        if record["ModelPackageGroupName"] == "odd":
            return {"Nonsense": 1}
        return {
            "ModelPackageGroupName": record["ModelPackageGroupName"],
            "ModelPackageGroupArn": arn,
            "CreationTime": 1_700_000_000,
            "CreatedBy": {"UserProfileName": record["Creator"]},
            "ModelPackageGroupStatus": "Completed",
        }

    def delete_model_package_group(self, request: Request, context: Context) -> Response:
        del self._records[self._find(request, context)[0]]
        return {}

    def create_model(self, request: Request, context: Context) -> Response:
        return {"ModelArn": self._create("ModelName", request, context)}

    def describe_model(self, request: Request, context: Context) -> Response:
        arn, record = self._find(request, context)
        return {"ModelArn": arn, "ModelName": record["ModelName"], "CreationTime": 1_700_000_000}

    def delete_model(self, request: Request, context: Context) -> Response:
        del self._records[self._find(request, context)[0]]
        return {}

    def create_pipeline(self, request: Request, context: Context) -> Response:
        self.platform.check_pass_role(context, request["RoleArn"], "sagemaker.amazonaws.com")
        return {"PipelineArn": self._create("PipelineName", request, context)}

    def update_pipeline(self, request: Request, context: Context) -> Response:
        arn, record = self._find(request, context)
        record.update(request)
        return {"PipelineArn": arn}

    def describe_pipeline(self, request: Request, context: Context) -> Response:
        arn, record = self._find(request, context)
        kept = ("PipelineName", "PipelineDefinition", "PipelineDisplayName", "RoleArn")
        return {"PipelineArn": arn, **{k: record[k] for k in kept if k in record}}

    def delete_pipeline(self, request: Request, context: Context) -> Response:
        arn, _ = self._find(request, context)
        del self._records[arn]
        return {"PipelineArn": arn}

    def start_pipeline_execution(self, request: Request, context: Context) -> Response:
        arn, _ = self._find(request, context)
        execution = f"{arn}/execution/{len(self._executions):012d}"
        self._executions.append(
            {
                "PipelineExecutionArn": execution,
                "PipelineExecutionDescription": context.caller_arn,
                "PipelineExecutionDisplayName": str(len(request.get("PipelineParameters", []))),
            }
        )
        self.platform.emit_event(
            context.scope,
            source="aws.sagemaker",
            detail_type="SageMaker Model Building Pipeline Execution Status Change",
            detail={"pipelineExecutionArn": execution},
            resources=[arn],
        )
        return {"PipelineExecutionArn": execution}

    def list_pipeline_executions(self, request: Request, context: Context) -> Response:
        return {"PipelineExecutionSummaries": list(self._executions)}

    def add_tags(self, request: Request, context: Context) -> Response:
        tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        self._tags.setdefault(request["ResourceArn"], {}).update(tags)
        return {"Tags": request["Tags"]}

    def delete_tags(self, request: Request, context: Context) -> Response:
        for key in request["TagKeys"]:
            self._tags[request["ResourceArn"]].pop(key, None)
        return {}

    def list_tags(self, request: Request, context: Context) -> Response:
        tags = self._tags.get(request["ResourceArn"], {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


class ToyRuntime(Service):
    """Gives back what it is sent."""

    name = "sagemaker-runtime"
    namespace = "sagemaker"

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        return [scope.arn("sagemaker", f"endpoint/{request['EndpointName'].lower()}")]

    def invoke_endpoint(self, request: Request, context: Context) -> Response:
        if request["EndpointName"] == "failing":
            raise AwsError(
                "ModelError",
                "The model failed",
                424,
                {"OriginalStatusCode": 500, "OriginalMessage": "boom"},
            )
        return {
            "Body": request["Body"][::-1],
            "ContentType": request.get("Accept", "text/plain"),
            "InvokedProductionVariant": request.get("TargetVariant", "main"),
            "CustomAttributes": request.get("CustomAttributes", ""),
        }


class ToyCodeCommit(Service):
    """Only its raw routes."""

    name = "codecommit"
    namespace = "codecommit"

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        return ["*"]

    def raw_routes(self) -> Sequence[tuple[re.Pattern[str], RawHandler]]:
        return [(re.compile(r"/v1/repos/.+"), self._git)]

    def _git(
        self,
        method: str,
        path: str,
        query: Mapping[str, list[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, dict[str, str], bytes]:
        key = self.platform.secret_for(headers.get("x-key", ""))
        whose = key.principal_arn if key else "nobody"
        text = f"{method} {path} {query.get('service')} {whose} ".encode() + body
        return 200, {"Content-Type": "text/x-toy"}, text


class WithChildren(Service):
    """Starts a process that ignores the request to end, and one that outlives its parent."""

    name = "codepipeline"
    namespace = "codepipeline"

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        return ["*"]

    def start(self) -> None:
        subprocess.Popen(["bash", "-c", "trap '' TERM; while :; do sleep 1; done"])
        subprocess.run(["bash", "-c", "sleep 600 & disown"], check=True)


class Unmapped(Service):
    """A service that forgot its IAM mapping."""

    name = "codepipeline"
    namespace = "codepipeline"


def _definition(properties: dict[str, Any]) -> dict[str, Any]:
    body = properties["PipelineDefinition"]["PipelineDefinitionBody"]
    return {**properties, "PipelineDefinition": body}


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::SageMaker::Model",
        service="sagemaker",
        create="CreateModel",
        delete="DeleteModel",
        describe="DescribeModel",
        identifier=("ModelName",),
        ref="ModelArn",
        attributes={"ModelName": "ModelName"},
        name_property="ModelName",
    ),
    ResourceType(
        type_name="AWS::SageMaker::ModelPackageGroup",
        service="sagemaker",
        create="CreateModelPackageGroup",
        delete="DeleteModelPackageGroup",
        describe="DescribeModelPackageGroup",
        identifier=("ModelPackageGroupName",),
        ref="ModelPackageGroupArn",
        attributes={"ModelPackageGroupArn": "ModelPackageGroupArn"},
        name_property="ModelPackageGroupName",
    ),
    ResourceType(
        type_name="AWS::SageMaker::Pipeline",
        service="sagemaker",
        create="CreatePipeline",
        update="UpdatePipeline",
        delete="DeletePipeline",
        describe="DescribePipeline",
        identifier=("PipelineName",),
        ref="PipelineName",
        name_property="PipelineName",
        to_request=_definition,
        to_update_request=lambda given: {
            key: value for key, value in _definition(given).items() if key != "Tags"
        },
        arn="PipelineArn",
    ),
]
