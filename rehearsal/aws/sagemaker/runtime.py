"""SageMaker runtime: InvokeEndpoint on the endpoints that the control plane has deployed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rehearsal.aws.platform import AwsError, Context, Credentials, Platform, Scope
from rehearsal.aws.sagemaker import authorization
from rehearsal.aws.sagemaker.data_plane import ExecutionFailedError
from rehearsal.aws.sagemaker.endpoint_metrics import EndpointMetrics
from rehearsal.aws.sagemaker.endpoint_registry import Fleet, Variant, registry_of
from rehearsal.aws.sagemaker.members import refuse_unsupported
from rehearsal.aws.service import Request, Response, Service

# "If your model container's answer names no type" the content type is that of a byte stream.
DEFAULT_CONTENT_TYPE = "application/octet-stream"
_CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_LONGEST_MESSAGE = 2048


class SageMakerRuntime(Service):
    """InvokeEndpoint. The other operations are refused by the gateway."""

    name: ClassVar[str] = "sagemaker-runtime"
    namespace: ClassVar[str] = "sagemaker"
    validation_error: ClassVar[str] = "ValidationError"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._registry = registry_of(platform)
        self._metrics = EndpointMetrics(self._service_session)

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        return authorization.resource_arns(operation, request, scope)

    def invoke_endpoint(self, request: Request, context: Context) -> Response:
        """Routes a request to a variant and answers what its container answers.

        Raises:
            AwsError: ValidationError for an endpoint or variant that does not serve, ModelError
                (424) with the container's status and message when it does not answer 2xx.
        """
        started = time.monotonic()
        refuse_unsupported("InvokeEndpoint", request, code="ValidationError")
        name = request["EndpointName"]
        live = self._registry.get(context.scope, name)
        if live is None:
            message = f"Endpoint {name} of account {context.scope.account} not found."
            raise AwsError("ValidationError", message)
        fleet, variant = live.route(request.get("TargetVariant"))
        body = _bytes(request.get("Body", b""))
        content_type = request.get("ContentType") or DEFAULT_CONTENT_TYPE
        accept = request.get("Accept") or "*/*"
        sent = time.monotonic()
        status, headers, answer = _invoke(
            variant, body, (content_type, accept), _model_headers(request)
        )
        answered = time.monotonic()
        headers = {key.lower(): value for key, value in headers.items()}
        self._metrics.invocation(
            context.scope,
            name,
            variant.name,
            status=status,
            model_seconds=answered - sent,
            overhead_seconds=(sent - started) + (time.monotonic() - answered),
        )
        if not 200 <= status < 300:
            raise _model_error(context.scope, name, variant, status, answer)
        answer_type = headers.get("content-type", DEFAULT_CONTENT_TYPE)
        _capture(fleet, variant, request, (body, content_type), (answer, answer_type))
        return _response(variant, headers, answer, answer_type)

    def _service_session(self, scope: Scope) -> Any:
        root = f"arn:aws:iam::{scope.account}:root"
        credentials = Credentials(scope.account, scope.account, "", root)
        return self.platform.session(credentials, scope.region)

    def close(self) -> None:
        self._metrics.close()


def _bytes(body: Any) -> bytes:
    """The body as bytes: the gateway may hand over a stream."""
    if isinstance(body, str):
        return body.encode()
    return bytes(body.read() if hasattr(body, "read") else body)


def _invoke(
    variant: Variant, body: bytes, types: tuple[str, str], headers: Mapping[str, str]
) -> tuple[int, Mapping[str, str], bytes]:
    """The container's answer; a container that gives none counts as one that fails with 500."""
    try:
        return variant.server.invoke(body, *types, headers)
    except ExecutionFailedError as error:
        return 500, {}, str(error).encode()
    except ValueError as error:
        raise AwsError("ValidationError", str(error)) from error


def _model_headers(request: Request) -> dict[str, str]:
    """The headers that reach the container beside its content type and accept."""
    headers = {}
    if request.get("CustomAttributes"):
        headers["X-Amzn-SageMaker-Custom-Attributes"] = request["CustomAttributes"]
    if request.get("InferenceId"):
        headers["X-Amzn-SageMaker-Inference-Id"] = request["InferenceId"]
    return headers


def _capture(
    fleet: Fleet,
    variant: Variant,
    request: Request,
    sent: tuple[bytes, str],
    answered: tuple[bytes, str],
) -> None:
    if fleet.capture is not None:
        fleet.capture.take(
            variant.name,
            request=sent,
            response=answered,
            inference_id=request.get("InferenceId"),
            custom_attributes=request.get("CustomAttributes"),
        )


def _response(
    variant: Variant, headers: Mapping[str, str], body: bytes, content_type: str
) -> Response:
    response: Response = {
        "Body": body,
        "ContentType": content_type,
        "InvokedProductionVariant": variant.name,
    }
    if headers.get(_CUSTOM_ATTRIBUTES):
        response["CustomAttributes"] = headers[_CUSTOM_ATTRIBUTES]
    return response


def _model_error(
    scope: Scope, endpoint: str, variant: Variant, status: int, answer: bytes
) -> AwsError:
    original = answer.decode("utf-8", errors="replace")[:_LONGEST_MESSAGE]
    side = "client" if status < 500 else "server"
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    message = (
        f'Received {side} error ({status}) from primary with message "{original}". See '
        f"https://{scope.region}.console.aws.amazon.com/cloudwatch/home?region={scope.region}"
        f"#logEventViewer:group={group} in account {scope.account} for more information."
    )
    members = {
        "OriginalStatusCode": status,
        "OriginalMessage": original,
        "LogStreamArn": f"arn:aws:logs:{scope.region}:{scope.account}:log-group:{group}",
    }
    return AwsError("ModelError", message, 424, members)
