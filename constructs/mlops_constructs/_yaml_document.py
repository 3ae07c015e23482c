"""A YAML file as plain values, with the line of each, for messages that say where to look."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str, ...]
"""The keys that lead to a value, from the outermost."""


_MAPPING = "tag:yaml.org,2002:map"


@dataclass
class YamlDocument:
    """What a file says; `problems` are those of YAML itself, a key that comes twice included."""

    path: str
    content: Any = None
    problems: list[str] = field(default_factory=list)
    _lines: dict[Place, int] = field(default_factory=dict)

    @staticmethod
    def read(path: str | Path) -> YamlDocument:
        """Reads a file. What cannot be read is among the problems."""
        document = YamlDocument(str(path))
        try:
            loader = yaml.SafeLoader(Path(path).read_text(encoding="utf-8"))
            root = loader.get_single_node()
            if root is not None:
                document.content = document._value(loader, root, ())
        except (OSError, UnicodeDecodeError) as error:
            document.problems.append(f"{path}: cannot be read ({error}); give a YAML file")
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = f"{mark.line + 1}:" if mark else ""
            document.problems.append(f"{path}:{line} is not YAML: {error.problem}")
        return document

    def complain(self, place: Place, text: str) -> None:
        """Adds a problem of a value, with its file, line and keys."""
        self.problems.append(f"{self.where(place)}: {text}")

    def where(self, place: Place) -> str:
        """File, line and keys of a value."""
        keys = f" {'.'.join(place)}" if place else ""
        line = f":{self._lines[place]}" if place in self._lines else ""
        return f"{self.path}{line}{':' if keys else ''}{keys}"

    def _value(self, loader: yaml.SafeLoader, node: yaml.Node, place: Place) -> Any:
        self._lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [
                self._value(loader, one, (*place, str(number)))
                for number, one in enumerate(node.value)
            ]
        if not isinstance(node, yaml.MappingNode):
            return loader.construct_object(node)
        if node.tag != _MAPPING:
            loader.construct_object(node)  # refuses the tag of an object
        found: dict[str, Any] = {}
        for key, value in node.value:
            inner = (*place, str(key.value))
            if key.value in found:
                line = key.start_mark.line + 1
                self.problems.append(f"{self.path}:{line}: {'.'.join(inner)}: got it a second time")
                continue
            self._lines[inner] = key.start_mark.line + 1
            found[str(key.value)] = self._value(loader, value, inner)
        return found
