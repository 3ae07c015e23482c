"""The values of a record: their types, the event time, the time to live."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError

Value = str | list[str]
_INTEGRAL = re.compile(r"[+-]?\d+")
_LARGEST = 2**63 - 1
# "Quotas, naming rules and data types" of the developer guide.
_LONGEST_BYTES = 350 * 1024
_LONGEST_IDENTIFIER = 2 * 1024
_ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{9})?Z")
_SECONDS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86_400, "Weeks": 604_800}


def read_record(group: Mapping[str, Any], record: Sequence[Mapping[str, Any]]) -> dict[str, Value]:
    """The values of a record by feature. Raises ValidationError for one that breaks the schema."""
    definitions = {entry["FeatureName"]: entry for entry in group["FeatureDefinitions"]}
    values: dict[str, Value] = {}
    for entry in record:
        name = entry["FeatureName"]
        if name not in definitions:
            refuse(
                f"Feature {name} does not exist in the feature group {group['FeatureGroupName']}."
            )
        if name in values:
            refuse(f"FeatureName {name} is present more than once.")
        value = _value(definitions[name], entry)
        if value is not None:
            values[name] = value
    for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if group[member] not in values:
            refuse(f"The record has no value for {group[member]}, the group's {member}.")
    if _bytes(values[group["RecordIdentifierFeatureName"]]) > _LONGEST_IDENTIFIER:
        refuse("The record identifier has at most 2 KB.")
    if sum(map(_bytes, values.values())) > _LONGEST_BYTES:
        refuse("A record has at most 350 KB.")
    return values


def event_moment(group: Mapping[str, Any], text: str) -> datetime.datetime:
    """An event time as a time. Raises ValidationError for a format that AWS does not know."""
    name = group["EventTimeFeatureName"]
    kinds = {entry["FeatureName"]: entry["FeatureType"] for entry in group["FeatureDefinitions"]}
    if kinds[name] == "Fractional":
        try:
            return datetime.datetime.fromtimestamp(float(text), datetime.UTC)
        except (ValueError, OverflowError, OSError):
            refuse(f"{name}: {text!r} is not a Unix timestamp in seconds.")
    if _ISO_8601.fullmatch(text):
        try:
            return datetime.datetime.fromisoformat(text)
        except ValueError:
            pass  # 30 February: refused like any other text
    raise _error(
        f"{name}: {text!r} is not in the format yyyy-MM-dd'T'HH:mm:ssZ, "
        "yyyy-MM-dd'T'HH:mm:ss.SSSZ or yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSSZ."
    )


def duration_of(config: Mapping[str, Any] | None) -> datetime.timedelta | None:
    """A TtlDuration; None where there is none."""
    if not config or config.get("Value") is None:
        return None
    return datetime.timedelta(seconds=int(config["Value"]) * _SECONDS[config["Unit"]])


def typed(definition: Mapping[str, Any], value: Value | None) -> Any:
    """A value as the offline store keeps it."""
    convert = {"Integral": int, "Fractional": float, "String": str}[definition["FeatureType"]]
    if value is None:
        return None
    return [convert(item) for item in value] if isinstance(value, list) else convert(value)


def refuse(message: str) -> None:
    """Raises the runtime's error for a request that breaks a rule."""
    raise _error(message)


def _error(message: str) -> AwsError:
    return AwsError("ValidationError", f"Validation Error: {message}")


def _value(definition: Mapping[str, Any], entry: Mapping[str, Any]) -> Value | None:
    """The value of an entry; None where the caller gave none."""
    name, text, items = (
        entry["FeatureName"],
        entry.get("ValueAsString"),
        entry.get("ValueAsStringList"),
    )
    if text is not None and items is not None:
        refuse(f"{name}: give one of ValueAsString and ValueAsStringList.")
    if (items is not None) != bool(definition.get("CollectionType")) and (text or items):
        expected = "ValueAsStringList" if definition.get("CollectionType") else "ValueAsString"
        refuse(f"{name}: its value must be given as {expected}.")
    if items is not None:
        return _collection(definition, list(items))
    if text is not None:
        _check_scalar(definition, text)
    return text


def _collection(definition: Mapping[str, Any], items: list[str]) -> list[str]:
    name = definition["FeatureName"]
    for item in items:
        _check_scalar(definition, item)
    if definition["CollectionType"] == "Set" and len(set(items)) < len(items):
        refuse(f"{name}: the elements of a Set must be unique.")
    if definition["CollectionType"] == "Vector":
        dimension = definition["CollectionConfig"]["VectorConfig"]["Dimension"]
        if len(items) != dimension:
            refuse(f"{name}: got {len(items)} elements, its dimension is {dimension}.")
    return items


def _check_scalar(definition: Mapping[str, Any], text: str) -> None:
    name, kind = definition["FeatureName"], definition["FeatureType"]
    if kind == "Integral" and not (
        _INTEGRAL.fullmatch(text) and -_LARGEST - 1 <= int(text) <= _LARGEST
    ):
        refuse(f"{name}: {text!r} is not of type Integral.")
    if kind == "Fractional" and not _is_fractional(text):
        refuse(f"{name}: {text!r} is not of type Fractional.")


def _bytes(value: Value) -> int:
    items = value if isinstance(value, list) else [value]
    return sum(len(item.encode()) for item in items)


def _is_fractional(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False
