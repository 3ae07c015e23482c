"""What a wire protocol of AWS is to the gateway, whatever it looks like on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.model import OperationModel, Shape

from rehearsal.framework.platform import AwsError
from rehearsal.framework.protocols.shapes import ShapeReader

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class HttpRequest:
    """An HTTP request; header names are lower case, `query` maps a name to its values."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: bytes


class WireProtocol(Protocol):
    """How one service speaks."""

    def operation(self, http: HttpRequest) -> OperationModel | None:
        """The operation that a request names; None when it is not one of this service."""

    def read(
        self, operation: OperationModel, http: HttpRequest, reader: ShapeReader
    ) -> dict[str, Any]:
        """The input of the operation; what breaks the model goes to the reader's problems."""

    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Answer:
        """The HTTP answer. Raises AnswerError when the answer breaks the model."""

    def write_error(self, error: AwsError) -> Answer:
        """The HTTP answer of an error."""


def from_text(shape: Shape, text: str) -> Any:
    """A scalar that travels as text; what does not parse stays text, which the model refuses."""
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
