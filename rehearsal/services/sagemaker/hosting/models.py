"""Models: what an endpoint or a transform job serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import ControlPlane
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.registry.hub_references import HubReferences
from rehearsal.services.sagemaker.registry.model_packages import ModelPackages

KIND = "model"
_FEWEST_DIRECT = 2
LISTING = Listing(operation="ListModels", member="Models", name="ModelName", modified=None)


class Models(ControlPlane):
    """CreateModel, DescribeModel, ListModels, DeleteModel."""

    model_packages: ModelPackages
    hub_references: HubReferences

    def create_model(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateModel", request)
        _check_containers(record)
        self.check_role(context, record.get("ExecutionRoleArn"))
        name = record["ModelName"]
        arn = context.scope.arn("sagemaker", f"{KIND}/{name}")
        record |= {"ModelArn": arn, "CreationTime": now()}
        record.setdefault("EnableNetworkIsolation", False)
        # A model package is resolved now: what happens to its approval later changes no endpoint.
        given = record.get("Containers") or [record["PrimaryContainer"]]
        record["_containers"] = [self._resolved(context, container) for container in given]
        with self.lock:
            self.refuse_existing(context, KIND, name, "model")
            self.register(context, KIND, name, record, request)
        self.emit(context.scope, "SageMaker Model State Change", _detail(record), arn)
        return {"ModelArn": arn}

    def describe_model(self, request: Request, context: Context) -> Response:
        record = self.find(context.scope, KIND, request["ModelName"], operation="DescribeModel")
        return self.describe("DescribeModel", record)

    def list_models(self, request: Request, context: Context) -> Response:
        with self.lock:
            return LISTING.respond(self.records.of(context.scope, KIND).values(), request)

    def delete_model(self, request: Request, context: Context) -> Response:
        name = request["ModelName"]
        record = self.find(context.scope, KIND, name, operation="DeleteModel")
        with self.lock:
            self.records.of(context.scope, KIND).pop(name, None)
        self.drop_tags(record["ModelArn"])
        self.emit(
            context.scope, "SageMaker Model State Change", _detail(record), record["ModelArn"]
        )
        return {}

    def _resolved(self, context: Context, container: dict[str, Any]) -> dict[str, Any]:
        package = container.get("ModelPackageName")
        source = container.get("ModelDataSource", {}).get("S3DataSource", {})
        if source.get("HubAccessConfig"):
            self.hub_references.deploy_hub_model(context, source)
        if not package:
            return container
        packaged = self.model_packages.package_containers(context, package)[0]
        environment = packaged.get("Environment", {}) | container.get("Environment", {})
        return {**packaged, "Environment": environment}


def _check_containers(record: Record) -> None:
    if bool(record.get("PrimaryContainer")) == bool(record.get("Containers")):
        message = "Give exactly one of PrimaryContainer and Containers."
        raise AwsError("ValidationException", message)
    if not record.get("ExecutionRoleArn"):
        message = (
            "ExecutionRoleArn is required: the endpoint downloads the image and the model data "
            "with it."
        )
        raise AwsError("ValidationException", message)
    containers = record.get("Containers") or [record["PrimaryContainer"]]
    for container in containers:
        _check_container(container)
    names = [c["ContainerHostname"] for c in containers if c.get("ContainerHostname")]
    if len(set(names)) != len(names):
        message = f"ContainerHostname must be unique in a model; got {', '.join(names)}."
        raise AwsError("ValidationException", message)
    mode = record.get("InferenceExecutionConfig", {}).get("Mode")
    if mode == "Direct" and (len(containers) < _FEWEST_DIRECT or len(names) != len(containers)):
        message = (
            "InferenceExecutionConfig Direct needs at least two containers, each with a "
            "ContainerHostname."
        )
        raise AwsError("ValidationException", message)


def _check_container(container: dict[str, Any]) -> None:
    package, image = container.get("ModelPackageName"), container.get("Image")
    if bool(package) == bool(image):
        message = "Each container needs either Image or ModelPackageName, not both."
        raise AwsError("ValidationException", message)
    data = container.get("ModelDataUrl") or container.get("ModelDataSource")
    if package and data:
        message = "ModelDataUrl cannot be specified together with ModelPackageName."
        raise AwsError("ValidationException", message)
    if container.get("ModelDataUrl") and container.get("ModelDataSource"):
        message = "Give either ModelDataUrl or ModelDataSource, not both."
        raise AwsError("ValidationException", message)
    multi_model = container.get("Mode") == "MultiModel"
    if multi_model and not container.get("ModelDataUrl"):
        message = "A container of Mode MultiModel needs ModelDataUrl, the S3 prefix of its models."
        raise AwsError("ValidationException", message)
    if container.get("MultiModelConfig") and not multi_model:
        raise AwsError("ValidationException", "MultiModelConfig needs Mode MultiModel.")


def has_data_source(model: Mapping[str, Any]) -> bool:
    """Whether a container of a model has ModelDataSource, which some features exclude."""
    return any(container.get("ModelDataSource") for container in model["_containers"])


def model_data_url(container: dict[str, Any]) -> str | None:
    """Where the model artifact of a container lies, however it is given; None without one."""
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    url: str | None = container.get("ModelDataUrl") or source.get("S3Uri")
    return url


def _detail(record: Record) -> dict[str, Any]:
    members = ("ModelName", "ModelArn", "ExecutionRoleArn", "CreationTime", "PrimaryContainer")
    return {name: record[name] for name in members if name in record}
