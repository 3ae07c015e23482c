"""Reads the YAML file of a schema, and says on which line it is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from .feature import FEATURE_TYPES

_TYPES = {word.lower(): word for word in FEATURE_TYPES}
_KEYS = ("record_identifier", "event_time", "features")
_SHAPE = "record_identifier: NAME, event_time: NAME, features: {NAME: string|integral|fractional}"


@dataclass(frozen=True)
class SchemaContent:
    """What a file says."""

    record_identifier: str
    event_time: str
    features: dict[str, str]


class _Mistakes:
    """The mistakes of one file, each with its line."""

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self.lines: list[str] = []

    def add(self, mark: yaml.Mark | None, text: str) -> None:
        line = f"{mark.line + 1}:" if mark is not None else ""
        self.lines.append(f"{self._path}:{line} {text}")

    def raise_if_any(self) -> None:
        if self.lines:
            raise ValueError("".join(["The schema cannot be read:", *self._listing()]))

    def _listing(self) -> list[str]:
        return [f"\n  - {line}" for line in self.lines]


def read(path: str | Path) -> SchemaContent:
    """The content of a file. Raises one ValueError with all of its mistakes."""
    mistakes = _Mistakes(path)
    root = _compose(path, mistakes)
    mistakes.raise_if_any()
    entries = dict(_entries(root, mistakes, f"the file; it has to be {_SHAPE}"))
    for name, (key, _) in entries.items():
        if name not in _KEYS:
            mistakes.add(key.start_mark, f"got {name!r}; allowed are {', '.join(_KEYS)}")
    end = root.end_mark if root is not None else None
    texts = {name: _text(entries, name, end, mistakes) for name in _KEYS[:2]}
    features = _features(entries, end, mistakes)
    mistakes.raise_if_any()
    return SchemaContent(texts["record_identifier"], texts["event_time"], features)


def _compose(path: str | Path, mistakes: _Mistakes) -> yaml.Node | None:
    """The tree of a file with its lines; no object is made of it, so that no tag can do harm."""
    try:
        node: yaml.Node | None = yaml.compose(Path(path).read_text(), Loader=yaml.SafeLoader)
    except OSError as error:
        mistakes.add(None, f"cannot be read ({error.strerror}); give the path of a YAML file")
    except UnicodeDecodeError:
        mistakes.add(None, "is not UTF-8 text; give the path of a YAML file")
    except yaml.YAMLError as error:
        text = getattr(error, "problem", None) or str(error)
        mistakes.add(getattr(error, "problem_mark", None), f"is not YAML: {text}")
    else:
        return node
    return None


def _entries(
    node: yaml.Node | None, mistakes: _Mistakes, what: str
) -> Iterator[tuple[str, tuple[yaml.Node, yaml.Node]]]:
    """The entries of a mapping by name; a name that comes twice is a mistake."""
    if not isinstance(node, yaml.MappingNode):
        mistakes.add(node.start_mark if node is not None else None, f"got no mapping for {what}")
        return
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value)
        if name in seen:
            mistakes.add(key.start_mark, f"got {name!r} a second time; name it once")
        seen.add(name)
        yield name, (key, value)


def _text(
    entries: dict[str, tuple[yaml.Node, yaml.Node]],
    name: str,
    end: yaml.Mark | None,
    mistakes: _Mistakes,
) -> str:
    if name not in entries:
        mistakes.add(end, f"{name} is missing; add `{name}: NAME` with the name of a feature")
        return ""
    node = entries[name][1]
    if not isinstance(node, yaml.ScalarNode) or not node.value:
        mistakes.add(node.start_mark, f"{name}: got no text; give the name of a feature")
        return ""
    return str(node.value)


def _features(
    entries: dict[str, tuple[yaml.Node, yaml.Node]], end: yaml.Mark | None, mistakes: _Mistakes
) -> dict[str, str]:
    if "features" not in entries:
        mistakes.add(end, "features is missing; add `features:` and below it `NAME: TYPE`")
        return {}
    features = {}
    for name, (_, node) in _entries(entries["features"][1], mistakes, "features"):
        if isinstance(node, yaml.MappingNode):
            mistakes.add(
                node.start_mark,
                f"feature {name!r}: got a mapping; allowed is one of {', '.join(_TYPES)}; "
                "CloudFormation has no collections, they exist in SageMaker's API alone",
            )
        elif node.value not in _TYPES:
            mistakes.add(
                node.start_mark,
                f"feature {name!r}: got type {node.value!r}; allowed are {', '.join(_TYPES)}",
            )
        else:
            features[name] = _TYPES[node.value]
    return features
