"""Endpoint configurations: which models an endpoint serves, on what, and what it captures."""

from __future__ import annotations

from typing import Any

from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.hosting.endpoint_config_rules import check_config
from rehearsal.services.sagemaker.hosting.models import KIND as MODEL
from rehearsal.services.sagemaker.hosting.models import Models
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import now

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
        variants = record["ProductionVariants"] + record.get("ShadowProductionVariants", [])
        named = [variant["ModelName"] for variant in variants if variant.get("ModelName")]
        models = {
            name: self.find(context.scope, MODEL, name, operation="CreateEndpointConfig")
            for name in named
        }
        check_config(record, models)
        self.check_role(context, record.get("ExecutionRoleArn"))
        for variant in variants:
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
            return LISTING.respond(self.records.of(context.scope, KIND).values(), request)

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
