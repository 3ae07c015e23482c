"""Requests to services that the rehearsal does not have: the error that each client shows."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import botocore.compat
import botocore.parsers
import botocore.serialize
import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from rehearsal.ministack.unsupported_services import reject
from tests.rehearsal.ministack.patched import named

SESSION = botocore.session.Session()


def unsupported() -> list[str]:
    """Returns botocore's services whose requests no service of the rehearsal gets."""
    handlers = named("ministack.app", "SERVICE_HANDLERS")
    known = named("ministack.core.router", "SERVICE_PATTERNS")
    found = []
    for service in SESSION.get_available_services():
        likely = service.replace("-", "")
        if any(likely.startswith(one.replace("-", "")) for one in (*handlers, *known)):
            continue
        found.append(service)
    return found


def _value(shape: Any, depth: int) -> Any:
    kind = shape.type_name
    if kind == "structure":
        required = list(shape.required_members)
        members = shape.members
        if getattr(shape, "is_tagged_union", False):
            required = list(members)[:1]
        return {name: _value(members[name], depth + 1) for name in required} if depth < 6 else {}
    if kind == "list":
        return [_value(shape.member, depth + 1)]
    if kind == "map":
        return {"any": _value(shape.value, depth + 1)}
    scalars = {
        "blob": b"any",
        "boolean": True,
        "double": 1.0,
        "float": 1.0,
        "integer": 1,
        "long": 1,
        "timestamp": 0,
    }
    return scalars.get(kind, "any")


def _reject(service: str, operation: OperationModel) -> dict[str, Any]:
    """Returns the error of a request as botocore parses it."""
    model = operation.service_model
    protocol = model.resolved_protocol
    shape = operation.input_shape
    request = botocore.serialize.create_serializer(protocol, False).serialize_to_request(
        _value(shape, 0) if shape else {}, operation
    )
    url = urlsplit(request["url_path"])
    further = dict(request["query_string"] or {})
    query = {**parse_qs(url.query), **{name: [str(value)] for name, value in further.items()}}
    body = request["body"]
    if isinstance(body, dict):
        body = urlencode(body)
    body = body.encode() if isinstance(body, str) else b"" if body is None else bytes(body)
    headers = {name.lower(): str(value) for name, value in request["headers"].items()}
    status, sent, content = asyncio.run(
        reject(model.signing_name, request["method"], url.path, headers, body, query)
    )
    parser = botocore.parsers.create_parser(protocol)
    described = {"status_code": status, "headers": _headers(sent), "body": content}
    parsed: dict[str, Any] = parser.parse(described, operation.output_shape)  # type: ignore[arg-type]
    return parsed


def _headers(sent: dict[str, str]) -> Any:
    return botocore.compat.HTTPHeaders.from_dict(sent)


@pytest.mark.unit
@pytest.mark.parametrize("service", unsupported())
def test_the_error_names_the_service_and_the_operation(service: str) -> None:
    model = SESSION.get_service_model(service)
    name = next(
        one
        for one in model.operation_names
        if model.operation_model(one).http.get("method") != "HEAD"
    )
    parsed = _reject(service, model.operation_model(name))
    assert parsed["Error"]["Code"] == "UnsupportedOperation"
    message = parsed["Error"]["Message"]
    assert message.startswith(f"The rehearsal does not support {name} of ")
    assert model.signing_name in message


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("service-quotas", "list_service_quotas", {"ServiceCode": "sagemaker"}),
        ("securityhub", "get_findings", {}),
        ("elasticbeanstalk", "describe_applications", {}),
        ("arc-region-switch", "list_plans", {}),
        ("athena", "get_calculation_execution", {"CalculationExecutionId": "any"}),
        ("autoscaling", "describe_account_limits", {}),
        ("ec2", "describe_account_attributes", {}),
        ("route53", "get_account_limit", {"Type": "MAX_HEALTH_CHECKS_BY_OWNER"}),
        ("kms", "describe_custom_key_stores", {}),
    ],
)
def test_a_client_shows_the_error(
    aws: Any, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(aws.client(service), operation)(**arguments)
    assert raised.value.response["Error"]["Code"] == "UnsupportedOperation"
    assert "The rehearsal does not support" in str(raised.value)
