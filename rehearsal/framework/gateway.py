"""The gateway of the services: finds an operation, validates it, evaluates IAM and runs it."""

from __future__ import annotations

import asyncio
import contextvars
import errno
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol

from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import OperationModel, ServiceModel

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.protocols.json_protocol import JsonProtocol
from rehearsal.framework.protocols.protocol import HttpRequest, HttpResponse, WireProtocol
from rehearsal.framework.protocols.query_protocol import QueryProtocol
from rehearsal.framework.protocols.rest_json_protocol import RestJsonProtocol
from rehearsal.framework.protocols.shapes import ResponseError, ShapeReader, validation_message
from rehearsal.framework.service import HostRoute, Service
from rehearsal.framework.service_models import service_model

_log = logging.getLogger("rehearsal.gateway")


class Authorizer(Protocol):
    """Evaluates IAM for HTTP requests."""

    def authorize_request(
        self,
        http: HttpRequest,
        *,
        action: str,
        resource_arn: str,
        scope: Scope,
        context_keys: Mapping[str, Any],
    ) -> None:
        """Raises AwsError (AccessDeniedException) if IAM denies the request."""


@dataclass(frozen=True)
class _Endpoint:
    service: Service
    model: ServiceModel
    protocol: WireProtocol


class Gateway:
    """Serves a set of services.

    Args:
        services: the services.
        authorizer: evaluates IAM.
        executor: runs operations.

    Raises:
        ValueError: a service maps its operations to no IAM resources, or has no supported protocol.
    """

    def __init__(
        self, services: Sequence[Service], *, authorizer: Authorizer, executor: Executor
    ) -> None:
        self._authorizer = authorizer
        self._executor = executor
        self.services = tuple(services)
        self._endpoints: dict[str, list[_Endpoint]] = {}
        self._routes: dict[str, list[tuple[Service, HostRoute]]] = {}
        for service in services:
            _check_mapping(service)
            model = service_model(service.name)
            self._endpoints.setdefault(model.signing_name, []).extend(
                _Endpoint(service, model, protocol) for protocol in _protocols(model)
            )
            self._routes.setdefault(model.signing_name, []).extend(
                (service, route) for route in service.host_routes()
            )

    @property
    def target_prefixes(self) -> dict[str, list[str]]:
        """The X-Amz-Target prefixes of the services by signing name."""
        return {
            signing_name: [
                endpoint.model.metadata["targetPrefix"]
                for endpoint in endpoints
                if "targetPrefix" in endpoint.model.metadata
            ]
            for signing_name, endpoints in self._endpoints.items()
        }

    async def handle(
        self, signing_name: str, http: HttpRequest, scope: Scope, caller_arn: str
    ) -> HttpResponse:
        """Serves one authenticated request that was signed for `signing_name`."""
        host = http.headers.get("host", "").partition(":")[0].lower()
        for service, route in self._routes.get(signing_name, ()):
            if route.serves(host):
                return await self._handle_at_host(service, route, http, Context(scope, caller_arn))
        protocol = self._endpoints[signing_name][0].protocol
        try:
            endpoint, operation = self._find(signing_name, http)
            protocol = endpoint.protocol
            request = _read(endpoint, operation, http)
            context = Context(scope, caller_arn)
            self._authorize(endpoint.service, operation, request, http, scope)
            method = endpoint.service.operation(xform_name(operation.name))
            assert method is not None, "_find has checked it"  # noqa: S101
            response = await self._run(method, request, context)
            return protocol.write(operation, response if response is not None else {})
        except AwsError as error:
            return protocol.write_error(error)
        except ResponseError as error:
            _log.error("The response of %s breaks its model: %s", http.headers, error)
            return protocol.write_error(AwsError("InternalFailure", str(error), 500))
        except OSError as error:
            return protocol.write_error(_system_error(error))
        except ClientError as error:
            return protocol.write_error(_error_of_call(error))
        except Exception as error:
            _log.exception("%s %s failed", http.method, http.headers.get("x-amz-target", http.path))
            message = f"{type(error).__name__}: {error}"
            return protocol.write_error(AwsError("InternalFailure", message, 500))

    async def _handle_at_host(
        self, service: Service, route: HostRoute, http: HttpRequest, context: Context
    ) -> HttpResponse:
        try:
            for action, arn in route.permissions(http, context.scope):
                tags = service.resource_tags(arn, context.scope)
                self._authorizer.authorize_request(
                    http,
                    action=action,
                    resource_arn=arn,
                    scope=context.scope,
                    context_keys={f"aws:ResourceTag/{key}": tag for key, tag in tags.items()},
                )
            found: HttpResponse = await self._run(route.respond, http, context)
        except AwsError as error:
            return route.write_error(error)
        except Exception as error:
            _log.exception("%s %s failed", http.method, http.path)
            message = f"{type(error).__name__}: {error}"
            return route.write_error(AwsError("InternalFailure", message, 500))
        return found

    async def _run(self, method: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a method on a worker thread, in the context of the request."""
        run = contextvars.copy_context().run
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, run, method, *arguments)

    def _find(self, signing_name: str, http: HttpRequest) -> tuple[_Endpoint, OperationModel]:
        for endpoint in self._endpoints[signing_name]:
            operation = endpoint.protocol.operation(http)
            if operation is None:
                continue
            if endpoint.service.operation(xform_name(operation.name)) is None:
                raise AwsError(
                    "UnknownOperationException",
                    f"The rehearsal does not support {endpoint.service.name} {operation.name}.",
                )
            return endpoint, operation
        target = http.headers.get("x-amz-target") or f"{http.method} {http.path}"
        raise AwsError(
            "UnknownOperationException", f"The rehearsal does not support the operation {target}."
        )

    def _authorize(
        self,
        service: Service,
        operation: OperationModel,
        request: Mapping[str, Any],
        http: HttpRequest,
        scope: Scope,
    ) -> None:
        requested = service.tag_shape.condition_keys(request)
        for arn in service.resource_arns(operation.name, request, scope):
            tags = service.resource_tags(arn, scope) if arn != "*" else {}
            self._authorizer.authorize_request(
                http,
                action=service.action(operation.name),
                resource_arn=arn,
                scope=scope,
                context_keys={
                    **requested,
                    **service.condition_keys(operation.name, request, scope),
                    **{f"aws:ResourceTag/{key}": value for key, value in tags.items()},
                },
            )


def _check_mapping(service: Service) -> None:
    kind = type(service)
    if kind.resource_arns is Service.resource_arns or not getattr(kind, "namespace", ""):
        raise ValueError(
            f"{kind.__name__} maps its operations to no IAM resources. "
            "Define `namespace` and `resource_arns`."
        )


def _protocols(model: ServiceModel) -> list[WireProtocol]:
    """Returns the protocols of a service that the gateway supports.

    Raises:
        ValueError: the service has no supported protocol.
    """
    protocols = model.metadata.get("protocols", [model.metadata["protocol"]])
    if "query" in protocols and "json" in protocols:
        return [JsonProtocol(model), QueryProtocol(model)]
    match model.metadata["protocol"]:
        case "json":
            return [JsonProtocol(model)]
        case "rest-json":
            return [RestJsonProtocol(model)]
        case other:
            raise ValueError(
                f"{model.service_name} has the protocol {other}; supported: json, rest-json"
            )


def _read(endpoint: _Endpoint, operation: OperationModel, http: HttpRequest) -> dict[str, Any]:
    reader = ShapeReader()
    request = endpoint.protocol.read(operation, http, reader)
    if reader.problems:
        raise AwsError(endpoint.service.validation_error, validation_message(reader.problems))
    return request


def _error_of_call(error: ClientError) -> AwsError:
    """Returns the error of an operation that called another service in vain."""
    _log.warning("An operation failed by a call of another service: %s", error)
    found = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    message = f"{error.operation_name}: {found.get('Message', '')}"
    return AwsError(str(found.get("Code", "ValidationException")), message, int(status))


def _system_error(error: OSError) -> AwsError:
    if error.errno == errno.ENOSPC:
        message = f"The disk of the rehearsal is full ({error.filename}): free disk space."
        return AwsError("ServiceUnavailable", message, 503)
    _log.exception("An operation failed")
    return AwsError("InternalFailure", f"{type(error).__name__}: {error}", 500)
