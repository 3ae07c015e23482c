"""The query protocol of AWS, which older clients of CloudWatch and Step Functions use.

Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from rehearsal.framework.platform import AwsError
from rehearsal.framework.protocols.protocol import HttpRequest, HttpResponse, from_text
from rehearsal.framework.protocols.shapes import ShapeReader, write


class QueryProtocol:
    """A form with `Action`; lists are `Name.member.1`, responses are XML."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._namespace = model.metadata["xmlNamespace"]

    def operation(self, http: HttpRequest) -> OperationModel | None:
        action = _form(http).get("Action")
        if action is None:
            return None
        if action not in self._model.operation_names:
            raise AwsError("InvalidAction", f"{action} is not an action")
        return self._model.operation_model(action)

    def read(
        self, operation: OperationModel, http: HttpRequest, reader: ShapeReader
    ) -> dict[str, Any]:
        shape = operation.input_shape
        if shape is None:
            return {}
        content = _from_form(shape, _form(http), "")
        request: dict[str, Any] = reader.read(shape, content or {})
        return request

    def write(self, operation: OperationModel, response: Mapping[str, Any]) -> HttpResponse:
        name, shape = operation.name, operation.output_shape
        result = ""
        if shape is not None:
            result = f"<{name}Result>{_xml(shape, write(shape, response))}</{name}Result>"
        metadata = f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        body = f'<{name}Response xmlns="{self._namespace}">{result}{metadata}</{name}Response>'
        return 200, {"Content-Type": "text/xml"}, body.encode()

    def write_error(self, error: AwsError) -> HttpResponse:
        kind = "Sender" if error.status < 500 else "Receiver"
        body = (
            f'<ErrorResponse xmlns="{self._namespace}"><Error><Type>{kind}</Type>'
            f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
            f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
        )
        return error.status, {"Content-Type": "text/xml"}, body.encode()


def _form(http: HttpRequest) -> dict[str, str]:
    sent = parse_qs(http.body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in {**http.query, **sent}.items() if values}


def _from_form(shape: Shape, form: Mapping[str, str], name: str) -> Any:
    """Returns the value of a shape whose fields begin with `name`, or None."""
    match shape:
        case StructureShape():
            prefix = f"{name}." if name else ""
            found = {
                member: _from_form(inner, form, f"{prefix}{member}")
                for member, inner in shape.members.items()
            }
            kept = {member: value for member, value in found.items() if value is not None}
            return kept or None
        case ListShape():
            items: list[Any] = []
            while True:
                item = _from_form(shape.member, form, f"{name}.member.{len(items) + 1}")
                if item is None:
                    return items or ([] if name in form else None)
                items.append(item)
        case MapShape():
            return _map_from_form(shape, form, name)
    if name not in form:
        return None
    return from_text(shape, form[name])


def _map_from_form(shape: MapShape, form: Mapping[str, str], name: str) -> Any:
    """Returns the map whose entries are `NAME.entry.1.key` and `NAME.entry.1.value`, or None."""
    found: dict[Any, Any] = {}
    while True:
        entry = f"{name}.entry.{len(found) + 1}"
        key = _from_form(shape.key, form, f"{entry}.{shape.key.serialization.get('name', 'key')}")
        if key is None or key in found:
            return found or None
        value = shape.value.serialization.get("name", "value")
        found[key] = _from_form(shape.value, form, f"{entry}.{value}")


def _xml(shape: Shape, value: Any) -> str:
    match shape:
        case StructureShape():
            return "".join(
                f"<{name}>{_xml(shape.members[name], item)}</{name}>"
                for name, item in value.items()
            )
        case ListShape():
            return "".join(f"<member>{_xml(shape.member, item)}</member>" for item in value)
        case MapShape():
            return "".join(
                f"<entry><key>{escape(str(key))}</key><value>{_xml(shape.value, item)}</value>"
                "</entry>"
                for key, item in value.items()
            )
    if shape.type_name == "timestamp":
        moment = datetime.datetime.fromtimestamp(float(value), datetime.UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if shape.type_name == "boolean":
        return "true" if value else "false"
    return escape(str(value))
