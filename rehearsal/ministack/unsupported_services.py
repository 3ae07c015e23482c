"""Requests to services that the rehearsal does not have, rejected by name in their protocol.

Source: "Error responses" of each protocol in the Smithy specification and the AWS API references.
"""

import asyncio
import functools
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from botocore.model import ServiceModel

from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.framework.service_models import loader, service_model
from rehearsal.ministack.registry import patch, patch_value
from rehearsal.ministack.routing import Handler, Response
from rehearsal.ministack.runtime import Runtime

_CODE = "UnsupportedOperation"
# The words of ministack's services for an operation that they lack.
_UNKNOWN_OPERATION = re.compile(
    rb"Unknown (?:[\w ]+ )?(?:action|operation|path|endpoint)\b|No route for [A-Z]+ /"
    rb"|Unsupported [\w-]+ path|operation not (?:supported|implemented)|not implemented",
    re.IGNORECASE,
)
_UNKNOWN_STATUSES = (400, 404, 405, 501)
_MAX_ERROR_SIZE = 2_000
_CREDENTIAL = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/")
_CBOR_PATH = re.compile(r"/service/(?P<service>[^/]+)/operation/(?P<operation>[^/]+)")
_HOSTS = {re.compile(r"[a-z0-9-]+\.experiments\.sagemaker\.aws"): "sagemaker-mlflow"}
_WITHOUT_MODEL = {"sagemaker-mlflow": "MLflow tracking servers"}
"""Services that botocore has no model of."""
_CBOR_SERVICES = ("GraniteServiceVersion20100801",)  # CloudWatch


class _Handlers(dict[str, Handler]):
    """Handlers by service; each other service has one that rejects its requests.

    Args:
        handlers: the handlers.
        own: the services of the rehearsal, which name unknown operations themselves.
    """

    def __init__(self, handlers: Mapping[str, Handler], own: Collection[str]) -> None:
        super().__init__(handlers)
        self._own = own

    def get(self, service: str, default: Any = None) -> Any:
        if service in self._own or not isinstance(service, str):
            return super().get(service, default)
        if service in self:
            return functools.partial(_serve, service, self[service])
        return functools.partial(reject, service)


async def _serve(
    service: str,
    handler: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    """Returns the response of a service of ministack, or the rejection of an unknown operation."""
    response = await handler(method, path, headers, body, query_params)
    status, _, content = response
    if status not in _UNKNOWN_STATUSES or not isinstance(content, bytes):
        return response
    if _UNKNOWN_OPERATION.search(content[:_MAX_ERROR_SIZE]) is None:
        return response
    return await reject(_signing_name(service, headers), method, path, headers, body, query_params)


def _signing_name(service: str, headers: Mapping[str, str]) -> str:
    found = _CREDENTIAL.search(headers.get("authorization", ""))
    return found[1] if found else service


@patch_value(
    "ministack.app:SERVICE_HANDLERS",
    why="An error for an unknown service has a form that no client shows.",
    until="ministack names unknown services in the protocol of each.",
    after="routing",
)
def serve(handlers: dict[str, Handler], *, runtime: Runtime) -> dict[str, Handler]:
    return _Handlers(handlers, runtime.signing_names)


@patch(
    "ministack.core.router:detect_service",
    why="A service that shares its signing name with another reaches the other one.",
    until="ministack distinguishes services of one signing name by the path of the protocol.",
)
def detect(
    previous: Callable[..., str],
    method: str,
    path: str,
    headers: dict[str, str],
    query_params: dict[str, Any],
) -> str:
    found = _CBOR_PATH.fullmatch(path)
    if found and found["service"] not in _CBOR_SERVICES:
        return found["service"]
    host = headers.get("host", "").partition(":")[0].lower()
    for pattern, service in _HOSTS.items():
        if pattern.fullmatch(host):
            return service
    return previous(method, path, headers, query_params)


async def reject(
    signing_name: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    """Returns an error that names the service and the operation of a request."""
    query = {name: value for name, value in (query_params or {}).items() if name}
    http = HttpRequest(method, path, headers, query, body)
    # The first request of a service reads models of botocore from the disk.
    return await asyncio.to_thread(_rejection, signing_name, http)


def _rejection(signing_name: str, http: HttpRequest) -> Response:
    name, operation, protocol = _operation(signing_name, http)
    what = f"{operation} of {name}" if operation else name
    message = (
        f"The rehearsal does not support {what} ({signing_name}). docs/fidelity.md lists what it "
        "has."
    )
    return _WRITERS[protocol](message)


def _operation(signing_name: str, http: HttpRequest) -> tuple[str, str, str]:
    """Returns the name of the service, the operation or an empty text, and the protocol."""
    found = list(_models(signing_name))
    target = http.headers.get("x-amz-target", "")
    if target:
        prefix, _, operation = target.rpartition(".")
        named = [one for one in found if one.metadata.get("targetPrefix") == prefix]
        return _name([*named, *found], signing_name), operation, "json"
    if "rpc-v2-cbor" in http.headers.get("smithy-protocol", ""):
        matched = _CBOR_PATH.search(http.path)
        return _name(found, signing_name), matched["operation"] if matched else "", "cbor"
    action = _action(http)
    if action:
        with_action = [one for one in found if action in one.operation_names]
        return _name([*with_action, *found], signing_name), action, "query"
    for model in _by_path(signing_name, found):
        for operation in model.operation_names:
            if _is_request(model.operation_model(operation).http, http):
                protocol = str(model.metadata["protocol"])
                return _name([model], signing_name), operation, protocol
    protocol = str(found[0].metadata["protocol"]) if found else "rest-json"
    return _name(found, signing_name), "", protocol if protocol in _WRITERS else "rest-json"


def _is_request(binding: Mapping[str, Any], http: HttpRequest) -> bool:
    path = str(binding.get("requestUri", "/")).partition("?")[0]
    labels = {True: ".+", False: "[^/]+"}  # a greedy label has slashes, too
    pattern = "".join(
        labels[part.endswith("+}")] if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{[^}]+\})", path.rstrip("/"))
    )
    return binding.get("method") == http.method and bool(
        re.fullmatch(pattern, http.path.rstrip("/"))
    )


def _action(http: HttpRequest) -> str:
    if "x-www-form-urlencoded" not in http.headers.get("content-type", ""):
        return "".join(http.query.get("Action", [""])[:1])
    return parse_qs(http.body.decode()).get("Action", [""])[0]


def _name(models: list[ServiceModel], signing_name: str) -> str:
    if not models:
        return _WITHOUT_MODEL.get(signing_name, signing_name)
    return str(models[0].metadata["serviceFullName"])


@functools.cache
def _models(signing_name: str) -> tuple[ServiceModel, ...]:
    """Returns the models of the services with a signing name."""
    services = loader().list_available_services("service-2")
    plain = signing_name.replace("-", "")
    likely = [one for one in services if plain in one.replace("-", "")]
    return tuple(_signed(signing_name, likely)) or tuple(_signed(signing_name, services))


def _by_path(signing_name: str, found: list[ServiceModel]) -> Iterator[ServiceModel]:
    """Yields the models whose names are likely first, then each other one."""
    yield from found
    names = {one.service_name for one in found}
    services = loader().list_available_services("service-2")
    others = [one for one in services if one not in names]
    yield from _signed(signing_name, others)


def _signed(signing_name: str, services: list[str]) -> Iterator[ServiceModel]:
    for service in services:
        model = service_model(service)
        if signing_name in (model.signing_name, model.endpoint_prefix):
            yield model


def _json(message: str, content_type: str = "application/x-amz-json-1.1") -> Response:
    headers = {"Content-Type": content_type, "x-amzn-ErrorType": _CODE}
    return 400, headers, json.dumps({"__type": _CODE, "message": message}).encode()


def _rest_json(message: str) -> Response:
    return _json(message, "application/json")


def _query(message: str) -> Response:
    error = f"<Error><Type>Sender</Type><Code>{_CODE}</Code><Message>{escape(message)}</Message>"
    body = f"<ErrorResponse>{error}</Error><RequestId>rehearsal</RequestId></ErrorResponse>"
    return 400, {"Content-Type": "text/xml"}, body.encode()


def _ec2(message: str) -> Response:
    error = f"<Error><Code>{_CODE}</Code><Message>{escape(message)}</Message></Error>"
    body = f"<Response><Errors>{error}</Errors><RequestID>rehearsal</RequestID></Response>"
    return 400, {"Content-Type": "text/xml"}, body.encode()


def _cbor(message: str) -> Response:
    pairs = {"__type": _CODE, "message": message}
    content = b"".join(_cbor_text(key) + _cbor_text(value) for key, value in pairs.items())
    headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    return 400, headers, bytes([0xA0 + len(pairs)]) + content


def _cbor_text(text: str) -> bytes:
    content = text.encode()
    size = len(content)
    head = bytes([0x60 + size]) if size < 24 else bytes([0x79, *size.to_bytes(2, "big")])
    return head + content


_WRITERS: Mapping[str, Callable[[str], Response]] = {
    "cbor": _cbor,
    "ec2": _ec2,
    "json": _json,
    "query": _query,
    "rest-json": _rest_json,
    "rest-xml": _query,
    "smithy-rpc-v2-cbor": _cbor,
}
