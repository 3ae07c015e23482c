"""The catalogues of ministack's services before their handlers.

The rules read no state, so a request alone decides.
"""

import functools
import json

from rehearsal.framework.platform import AwsError
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.ministack.registry import patch_value
from rehearsal.ministack.request_rules import (
    event_rules,
    log_rules,
    parameter_rules,
    registry_rules,
    secret_rules,
)
from rehearsal.ministack.routing import Handler, Response
from rehearsal.ministack.unsupported_requests import error_response

CATALOGUES = (
    event_rules.RULES,
    log_rules.RULES,
    parameter_rules.RULES,
    registry_rules.RULES,
    secret_rules.SECRETS,
    secret_rules.KEYS,
)


@patch_value(
    "ministack.app:SERVICE_HANDLERS",
    why="Requests are served that AWS rejects for what its models do not state.",
    until="ministack rejects them.",
    after="unsupported_services",
)
def enforce(handlers: dict[str, Handler]) -> dict[str, Handler]:
    for catalogue in CATALOGUES:
        name = catalogue.service
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
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation in catalogue.operations:
        try:
            catalogue.enforce(Call(operation, _request(body)))
        except AwsError as error:
            return error_response(error.code, error.message, error.status)
    return await previous(method, path, headers, body, query_params)


def _request(body: bytes) -> dict[str, object]:
    """Returns the members of a request; none if it is not JSON, which the service rejects."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}
