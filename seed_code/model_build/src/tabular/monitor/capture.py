"""Captured requests and answers, and the labels that turned out to be right.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tabular.failure import InputError
from tabular.monitor.settings import moment

CSV, JSON = "csv", "json"


@dataclass(frozen=True, kw_only=True)
class Body:
    """One side of a call.

    Args:
        content: what was sent, as bytes of text.
        kind: `csv` or `json`.
    """

    content: bytes
    kind: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """One captured call.

    Args:
        event_id: SageMaker's name for it.
        inference_id: the caller's name for it, or "".
        time: when it was answered, if that is known.
        request: what was sent, if it was captured.
        answer: what was answered, if it was captured.
        labels: the actual label of each of its rows, once they are known.
    """

    event_id: str
    inference_id: str = ""
    time: datetime | None = None
    request: Body | None = None
    answer: Body | None = None
    labels: tuple[str, ...] = ()


def events(lines: Iterable[tuple[str, str]]) -> Iterator[Event]:
    """The calls that lines of capture files hold.

    Args:
        lines: where each line is from, and the line.

    Raises:
        InputError: at a line that is none of a capture file.
    """
    for place, line in lines:
        document = _document(place, line)
        captured = document.get("captureData")
        if not isinstance(captured, dict):
            raise InputError(f"{place}: got no captureData; expected a line of data capture")
        metadata = document.get("eventMetadata", {})
        time = metadata.get("inferenceTime")
        yield Event(
            event_id=str(metadata.get("eventId", "")),
            inference_id=str(metadata.get("inferenceId", "")),
            time=moment(time, f"{place}: inferenceTime") if time else None,
            request=_body(place, captured.get("endpointInput")),
            answer=_body(place, captured.get("endpointOutput")),
            labels=_labels(place, document.get("groundTruthData")),
        )


def ground_truth(lines: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The labels of each event, by its event or inference id.

    Raises:
        InputError: at a line that is none of a ground truth file.
    """
    found: dict[str, tuple[str, ...]] = {}
    for place, line in lines:
        document = _document(place, line)
        identity = document.get("eventMetadata", {}).get("eventId")
        labels = _labels(place, document.get("groundTruthData"))
        if not identity or not labels:
            raise InputError(f"{place}: expected groundTruthData, and eventMetadata with eventId")
        found[str(identity)] = labels
    return found


def merged(found: Iterable[Event], labels: dict[str, tuple[str, ...]]) -> Iterator[Event]:
    """The calls with labels; those without are left out, as Model Monitor's merge does."""
    for event in found:
        actual = event.labels or labels.get(event.inference_id) or labels.get(event.event_id, ())
        if actual:
            yield replace(event, labels=actual)


def _document(place: str, line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise InputError(f"{place}: not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputError(f"{place}: got {line[:40]!r}; expected a JSON object")
    return document


def _body(place: str, side: dict[str, Any] | None) -> Body | None:
    if side is None:
        return None
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
                raise InputError(f"{place}: data is no base64: {error}") from error
            return (
                Body(content=content, kind=CSV) if kind == CSV else _json_body(content, lines=lines)
            )
    raise InputError(f"{place}: got encoding {encoding!r}; allowed: CSV, JSON, BASE64")


def _json_body(content: bytes, *, lines: bool) -> Body:
    """JSON, of lines as one list."""
    if lines:
        written = [line for line in content.splitlines() if line.strip()]
        content = b"[" + b",".join(written) + b"]"
    return Body(content=content, kind=JSON)


def _labels(place: str, side: dict[str, Any] | None) -> tuple[str, ...]:
    body = _body(place, side)
    if body is None:
        return ()
    text = body.content.decode("utf-8", errors="replace").strip()
    if body.kind == CSV:
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    value = json.loads(text)
    return tuple(str(one) for one in (value if isinstance(value, list) else [value]))
