"""Validation of requests and responses by botocore's service models.

Like AWS, the rehearsal validates a request before it performs an operation, by the model from which
the SDKs are generated. Reading converts wire values to the types of boto3 (datetime, bytes),
writing converts them to wire values.
"""

from __future__ import annotations

import base64
import binascii
import datetime
from collections.abc import Mapping
from typing import Any

import dateutil.parser  # type: ignore[import-untyped]
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from rehearsal.framework.protocols.patterns import matches

_MAX_SHOWN = 256  # characters of an invalid value in a message
_NUMBERS = {"integer": int, "long": int, "float": float, "double": float}


class ShapeReader:
    """Reads one request, and collects what breaks the model in `problems`."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def read(self, shape: Shape, value: Any, path: str = "") -> Any:
        """Returns a value in the types of boto3; problems are collected, not raised."""
        match shape:
            case StructureShape():
                return self._structure(shape, value, path)
            case ListShape():
                return self._list(shape, value, path)
            case MapShape():
                return self._map(shape, value, path)
            case StringShape():
                return self._string(shape, value, path)
        match shape.type_name:
            case "boolean":
                return value if self._is(bool, shape, value, path) else None
            case "blob":
                return self._blob(shape, value, path)
            case "timestamp":
                return self._timestamp(shape, value, path)
        return self._number(shape, value, path)

    def _fail(self, shape: Shape, value: Any, path: str, constraint: str) -> None:
        got = "***" if shape.metadata.get("sensitive") else str(value)[:_MAX_SHOWN]
        self.problems.append(
            f"Value '{got}' at '{path or shape.name}' failed to satisfy constraint: {constraint}"
        )

    def _is(self, kind: type, shape: Shape, value: Any, path: str) -> bool:
        # bool is an int in Python, never in a service model.
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return True
        got = type(value).__name__
        self._fail(shape, value, path, f"Member must be of type {shape.type_name}, not {got}")
        return False

    def _structure(self, shape: StructureShape, value: Any, path: str) -> Any:
        if getattr(shape, "is_document_type", False):
            return value
        if not self._is(dict, shape, value, path):
            return {}
        given = {name: item for name, item in value.items() if item is not None}
        for name in given.keys() - shape.members.keys():
            allowed = ", ".join(sorted(shape.members)) or "none"
            self.problems.append(
                f"Unknown member '{_join(path, name)}' of {shape.name}; allowed members: {allowed}"
            )
        for name in shape.required_members:
            if name not in given:
                self.problems.append(
                    f"Value null at '{_join(path, name)}' failed to satisfy constraint: "
                    "Member must not be null"
                )
        if getattr(shape, "is_tagged_union", False) and len(given) != 1:
            choices = ", ".join(sorted(shape.members))
            self._fail(shape, sorted(given), path, f"Exactly one member must be set of: {choices}")
        return {
            name: self.read(shape.members[name], item, _join(path, name))
            for name, item in given.items()
            if name in shape.members
        }

    def _list(self, shape: ListShape, value: Any, path: str) -> Any:
        if not self._is(list, shape, value, path):
            return []
        self._length(shape, value, path)
        return [
            self.read(shape.member, item, f"{path}.{position}.member")
            for position, item in enumerate(value, 1)
        ]

    def _map(self, shape: MapShape, value: Any, path: str) -> Any:
        if not self._is(dict, shape, value, path):
            return {}
        self._length(shape, value, path)
        return {
            self.read(shape.key, key, f"{path}.key"): self.read(
                shape.value, item, f"{path}.{key}.value"
            )
            for key, item in value.items()
        }

    def _string(self, shape: StringShape, value: Any, path: str) -> Any:
        if not self._is(str, shape, value, path):
            return ""
        allowed = shape.enum
        if allowed and value not in allowed:
            choices = ", ".join(allowed)
            self._fail(shape, value, path, f"Member must satisfy enum value set: [{choices}]")
        self._length(shape, value, path)
        pattern = shape.metadata.get("pattern")
        if pattern and not allowed and not matches(pattern, value):
            self._fail(
                shape, value, path, f"Member must satisfy regular expression pattern: {pattern}"
            )
        return value

    def _blob(self, shape: Shape, value: Any, path: str) -> Any:
        if isinstance(value, bytes):  # the payload of a REST request is not encoded
            content = value
        elif not self._is(str, shape, value, path):
            return b""
        else:
            try:
                content = base64.b64decode(value, validate=True)
            except binascii.Error:
                self._fail(shape, value, path, "Member must be encoded in base64")
                return b""
        self._length(shape, content, path)
        return content

    def _timestamp(self, shape: Shape, value: Any, path: str) -> Any:
        try:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return datetime.datetime.fromtimestamp(value, datetime.UTC)
            parsed = dateutil.parser.parse(value)
        except (TypeError, ValueError, OverflowError):
            self._fail(shape, value, path, "Member must be a timestamp")
            return None
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)

    def _number(self, shape: Shape, value: Any, path: str) -> Any:
        kind = _NUMBERS[shape.type_name]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if kind is int and isinstance(value, float) and value.is_integer():
            value = int(value)
        if not self._is(kind, shape, value, path):
            return None
        self._range(shape, value, value, path, "value")
        return value

    def _length(self, shape: Shape, value: Any, path: str) -> None:
        self._range(shape, value, len(value), path, "length")

    def _range(self, shape: Shape, value: Any, size: float, path: str, what: str) -> None:
        minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
        if minimum is not None and size < float(minimum):
            self._fail(
                shape, value, path, f"Member must have {what} greater than or equal to {minimum}"
            )
        if maximum is not None and size > float(maximum):
            self._fail(
                shape, value, path, f"Member must have {what} less than or equal to {maximum}"
            )


def validation_message(problems: list[str]) -> str:
    """Returns all problems in one message, as AWS words it."""
    noun = "error" if len(problems) == 1 else "errors"
    return f"{len(problems)} validation {noun} detected: {'; '.join(problems)}"


class ResponseError(Exception):
    """The response of an operation breaks its model, an error of the rehearsal."""


def write(shape: Shape, value: Any, path: str = "") -> Any:
    """Returns the wire value of a response (JSON).

    Raises:
        ResponseError: the response breaks the model.
    """
    match shape:
        case StructureShape():
            if getattr(shape, "is_document_type", False):
                return value
            return _write_structure(shape, value, path)
        case ListShape():
            _expect(value, (list, tuple), path)
            return [write(shape.member, item, f"{path}[{i}]") for i, item in enumerate(value)]
        case MapShape():
            _expect(value, Mapping, path)
            return {str(k): write(shape.value, item, f"{path}.{k}") for k, item in value.items()}
        case StringShape():
            _expect(value, str, path)
            if shape.enum and value not in shape.enum:
                allowed = ", ".join(shape.enum)
                raise ResponseError(f"{path} is {value!r}, the model allows {allowed}")
            return str(value)
    return _write_scalar(shape, value, path)


def _write_scalar(shape: Shape, value: Any, path: str) -> Any:
    match shape.type_name:
        case "blob":
            _expect(value, (bytes, bytearray), path)
            return base64.b64encode(value).decode()
        case "timestamp":
            return write_timestamp(shape, value, path)
        case "boolean":
            _expect(value, bool, path)
            return value
    _expect(value, (int, float), path)
    return _NUMBERS[shape.type_name](value)


def _write_structure(shape: StructureShape, value: Any, path: str) -> dict[str, Any]:
    _expect(value, Mapping, path)
    if unknown := sorted(value.keys() - shape.members.keys()):
        raise ResponseError(f"{path or shape.name} has members unknown to {shape.name}: {unknown}")
    written = {}
    for name, item in value.items():
        if item is not None:
            member = shape.members[name]
            wire_name = member.serialization.get("name", name)
            written[wire_name] = write(member, item, _join(path, name))
    return written


def write_timestamp(shape: Shape, value: Any, path: str, default: str = "unixTimestamp") -> Any:
    """Returns a datetime, or seconds since 1970, in the format of the shape."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = datetime.datetime.fromtimestamp(value, datetime.UTC)
    _expect(value, datetime.datetime, path)
    if value.tzinfo is None:
        raise ResponseError(f"{path} is a datetime without a time zone")
    match shape.serialization.get("timestampFormat", default):
        case "iso8601":
            return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
        case "rfc822":
            return value.astimezone(datetime.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return value.timestamp()


def _expect(value: Any, kinds: Any, path: str) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
        raise ResponseError(f"{path or 'the response'} is a {type(value).__name__}: {value!r:.200}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
