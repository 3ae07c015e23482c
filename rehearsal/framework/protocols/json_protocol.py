"""The json protocol of AWS.

Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import OperationModel, ServiceModel, Shape

from rehearsal.framework.platform import AwsError
from rehearsal.framework.protocols.protocol import HttpRequest, HttpResponse
from rehearsal.framework.protocols.shapes import ShapeReader, write


class JsonProtocol:
    """POST / with the operation in X-Amz-Target and all members in the body."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._prefix = f"{model.metadata['targetPrefix']}."
        self._content_type = f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}"

    def operation(self, http: HttpRequest) -> OperationModel | None:
        target = http.headers.get("x-amz-target", "")
        if not target.startswith(self._prefix):
            return None
        name = target.removeprefix(self._prefix)
        if name not in self._model.operation_names:
            raise AwsError("UnknownOperationException", f"{target} is not an operation")
        return self._model.operation_model(name)

    def read(
        self, operation: OperationModel, http: HttpRequest, reader: ShapeReader
    ) -> dict[str, Any]:
        content = json_object(http.body)
        shape = operation.input_shape
        return read_input(reader, shape, content) if shape is not None else {}

    def write(self, operation: OperationModel, response: Mapping[str, Any]) -> HttpResponse:
        shape = operation.output_shape
        content = write(shape, response) if shape is not None else {}
        return 200, {"Content-Type": self._content_type}, json.dumps(content).encode()

    def write_error(self, error: AwsError) -> HttpResponse:
        content = {**error.members, "__type": error.code, "message": error.message}
        headers = {"Content-Type": self._content_type, "x-amzn-ErrorType": error.code}
        return error.status, headers, json.dumps(content, default=str).encode()


def read_input(reader: ShapeReader, shape: Shape, content: dict[str, Any]) -> dict[str, Any]:
    """Returns the input of an operation; the reader collects what breaks the model."""
    request: dict[str, Any] = reader.read(shape, content)
    return request


def json_object(body: bytes) -> dict[str, Any]:
    """Returns the JSON object of a body, which may be empty.

    Raises:
        AwsError: SerializationException, if the body is not a JSON object.
    """
    if not body:
        return {}
    try:
        content = json.loads(body)
    except ValueError as error:
        raise AwsError("SerializationException", f"The body is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise AwsError(
            "SerializationException", f"The body is a {type(content).__name__}, not an object"
        )
    return content
