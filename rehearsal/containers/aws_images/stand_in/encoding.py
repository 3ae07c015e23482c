"""The media types of SageMaker's inference toolkit: CSV, JSON, JSON lines and NPY."""

import io
import json
from typing import Any

import numpy

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
NPY = "application/x-npy"
TEXT = (CSV, JSON, JSON_LINES)


class UnsupportedMediaTypeError(ValueError):
    """A content type that cannot be decoded, or an accept type that cannot be encoded."""


def media_type(header: str) -> str:
    """Returns a content type without its parameters."""
    return header.partition(";")[0].strip().lower()


def decode(body: bytes, content_type: str) -> Any:
    """Returns the array of a body.

    Raises:
        UnsupportedMediaTypeError: the content type is unknown.
    """
    kind = media_type(content_type)
    if kind == NPY:
        return numpy.load(io.BytesIO(body), allow_pickle=False)
    if kind == JSON:
        return numpy.array(json.loads(body))
    if kind == JSON_LINES:
        return numpy.array([json.loads(line) for line in body.splitlines() if line.strip()])
    if kind == CSV:
        return numpy.genfromtxt(
            io.StringIO(body.decode()), dtype=None, delimiter=",", encoding=None
        )
    raise UnsupportedMediaTypeError(
        f"Content type {content_type} is not supported: use {', '.join((*TEXT, NPY))}."
    )


def encode(value: Any, accept: str) -> bytes:
    """Returns predictions as a body.

    Raises:
        UnsupportedMediaTypeError: the accept type is unknown.
    """
    kind = media_type(accept)
    plain = value.tolist() if hasattr(value, "tolist") else value
    if kind == NPY:
        buffer = io.BytesIO()
        numpy.save(buffer, numpy.asarray(value))
        return buffer.getvalue()
    if kind == JSON:
        return json.dumps(plain).encode()
    if kind == JSON_LINES:
        rows = plain if isinstance(plain, list) else [plain]
        return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    if kind == CSV:
        rows = plain if isinstance(plain, list) else [plain]
        lines = (",".join(map(str, row)) if isinstance(row, list) else str(row) for row in rows)
        return ("\n".join(lines) + "\n").encode()
    raise UnsupportedMediaTypeError(
        f"Accept type {accept} is not supported: use {', '.join((*TEXT, NPY))}."
    )
