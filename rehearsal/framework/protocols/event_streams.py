"""Event streams: responses that consist of messages.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from botocore.model import Shape, StructureShape

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7


def write_events(shape: Shape | None, events: Iterable[Mapping[str, Any]]) -> bytes:
    """Returns the messages of a stream, whose events have a blob as payload."""
    kinds = cast(StructureShape, shape).members
    written = b""
    for event in events:
        ((name, content),) = event.items()
        (payload,) = (
            member
            for member, described in cast(StructureShape, kinds[name]).members.items()
            if described.serialization.get("eventpayload")
        )
        headers = {
            ":event-type": name,
            ":content-type": "application/octet-stream",
            ":message-type": "event",
        }
        written += _message(headers, content[payload])
    return written


def _message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Returns a message: lengths with their checksum, headers, payload, and a checksum."""
    packed = b"".join(_header(name, value) for name, value in headers.items())
    total = 4 + 4 + 4 + len(packed) + len(payload) + 4
    prelude = struct.pack("!II", total, len(packed))
    message = prelude + _checksum(prelude) + packed + payload
    return message + _checksum(message)


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", _STRING, len(text)) + text


def _checksum(content: bytes) -> bytes:
    return struct.pack("!I", zlib.crc32(content))
