"""The resources that IAM is asked about for services of ministack, where it is too coarse.

Sources: "Service Authorization Reference"; "Overview of managing access permissions to your
CloudWatch Logs resources", which asks for `log-group:NAME:*` in all operations but tagging;
"Restrict access to Parameter Store parameters using IAM policies".
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions

from rehearsal.framework.platform import AwsError
from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.ministack.iam import identity
from rehearsal.ministack.routing import Answer, Handler, wrap_service
from rehearsal.ministack.scope import current_scope

_LOG_TAGGING = {"TagResource", "UntagResource", "ListTagsForResource"}
_PARAMETERS = {"GetParameters": "Names", "DeleteParameters": "Names"} | dict.fromkeys(
    (
        "DeleteParameter",
        "GetParameter",
        "GetParameterHistory",
        "LabelParameterVersion",
        "PutParameter",
        "UnlabelParameterVersion",
    ),
    "Name",
)


def install() -> None:
    """Corrects the ARNs for CloudWatch Logs, ECR and parameters of Systems Manager."""
    stock = iam_actions.extract_resource_arn

    def extract(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        arn: str = stock(service, method, path, headers, body, *rest)
        operation = _operation(headers)
        request = _json(body) if service in ("logs", "ecr", "ssm") else {}
        if service == "logs" and ":log-group:" in arn and operation not in _LOG_TAGGING:
            return f"{arn.removesuffix(':*')}:log-stream:{request.get('logStreamName', '')}"
        _, region, account_id = rest
        names = request.get("repositoryNames")
        if service == "ecr" and isinstance(names, list) and len(names) == 1:
            return f"arn:aws:ecr:{region}:{account_id}:repository/{names[0]}"
        if service == "ssm":
            return next(iter(_parameters(operation, request, region, account_id)), arn)
        return arn

    iam_actions.extract_resource_arn = extract
    wrap_service("ssm", _each_parameter)


def _each_parameter(stock: Handler) -> Handler:
    """ministack asks for one resource, the first parameter: the others are asked for here."""

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Answer:
        operation, scope = _operation(headers), current_scope()
        http = HttpRequest(method, path, headers, query, body)
        for arn in _parameters(operation, _json(body), scope.region, scope.account)[1:]:
            try:
                identity.authorize_request(
                    http,
                    action=f"ssm:{operation}",
                    resource_arn=arn,
                    scope=scope,
                    context_keys={},
                )
            except AwsError as error:
                content = {"__type": error.code, "Message": error.message}
                refused = {"Content-Type": "application/x-amz-json-1.1"}
                return 400, refused, json.dumps(content).encode()
        return await stock(method, path, headers, body, query)

    return handle


def _parameters(operation: str, request: dict[str, Any], region: str, account: str) -> list[str]:
    """The ARNs of the parameters that a request names, without their versions and labels."""
    named = request.get(_PARAMETERS.get(operation, ""))
    names = named if isinstance(named, list) else [named]
    arns = []
    for name in names:
        if not isinstance(name, str) or not name:
            return []  # the service itself answers a request that is not well-formed
        if name.startswith("arn:"):
            arns.append(":".join(name.split(":")[:6]))
        else:
            name = name.split(":")[0].removeprefix("/")
            arns.append(f"arn:aws:ssm:{region}:{account}:parameter/{name}")
    return arns


def _operation(headers: Any) -> str:
    operation: str = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    return operation


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}  # the service itself answers a body that is not JSON
    return found if isinstance(found, dict) else {}
