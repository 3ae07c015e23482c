"""YAML files of schemas; messages contain the line of each problem."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_constructs.yaml_document import Place, YamlDocument, first, shown

from .feature import FEATURE_TYPES

_TYPES = {word.lower(): word for word in FEATURE_TYPES}
_KEYS = ("record_identifier", "event_time", "features")
_SHAPE = "record_identifier: NAME, event_time: NAME, features: {NAME: string|integral|fractional}"


@dataclass(frozen=True)
class SchemaContent:
    """The content of a file."""

    record_identifier: str
    event_time: str
    features: dict[str, str]


def read(path: str | Path) -> SchemaContent:
    """Returns the content of a file.

    Raises:
        ValueError: if the file is invalid; the message lists every problem.
    """
    document = YamlDocument.read(path)
    if not document.problems:
        content = _content(document)
        if not document.problems:
            return content
    listing = "".join(f"\n  - {line}" for line in first(document.problems))
    raise ValueError(f"The schema cannot be read:{listing}")


def _content(document: YamlDocument) -> SchemaContent:
    entries = _mapping(document, (), document.content, f"the file; allowed is {_SHAPE}")
    for name in entries:
        if name not in _KEYS:
            _add(document, (name,), f"got {shown(name)}; allowed are {', '.join(_KEYS)}")
    record_identifier, event_time = (_text(document, entries, name) for name in _KEYS[:2])
    return SchemaContent(record_identifier, event_time, _features(document, entries))


def _text(document: YamlDocument, entries: Mapping[str, Any], name: str) -> str:
    value = entries.get(name)
    if name not in entries:
        _add(document, (), f"{name} is missing; add `{name}: NAME` with the name of a feature")
    elif not isinstance(value, str) or not value:
        _add(document, (name,), f"{name}: got no text; give the name of a feature")
    else:
        return value
    return ""


def _features(document: YamlDocument, entries: Mapping[str, Any]) -> dict[str, str]:
    if "features" not in entries:
        _add(document, (), "features is missing; add `features:` and below it `NAME: TYPE`")
        return {}
    features = {}
    for name, value in _mapping(document, ("features",), entries["features"], "features").items():
        place, feature = ("features", name), f"feature {shown(name)}"
        if isinstance(value, dict):
            _add(
                document,
                place,
                f"{feature}: got a mapping; allowed is one of {', '.join(_TYPES)}; "
                "CloudFormation does not support collections, only SageMaker's API does",
            )
        elif not isinstance(value, str) or value not in _TYPES:
            got = document.shown(place, value)
            _add(document, place, f"{feature}: got type {got}; allowed are {', '.join(_TYPES)}")
        else:
            features[name] = _TYPES[value]
    return features


def _mapping(document: YamlDocument, place: Place, value: Any, what: str) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    _add(document, place, f"got no mapping for {what}")
    return {}


def _add(document: YamlDocument, place: Place, text: str) -> None:
    line = document.line(place)
    document.problems.append(f"{document.path}:{'' if line is None else f'{line}:'} {text}")
