"""IAM for requests to Parameter Store that name several parameters."""

import json
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.ministack.corrections.resource_arns import operation_of, parameter_arns, request_of
from rehearsal.ministack.iam import identity
from rehearsal.ministack.registry import patch
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.routing import Handler, Response


@patch(
    "ministack.app:SERVICE_HANDLERS[ssm]",
    why="IAM is evaluated for the first parameter of a request only.",
    until="ministack evaluates IAM for each resource of a request.",
)
async def authorize_each_parameter(
    previous: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    operation, scope = operation_of(headers), current_scope()
    http = HttpRequest(method, path, headers, query_params, body)
    for arn in parameter_arns(operation, request_of(body), scope.region, scope.account)[1:]:
        try:
            identity.authorize_request(
                http, action=f"ssm:{operation}", resource_arn=arn, scope=scope, context_keys={}
            )
        except AwsError as error:
            content = {"__type": error.code, "Message": error.message}
            denied = {"Content-Type": "application/x-amz-json-1.1"}
            return 400, denied, json.dumps(content).encode()
    return await previous(method, path, headers, body, query_params)
