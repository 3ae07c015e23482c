"""The catalogues of ministack's services before their handlers.

The rules read no state, so a request alone decides.
"""

import functools

from rehearsal.framework.platform import AwsError
from rehearsal.framework.protocols.json_protocol import JsonProtocol
from rehearsal.framework.protocols.protocol import HttpRequest, WireProtocol
from rehearsal.framework.protocols.query_protocol import QueryProtocol
from rehearsal.framework.protocols.rest_json_protocol import RestJsonProtocol
from rehearsal.framework.protocols.shapes import ShapeReader
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.service_models import service_model
from rehearsal.ministack.registry import patch_value
from rehearsal.ministack.request_rules import (
    event_rules,
    function_rules,
    identity_rules,
    key_rules,
    log_rules,
    parameter_rules,
    queue_rules,
    registry_rules,
    secret_rules,
    state_machine_rules,
    topic_rules,
)
from rehearsal.ministack.routing import Handler, Response

CATALOGUES = (
    event_rules.RULES,
    function_rules.RULES,
    identity_rules.IDENTITIES,
    identity_rules.SESSIONS,
    key_rules.RULES,
    log_rules.RULES,
    parameter_rules.RULES,
    queue_rules.RULES,
    registry_rules.RULES,
    secret_rules.RULES,
    state_machine_rules.RULES,
    topic_rules.RULES,
)
_HANDLERS = {"stepfunctions": "states"}


@patch_value(
    "ministack.app:SERVICE_HANDLERS",
    why="Requests are served that AWS rejects for what its models do not state.",
    until="ministack rejects them.",
    after="unsupported_services",
)
def enforce(handlers: dict[str, Handler]) -> dict[str, Handler]:
    for catalogue in CATALOGUES:
        name = _HANDLERS.get(catalogue.service, catalogue.service)
        handlers[name] = functools.partial(_enforced, handlers[name], catalogue)
    return handlers


async def _enforced(
    previous: Handler,
    catalogue: Catalogue,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: dict[str, list[str]],
) -> Response:
    http = HttpRequest(method, path, headers, query_params or {}, body)
    protocol = _protocol(catalogue.service)
    try:
        call = _call(protocol, catalogue, http)
        if call is not None:
            catalogue.enforce(call)
    except AwsError as error:
        return protocol.write_error(error)
    return await previous(method, path, headers, body, query_params)


def _call(protocol: WireProtocol, catalogue: Catalogue, http: HttpRequest) -> Call | None:
    """Returns the call of a request that has rules.

    None is for another operation, and for a request that the service cannot read, which it rejects.
    """
    try:
        operation = protocol.operation(http)
        if operation is None or operation.name not in catalogue.operations:
            return None
        return Call(operation.name, protocol.read(operation, http, ShapeReader()))
    except AwsError:
        return None


@functools.cache
def _protocol(service: str) -> WireProtocol:
    model = service_model(service)
    match model.metadata["protocol"]:
        case "query":
            return QueryProtocol(model)
        case "rest-json":
            return RestJsonProtocol(model)
    return JsonProtocol(model)
