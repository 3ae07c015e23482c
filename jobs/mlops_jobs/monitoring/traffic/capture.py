"""Captured requests and responses, and ground truth labels.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.settings import moment

CSV, JSON = "csv", "json"


@dataclass(frozen=True, kw_only=True)
class Body:
    """A request or a response.

    Args:
        content: content, as bytes of text.
        kind: format, `csv` or `json`.
    """

    content: bytes
    kind: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """One captured call.

    Args:
        event_id: id that SageMaker assigned.
        inference_id: id that the caller assigned. Defaults to "".
        time: time of the response. Defaults to None: unknown.
        request: the request. Defaults to None: not captured.
        response: the response. Defaults to None: not captured.
        labels: ground truth label of each row. Defaults to none: unknown.
        variant: variant of the endpoint. Defaults to "": unknown.
    """

    event_id: str
    inference_id: str = ""
    time: datetime | None = None
    request: Body | None = None
    response: Body | None = None
    labels: tuple[str, ...] = ()
    variant: str = ""


def events(lines: Iterable[tuple[str, str]], variant: str = "") -> Iterator[Event]:
    """Yields the calls of lines of capture files.

    Args:
        lines: lines, each with its location.
        variant: variant of the endpoint. Defaults to "": unknown.

    Raises:
        InputError: a line is not of a capture file.
    """
    for place, line in lines:
        document = document_of(place, line)
        captured, metadata = parts_of(place, document)
        time = metadata.get("inferenceTime")
        yield Event(
            event_id=str(metadata.get("eventId", "")),
            inference_id=str(metadata.get("inferenceId", "")),
            time=moment(time, f"{place}: inferenceTime") if time else None,
            request=body_of(place, captured.get("endpointInput")),
            response=body_of(place, captured.get("endpointOutput")),
            labels=_labels(place, document.get("groundTruthData")),
            variant=variant,
        )


def ground_truth(lines: Iterable[tuple[str, str]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields an event id or inference id, and its labels, for each line.

    Args:
        lines: lines of ground truth files, each with its location.

    Raises:
        InputError: a line is not of a ground truth file.
    """
    for place, line in lines:
        document = document_of(place, line)
        metadata = document.get("eventMetadata")
        identity = metadata.get("eventId") if isinstance(metadata, dict) else None
        labels = _labels(place, document.get("groundTruthData"))
        if not identity or not labels:
            raise InputError(
                f"{place}: got no groundTruthData or no eventMetadata.eventId; add both"
            )
        yield str(identity), labels


def document_of(place: str, line: str | bytes) -> dict[str, Any]:
    """Parses a line.

    Args:
        place: location of the line, for messages.
        line: the line.

    Raises:
        InputError: the line is not a JSON object.
    """
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{place}: not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputError(f"{place}: got {line[:40]!r}; allowed: a JSON object")
    return document


def parts_of(place: str, document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the captured data and the metadata of a document.

    Args:
        place: location of the document, for messages.
        document: a document of a capture file.

    Raises:
        InputError: the document is not of a capture file.
    """
    captured = document.get("captureData")
    if not isinstance(captured, dict):
        raise InputError(f"{place}: got no captureData; allowed: lines of data capture")
    metadata = document.get("eventMetadata")
    return captured, metadata if isinstance(metadata, dict) else {}


def body_of(place: str, side: Any) -> Body | None:
    """Returns a request, a response or labels; None if they were not captured.

    Args:
        place: location of the document, for messages.
        side: `endpointInput`, `endpointOutput` or `groundTruthData` of the document.

    Raises:
        InputError: the encoding is unknown, or the data does not have it.
    """
    if side is None:
        return None
    if not isinstance(side, dict):
        raise InputError(f"{place}: got {side!r:.40}; allowed: an object with data and encoding")
    encoding, data = str(side.get("encoding", "")).upper(), str(side.get("data", ""))
    content_type = str(side.get("observedContentType", "")).lower()
    kind = JSON if "json" in content_type else CSV
    lines = "jsonlines" in content_type
    match encoding:
        case "CSV":
            return Body(content=data.encode(), kind=CSV)
        case "JSON":
            return _json_body(data.encode(), lines=lines)
        case "BASE64":
            try:
                content = base64.b64decode(data, validate=True)
            except binascii.Error as error:
                raise InputError(f"{place}: data is not base64: {error}") from error
            return (
                Body(content=content, kind=CSV) if kind == CSV else _json_body(content, lines=lines)
            )
    raise InputError(f"{place}: got encoding {encoding!r}; allowed: CSV, JSON, BASE64")


def _json_body(content: bytes, *, lines: bool) -> Body:
    """Returns a JSON body; JSON lines become one list."""
    if lines:
        written = [line for line in content.splitlines() if line.strip()]
        content = b"[" + b",".join(written) + b"]"
    return Body(content=content, kind=JSON)


def _labels(place: str, side: Any) -> tuple[str, ...]:
    body = body_of(place, side)
    if body is None:
        return ()
    text = body.content.decode("utf-8", errors="replace").strip()
    if body.kind == CSV:
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{place}: labels are not JSON: {error}") from error
    return tuple(str(one) for one in (value if isinstance(value, list) else [value]))
