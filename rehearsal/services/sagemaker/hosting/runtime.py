"""SageMaker runtime: invocations of the endpoints that the control plane has deployed."""

import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.services.sagemaker import authorization
from rehearsal.services.sagemaker.hosting.async_queue import AsyncRequest
from rehearsal.services.sagemaker.hosting.endpoint_registry import LiveEndpoint, registry_of
from rehearsal.services.sagemaker.hosting.invocation import ContainerResponse, Payload, Target
from rehearsal.services.sagemaker.hosting.replicas import RetiredError
from rehearsal.services.sagemaker.request_rules import RUNTIME
from rehearsal.services.sagemaker.unsupported_members import reject_unsupported

_CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_MAX_MESSAGE_LENGTH = 2048
_SHADOW_WORKERS = 8
# The defaults of API_runtime_InvokeEndpointAsync.
_PART = 8192
_SECONDS_TO_LIVE = 21600
_ASYNCHRONOUS_TIMEOUT = 900

_LOG = logging.getLogger(__name__)


class SageMakerRuntime(Service):
    """InvokeEndpoint, InvokeEndpointWithResponseStream, InvokeEndpointAsync."""

    name: ClassVar[str] = "sagemaker-runtime"
    namespace: ClassVar[str] = "sagemaker"
    validation_error: ClassVar[str] = "ValidationError"
    rules = RUNTIME

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._registry = registry_of(platform)
        self._metrics = self._registry.metrics
        self._shadows = ThreadPoolExecutor(_SHADOW_WORKERS, thread_name_prefix="shadow")

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        return authorization.resource_arns(operation, request, scope)

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        if "TargetModel" in request:
            return {"sagemaker:TargetModel": request["TargetModel"]}
        return {}

    def read_state(self, context: Context, operation: str, request: Request) -> Response | None:
        """Returns the variants of an endpoint as DescribeEndpoint has them, as far as rules do."""
        live = self._registry.get(context.scope, str(request.get("EndpointName")))
        if live is None:
            return None
        configs = [one.serverless for one in live.fleet.variants]
        shown = [{"CurrentServerlessConfig": one} if one else {} for one in configs]
        return {"ProductionVariants": shown}

    def invoke_endpoint(self, request: Request, context: Context) -> Response:
        """Routes a request to a variant or component and returns the response of its container.

        Raises:
            AwsError: ValidationError without a target, ThrottlingException above the
                MaxConcurrency of a serverless variant, ModelError (424) with the container's
                status and message if it is not 2xx.
        """
        return self._invoke("InvokeEndpoint", request, context)

    def invoke_endpoint_with_response_stream(self, request: Request, context: Context) -> Response:
        """Returns the response in parts, after the container has sent all of them.

        Raises:
            AwsError: as `invoke_endpoint`.
        """
        received = self._invoke("InvokeEndpointWithResponseStream", request, context)
        body = received["Body"]
        starts = range(0, max(len(body), 1), _PART)
        parts = [{"PayloadPart": {"Bytes": body[start : start + _PART]}} for start in starts]
        return {**received, "Body": parts}

    def _invoke(self, operation: str, request: Request, context: Context) -> Response:
        started = time.monotonic()
        reject_unsupported(operation, request, code="ValidationError")
        live = self._live(context.scope, request["EndpointName"])
        if live.queue is not None:
            message = f"Endpoint {live.name} is asynchronous: use InvokeEndpointAsync."
            raise AwsError("ValidationError", message)
        target = Target.of(live, request)
        payload = Payload.of(request)
        self._mirror(live, target, request, payload)
        while True:
            try:
                received = target.invoke(payload, self._metrics, started)
                break
            except RetiredError:  # the traffic moved after the request was routed
                target = Target.of(live, request)
        if not received.ok:
            raise _model_error(target, received)
        target.capture(request, payload, received)
        return _response(target, received)

    def invoke_endpoint_async(self, request: Request, context: Context) -> Response:
        """Queues a request; returns the places of its output.

        Raises:
            AwsError: ValidationError for an endpoint that is not asynchronous, or without exactly
                one of Body and InputLocation.
        """
        live = self._live(context.scope, request["EndpointName"])
        if live.queue is None or live.fleet.asynchronous is None:
            message = (
                f"Endpoint {live.name} is not asynchronous: its configuration has no "
                "AsyncInferenceConfig. Use InvokeEndpoint."
            )
            raise AwsError("ValidationError", message)
        queued = _async_request(request, live.fleet.asynchronous["OutputConfig"])
        live.queue.put(queued)
        locations = {
            "OutputLocation": queued.output_location,
            "FailureLocation": queued.failure_location,
        }
        found = {name: value for name, value in locations.items() if value}
        return {"InferenceId": queued.inference_id, **found}

    def _live(self, scope: Scope, name: str) -> LiveEndpoint:
        live = self._registry.get(scope, name)
        if live is None:
            message = f"Endpoint {name} of account {scope.account} not found."
            raise AwsError("ValidationError", message)
        return live

    def _mirror(
        self, live: LiveEndpoint, target: Target, request: Request, payload: Payload
    ) -> None:
        """Sends copies to shadow variants, without waiting for their responses."""
        for shadow in target.fleet.mirrors(target.variant):
            copied = Target.variant_of(live, target.fleet, shadow)
            self._shadows.submit(self._invoke_shadow, copied, dict(request), payload)

    def _invoke_shadow(self, shadow: Target, request: Request, payload: Payload) -> None:
        try:
            received = shadow.invoke(payload, self._metrics, time.monotonic())
            shadow.capture(request, payload, received)
        except (AwsError, RetiredError) as error:  # no caller waits for it
            _LOG.info("shadow variant %s: %s", shadow.variant.name, error)

    def close(self) -> None:
        self._shadows.shutdown(wait=False, cancel_futures=True)
        self._metrics.close()


def _async_request(request: Request, output: Mapping[str, Any]) -> AsyncRequest:
    body: Any = request.get("Body")
    if hasattr(body, "read"):
        body = body.read()
    location = request.get("InputLocation")
    output_id = str(uuid.uuid4())
    extension = request.get("S3OutputPathExtension", "").strip("/")
    file = request.get("Filename") or f"{output_id}.out"
    return AsyncRequest(
        inference_id=request.get("InferenceId") or str(uuid.uuid4()),
        input_location=location,
        body=body.encode() if isinstance(body, str) else body or None,
        content_type=request.get("ContentType"),
        accept=request.get("Accept"),
        custom_attributes=request.get("CustomAttributes"),
        output_location=_below(output.get("S3OutputPath"), extension, file),
        failure_location=_below(output.get("S3FailurePath"), extension, f"{output_id}-error.out"),
        seconds_to_live=request.get("RequestTTLSeconds", _SECONDS_TO_LIVE),
        timeout=request.get("InvocationTimeoutSeconds", _ASYNCHRONOUS_TIMEOUT),
    )


def _below(prefix: str | None, *parts: str) -> str | None:
    if not prefix:
        return None
    return "/".join([prefix.rstrip("/"), *(part for part in parts if part)])


def _response(target: Target, received: ContainerResponse) -> Response:
    response: Response = {
        "Body": received.body,
        "ContentType": received.content_type,
        "InvokedProductionVariant": target.variant.name,
    }
    if received.headers.get(_CUSTOM_ATTRIBUTES):
        response["CustomAttributes"] = received.headers[_CUSTOM_ATTRIBUTES]
    return response


def _model_error(target: Target, received: ContainerResponse) -> AwsError:
    scope, group = target.served.scope, target.log_group
    original = received.body.decode("utf-8", errors="replace")[:_MAX_MESSAGE_LENGTH]
    side = "client" if 0 < received.status < 500 else "server"
    message = (
        f'Received {side} error ({received.status}) from primary with message "{original}". See '
        f"https://{scope.region}.console.aws.amazon.com/cloudwatch/home?region={scope.region}"
        f"#logEventViewer:group={group} in account {scope.account} for more information."
    )
    members = {
        "OriginalStatusCode": received.status,
        "OriginalMessage": original,
        "LogStreamArn": f"arn:aws:logs:{scope.region}:{scope.account}:log-group:{group}",
    }
    return AwsError("ModelError", message, 424, members)
