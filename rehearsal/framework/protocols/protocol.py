"""The interface of the gateway to a wire protocol of AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.model import OperationModel, Shape

from rehearsal.framework.platform import AwsError
from rehearsal.framework.protocols.shapes import ShapeReader

HttpResponse = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""


@dataclass(frozen=True)
class HttpRequest:
    """An HTTP request; header names are lower case, `query` maps a name to its values."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: bytes


class WireProtocol(Protocol):
    """A wire protocol of a service."""

    def operation(self, http: HttpRequest) -> OperationModel | None:
        """Returns the operation of a request, or None if it is not one of this service."""

    def read(
        self, operation: OperationModel, http: HttpRequest, reader: ShapeReader
    ) -> dict[str, Any]:
        """Returns the input of the operation; the reader collects what breaks the model."""

    def write(self, operation: OperationModel, response: Mapping[str, Any]) -> HttpResponse:
        """Returns the HTTP response.

        Raises:
            ResponseError: the response breaks the model.
        """

    def write_error(self, error: AwsError) -> HttpResponse:
        """Returns the HTTP response of an error."""


def from_text(shape: Shape, text: str) -> Any:
    """Returns a scalar from text; malformed text stays text, which the model rejects."""
    try:
        match shape.type_name:
            case "integer" | "long":
                return int(text)
            case "float" | "double":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}.get(text.lower(), text)
    except ValueError:
        return text
    return text
