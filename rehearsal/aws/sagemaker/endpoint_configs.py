"""Endpoint configurations: which models an endpoint serves, on what, and what it captures."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.platform import AwsError, Context
from rehearsal.aws.sagemaker.listing import Listing
from rehearsal.aws.sagemaker.models import KIND as MODEL
from rehearsal.aws.sagemaker.models import Models
from rehearsal.aws.sagemaker.records import now
from rehearsal.aws.service import Request, Response

KIND = "endpoint-config"
LISTING = Listing(
    operation="ListEndpointConfigs",
    member="EndpointConfigs",
    name="EndpointConfigName",
    modified=None,
)
# "Unless otherwise specified, all variants have equal weight" (API_ProductionVariant).
DEFAULT_WEIGHT = 1.0


class EndpointConfigs(Models):
    """CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig."""

    def create_endpoint_config(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateEndpointConfig", request)
        self._check_variants(record["ProductionVariants"], context)
        self.check_role(context, record.get("ExecutionRoleArn"))
        _check_capture(record)
        for variant in record["ProductionVariants"]:
            variant.setdefault("InitialVariantWeight", DEFAULT_WEIGHT)
        name = record["EndpointConfigName"]
        arn = context.scope.arn("sagemaker", f"{KIND}/{name}")
        record |= {"EndpointConfigArn": arn, "CreationTime": now()}
        with self.lock:
            self.refuse_existing(context, KIND, name, "endpoint configuration")
            self.register(context, KIND, name, record, request)
        self._emit_config(context, record)
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, request: Request, context: Context) -> Response:
        record = self.find(
            context.scope,
            KIND,
            request["EndpointConfigName"],
            operation="DescribeEndpointConfig",
        )
        return self.describe("DescribeEndpointConfig", record)

    def list_endpoint_configs(self, request: Request, context: Context) -> Response:
        with self.lock:
            return LISTING.answer(self.records.of(context.scope, KIND).values(), request)

    def delete_endpoint_config(self, request: Request, context: Context) -> Response:
        name = request["EndpointConfigName"]
        record = self.find(context.scope, KIND, name, operation="DeleteEndpointConfig")
        with self.lock:
            self.records.of(context.scope, KIND).pop(name, None)
        self.drop_tags(record["EndpointConfigArn"])
        self._emit_config(context, record)
        return {}

    def _emit_config(self, context: Context, record: dict[str, Any]) -> None:
        detail = {
            name: record[name]
            for name in ("EndpointConfigName", "EndpointConfigArn", "ProductionVariants")
        }
        detail["CreationTime"] = record["CreationTime"]
        self.emit(
            context.scope,
            "SageMaker Endpoint Config State Change",
            detail,
            record["EndpointConfigArn"],
        )

    def _check_variants(self, variants: list[dict[str, Any]], context: Context) -> None:
        names = [variant["VariantName"] for variant in variants]
        if len(set(names)) != len(names):
            message = f"Production variant names must be unique; got {', '.join(names)}."
            raise AwsError("ValidationException", message)
        for variant in variants:
            _check_variant(variant)
            self.find(context.scope, MODEL, variant["ModelName"], operation="CreateEndpointConfig")


def _check_variant(variant: dict[str, Any]) -> None:
    name = variant["VariantName"]
    if not variant.get("ModelName"):
        message = (
            f"Variant {name} has no ModelName. The rehearsal does not implement inference "
            "components, for which AWS allows that."
        )
        raise AwsError("ValidationException", message)
    serverless = variant.get("ServerlessConfig")
    instances = variant.get("InstanceType") or variant.get("InitialInstanceCount")
    if bool(serverless) == bool(instances):
        message = (
            f"Variant {name} needs either ServerlessConfig, or InstanceType with "
            "InitialInstanceCount; not both."
        )
        raise AwsError("ValidationException", message)
    if instances and not (variant.get("InstanceType") and variant.get("InitialInstanceCount")):
        message = f"Variant {name} needs both InstanceType and InitialInstanceCount."
        raise AwsError("ValidationException", message)
    if serverless:
        _check_serverless(name, serverless)


def _check_serverless(name: str, config: dict[str, Any]) -> None:
    memory = config["MemorySizeInMB"]
    if memory % 1024:
        message = (
            f"MemorySizeInMB of variant {name} must be 1024, 2048, 3072, 4096, 5120 or 6144; "
            f"got {memory}."
        )
        raise AwsError("ValidationException", message)
    provisioned = config.get("ProvisionedConcurrency")
    if provisioned and provisioned > config["MaxConcurrency"]:
        message = (
            f"ProvisionedConcurrency of variant {name} must be at most MaxConcurrency "
            f"({config['MaxConcurrency']}); got {provisioned}."
        )
        raise AwsError("ValidationException", message)


def _check_capture(record: dict[str, Any]) -> None:
    """Serverless endpoints capture no data: "Serverless endpoints", feature exclusions."""
    capture = record.get("DataCaptureConfig")
    serverless = [v["VariantName"] for v in record["ProductionVariants"] if "ServerlessConfig" in v]
    if capture and serverless:
        message = f"DataCaptureConfig is not supported for serverless variant {serverless[0]}."
        raise AwsError("ValidationException", message)
    if capture and not capture["DestinationS3Uri"].startswith("s3://"):
        message = f"DestinationS3Uri must start with s3://; got {capture['DestinationS3Uri']}."
        raise AwsError("ValidationException", message)
