"""Targets of requests to endpoints, and the responses of their containers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, ModelServer
from rehearsal.services.sagemaker.hosting.endpoint_fleet import Fleet, Variant
from rehearsal.services.sagemaker.hosting.endpoint_metrics import (
    OF_SERVERLESS,
    EndpointMetrics,
    Outcome,
    Served,
)
from rehearsal.services.sagemaker.hosting.endpoint_registry import LiveEndpoint
from rehearsal.services.sagemaker.hosting.replicas import Replicas

# The content type of a response without one is that of a byte stream.
DEFAULT_CONTENT_TYPE = "application/octet-stream"
NO_RESPONSE = 0
"""The status of a container that does not respond, as in "Received server error (0)"."""

_HEADERS = {
    "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
    "InferenceId": "X-Amzn-SageMaker-Inference-Id",
    "TargetModel": "X-Amzn-SageMaker-Target-Model",
    "TargetContainerHostname": "X-Amzn-SageMaker-Target-Container-Hostname",
}


@dataclass(frozen=True)
class Payload:
    """The request to a container: a body, its media type, the accepted one and further headers."""

    body: bytes
    content_type: str
    accept: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Payload:
        """Returns the payload of an InvokeEndpoint request, whose body may be a stream."""
        body = request.get("Body", b"")
        if isinstance(body, str):
            body = body.encode()
        return cls(
            bytes(body.read() if hasattr(body, "read") else body),
            request.get("ContentType") or DEFAULT_CONTENT_TYPE,
            request.get("Accept") or "*/*",
            {header: request[name] for name, header in _HEADERS.items() if request.get(name)},
        )


@dataclass(frozen=True)
class ContainerResponse:
    """The response of a container; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", DEFAULT_CONTENT_TYPE)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Target:
    """A variant, or an inference component on it, that serves a request."""

    fleet: Fleet
    variant: Variant
    replicas: Replicas
    served: Served

    @classmethod
    def of(cls, live: LiveEndpoint, request: Mapping[str, Any]) -> Target:
        """Returns the target of a request.

        Raises:
            AwsError: ValidationError, if nothing serves it.
        """
        fleet, variant = live.route(request.get("TargetVariant"))
        name = request.get("InferenceComponentName")
        if fleet.hosts_components:
            return cls._component(live, fleet, name)
        if name:
            raise AwsError(
                "ValidationError",
                "Inference Component Name header is not allowed for endpoints to which you dont "
                "plan to deploy inference components. Please remove the Inference Component Name "
                "header and try again.",
            )
        return cls.variant_of(live, fleet, variant)

    @classmethod
    def variant_of(cls, live: LiveEndpoint, fleet: Fleet, variant: Variant) -> Target:
        """Returns a production or shadow variant as a target."""
        if variant.replicas is None:
            raise AwsError("ValidationError", f"Variant {variant.name} serves no model.")
        served = Served(
            scope=live.scope,
            endpoint=live.name,
            variant=variant.name,
            replicas=variant.replicas.count,
            # Serverless endpoints have no deployments in steps.
            config=None if variant.serverless else fleet.config_name,
            published=OF_SERVERLESS if variant.serverless else None,
        )
        return cls(fleet, variant, variant.replicas, served)

    @classmethod
    def _component(cls, live: LiveEndpoint, fleet: Fleet, name: str | None) -> Target:
        if not name:
            raise AwsError(
                "ValidationError",
                "Inference Component Name header is required for endpoints to which you plan to "
                "deploy inference components. Please include Inference Component Name header or "
                "consider using SageMaker models.",
            )
        if name in live.adapters:
            raise AwsError(
                "ValidationError",
                f"The rehearsal does not implement requests to adapters such as {name}: how a "
                "container gets an adapter is not documented. Its base component, "
                f"{live.adapters[name]}, serves without the adapter.",
            )
        component = live.components.get(name)
        variant = fleet.choose(component.variant) if component is not None else None
        if component is None or variant is None:
            message = f"Inference Component {name} not found for endpoint {live.name}."
            raise AwsError("ValidationError", message)
        replicas = component.choose()
        served = Served(
            scope=live.scope,
            endpoint=live.name,
            variant=variant.name,
            component=name,
            replicas=replicas.count,
        )
        return cls(fleet, variant, replicas, served)

    @property
    def log_group(self) -> str:
        if self.served.component is not None:
            return f"/aws/sagemaker/InferenceComponents/{self.served.component}"
        return f"/aws/sagemaker/Endpoints/{self.served.endpoint}"

    def invoke(
        self, payload: Payload, metrics: EndpointMetrics, started: float
    ) -> ContainerResponse:
        """Sends a request to the container and publishes the metrics of the invocation.

        Args:
            payload: the request.
            metrics: publishes the metrics.
            started: the time (monotonic) when the service received the request.

        Raises:
            AwsError: ThrottlingException, if a serverless variant is at its MaxConcurrency;
                ValidationError without capacity.
        """
        serverless = self.variant.serverless
        limit = int(serverless["MaxConcurrency"]) if serverless else None
        with self.replicas.in_use(limit) as (server, concurrent):
            if server is None:
                raise self._no_capacity(metrics)
            sent = time.monotonic()
            response = _send(server, payload)
            received = time.monotonic()
        outcome = Outcome(
            status=response.status,
            model_seconds=received - sent,
            overhead_seconds=sent - started,
            concurrent=concurrent,
        )
        metrics.invocation(self.served, outcome)
        if serverless:
            self._count_concurrency(metrics, serverless, concurrent)
        return response

    def _no_capacity(self, metrics: EndpointMetrics) -> AwsError:
        served = self.served
        failure = {"NoCapacityInvocationFailures": (1.0, "Count")}
        metrics.put(served.scope, failure, served.variant_dimensions)
        if served.component is None:
            message = f"Variant {served.variant} of endpoint {served.endpoint} has no instances."
            return AwsError("ValidationError", message)
        metrics.put(served.scope, failure, {"InferenceComponentName": served.component})
        return AwsError(
            "ValidationError",
            "Inference Component has no capacity to process this request. ApplicationAutoScaling "
            "may be in-progress (if configured) or try to increase the capacity by invoking "
            "UpdateInferenceComponentRuntimeConfig API.",
        )

    def _count_concurrency(
        self, metrics: EndpointMetrics, serverless: Mapping[str, Any], concurrent: int
    ) -> None:
        """Publishes the metrics of "Monitor a serverless endpoint"."""
        share = concurrent / serverless["MaxConcurrency"]
        values = {"ServerlessConcurrentExecutionsUtilization": (share, "None")}
        provisioned = serverless.get("ProvisionedConcurrency")
        if provisioned:
            within = concurrent <= provisioned
            values |= {
                "ServerlessProvisionedConcurrencyExecutions": (
                    float(min(concurrent, provisioned)),
                    "Count",
                ),
                "ServerlessProvisionedConcurrencyUtilization": (
                    min(concurrent / provisioned, 1.0),
                    "None",
                ),
                "ServerlessProvisionedConcurrencyInvocations": (float(within), "Count"),
                "ServerlessProvisionedConcurrencySpilloverInvocations": (
                    float(not within),
                    "Count",
                ),
            }
        metrics.put(self.served.scope, values, self.served.variant_dimensions)

    def capture(
        self, request: Mapping[str, Any], payload: Payload, response: ContainerResponse
    ) -> None:
        """Captures the invocation, if the endpoint captures its data."""
        if self.fleet.capture is not None:
            self.fleet.capture.take(
                self.variant.name,
                request=(payload.body, payload.content_type),
                response=(response.body, response.content_type),
                inference_id=request.get("InferenceId"),
                custom_attributes=request.get("CustomAttributes"),
            )


def _send(server: ModelServer, payload: Payload) -> ContainerResponse:
    """Returns the response of the container; status 0 if it does not respond."""
    try:
        status, headers, body = server.invoke(
            payload.body, payload.content_type, payload.accept, payload.headers
        )
    except ExecutionFailedError as error:
        return ContainerResponse(NO_RESPONSE, {}, str(error).encode())
    except ValueError as error:
        raise AwsError("ValidationError", str(error)) from error
    return ContainerResponse(status, {key.lower(): value for key, value in headers.items()}, body)
