"""The rest-json protocol of AWS.

Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from rehearsal.framework.platform import AwsError
from rehearsal.framework.protocols.event_streams import CONTENT_TYPE, write_events
from rehearsal.framework.protocols.json_protocol import json_object, read_input
from rehearsal.framework.protocols.protocol import HttpRequest, HttpResponse, from_text
from rehearsal.framework.protocols.shapes import ShapeReader, write, write_timestamp


class RestJsonProtocol:
    """Method and URI identify the operation; members are in URI, query, headers and body."""

    def __init__(self, model: ServiceModel) -> None:
        self._routes = [
            (operation.http["method"], _uri_pattern(operation.http["requestUri"]), operation)
            for operation in map(model.operation_model, model.operation_names)
        ]

    def operation(self, http: HttpRequest) -> OperationModel | None:
        if "x-amz-target" in http.headers:
            return None
        for method, pattern, operation in self._routes:
            if method == http.method and pattern.fullmatch(http.path):
                return operation
        return None

    def read(
        self, operation: OperationModel, http: HttpRequest, reader: ShapeReader
    ) -> dict[str, Any]:
        shape = operation.input_shape
        if shape is None:
            return {}
        uri = _uri_pattern(operation.http["requestUri"]).fullmatch(http.path)
        fields = uri.groupdict() if uri else {}
        values: dict[str, Any] = {}
        for name, member in shape.members.items():
            found = _located_value(member, name, http, fields)
            if found is not None:
                values[name] = found
        payload = shape.serialization.get("payload")
        if payload:
            member = shape.members[payload]
            raw = member.type_name in ("blob", "string")
            if http.body or raw:
                values[payload] = _raw(member, http.body) if raw else json_object(http.body)
        else:
            values.update(json_object(http.body))
        return read_input(reader, shape, values)

    def write(self, operation: OperationModel, response: Mapping[str, Any]) -> HttpResponse:
        shape = operation.output_shape
        status = int(operation.http.get("responseCode", 200))
        headers = {"Content-Type": "application/json"}
        if shape is None:
            return status, headers, b"{}"
        body_members, location_headers = _split(shape, response)
        payload = shape.serialization.get("payload")
        if operation.has_event_stream_output:
            stream = operation.get_event_stream_output()
            events = response.get(str(payload), ())
            headers = {"Content-Type": CONTENT_TYPE}
            return status, {**headers, **location_headers}, write_events(stream, events)
        if payload and shape.members[payload].type_name == "blob":
            body = response.get(payload, b"")
            # The content type is a member of the response (InvokeEndpoint).
            return status, {**headers, **location_headers}, body
        if payload:
            content = write(shape.members[payload], response.get(payload, {}), payload)
        else:
            content = write(shape, body_members)
        return status, {**headers, **location_headers}, json.dumps(content).encode()

    def write_error(self, error: AwsError) -> HttpResponse:
        content = {**error.members, "message": error.message}
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
        return error.status, headers, json.dumps(content, default=str).encode()


def _uri_pattern(uri: str) -> re.Pattern[str]:
    path = uri.split("?", 1)[0]
    expression = ""
    for piece in re.split(r"(\{[^}]+\})", path):
        if not piece.startswith("{"):
            expression += re.escape(piece)
            continue
        label = piece[1:-1]
        # A slash within a label arrives decoded, as that of an ARN.
        allowed = ".+" if label.endswith("+") else "[^/]+|arn:.+"
        expression += f"(?P<{label.rstrip('+')}>{allowed})"
    return re.compile(expression)


def _located_value(
    member: Shape, name: str, http: HttpRequest, fields: Mapping[str, str | None]
) -> Any:
    wire_name = member.serialization.get("name", name)
    match member.serialization.get("location"):
        case "uri":
            text = fields.get(wire_name)
            return None if text is None else from_text(member, unquote(text))
        case "header":
            text = http.headers.get(wire_name.lower())
            return None if text is None else from_text(member, text)
        case "headers":
            prefix = wire_name.lower()
            return {
                key[len(prefix) :]: value
                for key, value in http.headers.items()
                if key.startswith(prefix)
            } or None
        case "querystring":
            values = http.query.get(wire_name)
            if not values:
                return None
            if isinstance(member, ListShape):
                return [from_text(member.member, value) for value in values]
            return from_text(member, values[0])
    return None


def _raw(member: Shape, body: bytes) -> bytes | str:
    return body if member.type_name == "blob" else body.decode("utf-8", "replace")


def _split(
    shape: StructureShape, response: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns the members of a response in its body, and those in its headers."""
    body, headers = {}, {}
    for name, value in response.items():
        member = shape.members.get(name)
        location = member.serialization.get("location") if member is not None else None
        if member is None or location is None:
            body[name] = value
        elif value is not None and location == "header":
            wire = value
            if member.type_name == "timestamp":
                wire = write_timestamp(member, value, name, default="rfc822")
            headers[member.serialization.get("name", name)] = str(wire)
    return body, headers
