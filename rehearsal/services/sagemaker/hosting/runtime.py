"""SageMaker runtime: invocations of the endpoints that the control plane has deployed."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.services.sagemaker import authorization
from rehearsal.services.sagemaker.hosting.asynchronous.queue import AsyncRequest
from rehearsal.services.sagemaker.hosting.endpoint_registry import LiveEndpoint, registry_of
from rehearsal.services.sagemaker.hosting.invocation import ContainerAnswer, Payload, Target
from rehearsal.services.sagemaker.unsupported_members import reject_unsupported

_CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_LONGEST_MESSAGE = 2048
_SHADOW_WORKERS = 8
_LARGEST_INLINE = 128_000
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

    def invoke_endpoint(self, request: Request, context: Context) -> Response:
        """Routes a request to a variant or component and answers what its container answers.

        Raises:
            AwsError: ValidationError for what does not serve, ThrottlingException above the
                MaxConcurrency of a serverless variant, ModelError (424) with the container's
                status and message when it does not answer 2xx.
        """
        return self._invoke("InvokeEndpoint", request, context)

    def invoke_endpoint_with_response_stream(self, request: Request, context: Context) -> Response:
        """The same, with an answer in parts; they come when the container has sent all of them.

        Raises:
            AwsError: as `invoke_endpoint`.
        """
        answer = self._invoke("InvokeEndpointWithResponseStream", request, context)
        body = answer["Body"]
        starts = range(0, max(len(body), 1), _PART)
        parts = [{"PayloadPart": {"Bytes": body[start : start + _PART]}} for start in starts]
        return {**answer, "Body": parts}

    def _invoke(self, operation: str, request: Request, context: Context) -> Response:
        started = time.monotonic()
        reject_unsupported(operation, request, code="ValidationError")
        live = self._live(context.scope, request["EndpointName"])
        if live.queue is not None:
            message = (
                f"Endpoint {live.name} is asynchronous: it takes requests by InvokeEndpointAsync."
            )
            raise AwsError("ValidationError", message)
        target = Target.of(live, request)
        payload = Payload.of(request)
        self._mirror(live, target, request, payload)
        answer = target.invoke(payload, self._metrics, started)
        if not answer.ok:
            raise _model_error(target, answer)
        target.capture(request, payload, answer)
        return _response(target, answer)

    def invoke_endpoint_async(self, request: Request, context: Context) -> Response:
        """Queues a request; where its answer will be is known at once.

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
        """Sends a copy to the shadow variants that get one; nobody waits for their answers."""
        for shadow in target.fleet.mirrors(target.variant):
            copied = Target.variant_of(live, target.fleet, shadow)
            self._shadows.submit(self._ask_shadow, copied, dict(request), payload)

    def _ask_shadow(self, shadow: Target, request: Request, payload: Payload) -> None:
        try:
            answer = shadow.invoke(payload, self._metrics, time.monotonic())
            shadow.capture(request, payload, answer)
        except AwsError as error:  # it concerns nobody who waits
            _LOG.info("shadow variant %s: %s", shadow.variant.name, error)

    def close(self) -> None:
        self._shadows.shutdown(wait=False, cancel_futures=True)
        self._metrics.close()


def _async_request(request: Request, output: Mapping[str, Any]) -> AsyncRequest:
    body: Any = request.get("Body")
    if hasattr(body, "read"):
        body = body.read()
    location = request.get("InputLocation")
    if bool(body) == bool(location):
        raise AwsError("ValidationError", "Give exactly one of InputLocation and Body.")
    if body and len(body) > _LARGEST_INLINE:
        message = f"Body has {len(body)} bytes, at most {_LARGEST_INLINE} are taken inline."
        raise AwsError("ValidationError", message)
    answer_id = str(uuid.uuid4())
    extension = request.get("S3OutputPathExtension", "").strip("/")
    file = request.get("Filename") or f"{answer_id}.out"
    return AsyncRequest(
        inference_id=request.get("InferenceId") or str(uuid.uuid4()),
        input_location=location,
        body=body.encode() if isinstance(body, str) else body or None,
        content_type=request.get("ContentType"),
        accept=request.get("Accept"),
        custom_attributes=request.get("CustomAttributes"),
        output_location=_below(output.get("S3OutputPath"), extension, file),
        failure_location=_below(output.get("S3FailurePath"), extension, f"{answer_id}-error.out"),
        seconds_to_live=request.get("RequestTTLSeconds", _SECONDS_TO_LIVE),
        timeout=request.get("InvocationTimeoutSeconds", _ASYNCHRONOUS_TIMEOUT),
    )


def _below(prefix: str | None, *parts: str) -> str | None:
    if not prefix:
        return None
    return "/".join([prefix.rstrip("/"), *(part for part in parts if part)])


def _response(target: Target, answer: ContainerAnswer) -> Response:
    response: Response = {
        "Body": answer.body,
        "ContentType": answer.content_type,
        "InvokedProductionVariant": target.variant.name,
    }
    if answer.headers.get(_CUSTOM_ATTRIBUTES):
        response["CustomAttributes"] = answer.headers[_CUSTOM_ATTRIBUTES]
    return response


def _model_error(target: Target, answer: ContainerAnswer) -> AwsError:
    scope, group = target.served.scope, target.log_group
    original = answer.body.decode("utf-8", errors="replace")[:_LONGEST_MESSAGE]
    side = "client" if answer.status < 500 else "server"
    message = (
        f'Received {side} error ({answer.status}) from primary with message "{original}". See '
        f"https://{scope.region}.console.aws.amazon.com/cloudwatch/home?region={scope.region}"
        f"#logEventViewer:group={group} in account {scope.account} for more information."
    )
    members = {
        "OriginalStatusCode": answer.status,
        "OriginalMessage": original,
        "LogStreamArn": f"arn:aws:logs:{scope.region}:{scope.account}:log-group:{group}",
    }
    return AwsError("ModelError", message, 424, members)
