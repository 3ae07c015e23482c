"""Values of a record: types, event time, time to live."""

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from rehearsal.framework.platform import AwsError

Value = str | list[str]
_INTEGRAL = re.compile(r"[+-]?\d+")
_MAX_INTEGRAL = 2**63 - 1
# "Quotas, naming rules and data types" of the developer guide.
_MAX_RECORD_BYTES = 350 * 1024
_MAX_IDENTIFIER_BYTES = 2 * 1024
_ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{9})?Z")
_SECONDS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86_400, "Weeks": 604_800}


def read_record(group: Mapping[str, Any], record: Sequence[Mapping[str, Any]]) -> dict[str, Value]:
    """Returns the values of a record by feature.

    Raises:
        AwsError: ValidationError, if the record does not match the schema of the group.
    """
    definitions = {entry["FeatureName"]: entry for entry in group["FeatureDefinitions"]}
    values: dict[str, Value] = {}
    for entry in record:
        name = entry["FeatureName"]
        if name not in definitions:
            reject(
                f"Feature {name} does not exist in the feature group {group['FeatureGroupName']}."
            )
        if name in values:
            reject(f"FeatureName {name} is present more than once.")
        value = _value(definitions[name], entry)
        if value is not None:
            values[name] = value
    for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if group[member] not in values:
            reject(f"The record has no value for {group[member]}, the group's {member}.")
    if _bytes(values[group["RecordIdentifierFeatureName"]]) > _MAX_IDENTIFIER_BYTES:
        reject("The record identifier has at most 2 KB.")
    if sum(map(_bytes, values.values())) > _MAX_RECORD_BYTES:
        reject("A record has at most 350 KB.")
    return values


def event_moment(group: Mapping[str, Any], text: str) -> datetime.datetime:
    """Parses an event time.

    Raises:
        AwsError: ValidationError, if AWS does not support its format.
    """
    name = group["EventTimeFeatureName"]
    kinds = {entry["FeatureName"]: entry["FeatureType"] for entry in group["FeatureDefinitions"]}
    if kinds[name] == "Fractional":
        try:
            return datetime.datetime.fromtimestamp(float(text), datetime.UTC)
        except (ValueError, OverflowError, OSError):
            reject(f"{name}: {text!r} is not a Unix timestamp in seconds.")
    if _ISO_8601.fullmatch(text):
        try:
            return datetime.datetime.fromisoformat(text)
        except ValueError:
            pass  # such as 30 February: rejected like any other text
    raise _invalid(
        f"{name}: {text!r} is not in the format yyyy-MM-dd'T'HH:mm:ssZ, "
        "yyyy-MM-dd'T'HH:mm:ss.SSSZ or yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSSZ."
    )


def duration_of(config: Mapping[str, Any] | None) -> datetime.timedelta | None:
    """Returns a TtlDuration, or None if it is not set."""
    if not config or config.get("Value") is None:
        return None
    return datetime.timedelta(seconds=int(config["Value"]) * _SECONDS[config["Unit"]])


def typed(definition: Mapping[str, Any], value: Value | None) -> Any:
    """Converts a value to the type that the offline store holds."""
    convert = {"Integral": int, "Fractional": float, "String": str}[definition["FeatureType"]]
    if value is None:
        return None
    return [convert(item) for item in value] if isinstance(value, list) else convert(value)


def reject(message: str) -> NoReturn:
    """Raises the runtime's error for a request that violates a rule."""
    raise _invalid(message)


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", f"Validation Error: {message}")


def _value(definition: Mapping[str, Any], entry: Mapping[str, Any]) -> Value | None:
    """Returns the value of an entry, or None if the entry has none."""
    name, text, items = (
        entry["FeatureName"],
        entry.get("ValueAsString"),
        entry.get("ValueAsStringList"),
    )
    if text is not None and items is not None:
        reject(f"{name}: give one of ValueAsString and ValueAsStringList.")
    if (items is not None) != bool(definition.get("CollectionType")) and (text or items):
        expected = "ValueAsStringList" if definition.get("CollectionType") else "ValueAsString"
        reject(f"{name}: its value must be given as {expected}.")
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
        reject(f"{name}: the elements of a Set must be unique.")
    if definition["CollectionType"] == "Vector":
        dimension = definition["CollectionConfig"]["VectorConfig"]["Dimension"]
        if len(items) != dimension:
            reject(f"{name}: got {len(items)} elements, its dimension is {dimension}.")
    return items


def _check_scalar(definition: Mapping[str, Any], text: str) -> None:
    name, kind = definition["FeatureName"], definition["FeatureType"]
    if kind == "Integral" and not (
        _INTEGRAL.fullmatch(text) and -_MAX_INTEGRAL - 1 <= int(text) <= _MAX_INTEGRAL
    ):
        reject(f"{name}: {text!r} is not of type Integral.")
    if kind == "Fractional" and not _is_fractional(text):
        reject(f"{name}: {text!r} is not of type Fractional.")


def _bytes(value: Value) -> int:
    items = value if isinstance(value, list) else [value]
    return sum(len(item.encode()) for item in items)


def _is_fractional(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False
