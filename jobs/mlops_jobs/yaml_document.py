"""YAML files as plain values, with the line of each value for error messages.

PyYAML alone lets the last of two equal keys win, accepts any tag, and reports some mistakes with
the error of a Python function, or not at all.

This module needs only PyYAML. `make copies` writes its copy in `mlops_jobs`: a model-build
repository has the wheel of that package, which does not depend on the CDK.
"""

import math
import re
import reprlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str, ...]
"""The keys that lead to a value, from the outermost; the position in a list counts from 0."""

_PREFIX = "tag:yaml.org,2002:"
_MAPPING, _SEQUENCE, _MERGE = (f"{_PREFIX}{name}" for name in ("map", "seq", "merge"))
_SCALARS = {f"{_PREFIX}{name}" for name in ("null", "bool", "int", "float", "timestamp", "str")}
_WORDS = {"null": "nothing", "bool": "a yes/no value", "int": "a whole number"}
_WORDS |= {"float": "a number", "timestamp": "a date", "str": "a string"}

_PLAIN = {
    "int": re.compile(r"[-+]?(?:0|[1-9][0-9]*)"),
    "float": re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"),
}
_MAX_BYTES = 1_000_000
_MAX_VALUES = 100_000
_MAX_LEVELS = 50
_MAX_PROBLEMS = 20
_MAX_NUMBER = 2**63

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_SHORT.maxlevel = 2
_SHORT.maxlist = _SHORT.maxdict = _SHORT.maxtuple = 3


@dataclass
class YamlDocument:
    """Content and problems of a YAML file.

    Merge keys (`<<: *base`) are supported: a key of the mapping takes precedence over a merged one.
    Every key is a string, as written in the file.

    Args:
        path: path of the file, for messages.
        content: plain values of the document. Defaults to None: an empty document, or one that
            cannot be read.
        problems: problems of YAML itself, duplicate keys included. Defaults to none.

    Example:
        ```python
        document = YamlDocument.read("config/people.yaml")
        if document.problems:
            raise ValueError("; ".join(first(document.problems)))
        ```
    """

    path: str
    content: Any = None
    problems: list[str] = field(default_factory=list)
    _lines: dict[Place, int] = field(default_factory=dict)
    _written: dict[Place, str] = field(default_factory=dict)

    @staticmethod
    def read(path: str | Path) -> "YamlDocument":
        """Reads a file; a file that cannot be read is a problem with its line.

        Args:
            path: path of the file: at most 1 MB of UTF-8, 100,000 values (those that aliases repeat
                included) and 50 levels.

        Returns:
            The document, with its problems.
        """
        document = YamlDocument(str(path))
        text = document._text()
        if text is not None:
            _Reading(document, text).run()
        return document

    def complain(self, place: Place, text: str) -> None:
        """Adds a problem of a value, with its file, line and keys.

        Args:
            place: keys of the value.
            text: the problem.
        """
        self.problems.append(f"{self.where(place)}: {text}")

    def where(self, place: Place) -> str:
        """Returns file, line and keys of a value.

        Args:
            place: keys of the value.
        """
        keys = f" {keys_text(place)}" if place else ""
        line = f":{self._lines[place]}" if place in self._lines else ""
        return f"{self.path}{line}{':' if keys else ''}{keys}"

    def filled(self, empty: Callable[[Place], type | None]) -> Any:
        """Returns the content, with an empty value for each key that is followed by comments only.

        A section whose entries are all commented out then has its defaults; `null` means none.

        Args:
            empty: function that returns the type of a section, `dict` or `list`, by its keys; None
                for a value that is not a section.
        """
        return self._filled(self.content, (), empty)

    def _filled(self, value: Any, place: Place, empty: Callable[[Place], type | None]) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(one, (*place, key), empty) for key, one in value.items()}
        if isinstance(value, list):
            return [
                self._filled(one, (*place, str(number)), empty) for number, one in enumerate(value)
            ]
        kind = empty(place) if value is None and self._written.get(place) == "" else None
        return value if kind is None else kind()

    def line(self, place: Place) -> int | None:
        """Returns the line of a value, or of the value around it if the file does not have it.

        Args:
            place: keys of the value.
        """
        for end in range(len(place), -1, -1):
            if place[:end] in self._lines:
                return self._lines[place[:end]]
        return None

    def shown(self, place: Place, value: Any) -> str:
        """Returns a value as written in the file: `no` rather than False, shortened if it is long.

        Args:
            place: keys of the value.
            value: the value.
        """
        written = self._written.get(place)
        if written is None or isinstance(value, str | None):
            return shown(value)
        if isinstance(value, bool):
            return f"{written}, which YAML reads as {str(value).lower()}"
        return _SHORT.repr(written).strip("'\"")

    def _text(self) -> str | None:
        try:
            with Path(self.path).open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
            if len(content) > _MAX_BYTES:
                self._reject(None, "is larger than 1 MB; give a smaller file")
                return None
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            self._reject(
                line,
                f"is not UTF-8 text (byte 0x{error.object[error.start]:02x}); save it as UTF-8",
            )
        except (OSError, ValueError) as error:  # ValueError: a path with a null character
            reason = getattr(error, "strerror", None) or error
            self._reject(None, f"cannot be read ({reason}); give a YAML file")
        return None

    def _reject(self, line: int | None, text: str) -> None:
        self.problems.append(f"{self.path}{':' if line is None else f':{line}:'} {text}")


def first(problems: Sequence[str]) -> list[str]:
    """Returns the first 20 problems, and the number of further ones.

    Args:
        problems: the problems.
    """
    rest = len(problems) - _MAX_PROBLEMS
    return [*problems[:_MAX_PROBLEMS], *([f"and {rest} more"] if rest > 0 else [])]


def shown(value: Any) -> str:
    """Returns a value in Python's notation, shortened if it is long.

    Args:
        value: the value.
    """
    return _SHORT.repr(value)


def keys_text(place: Sequence[str]) -> str:
    """Returns keys with dots between them; a long or unprintable key is shortened.

    Args:
        place: the keys that lead to a value.
    """
    return ".".join(_key_text(key) for key in place)


def _key_text(key: str) -> str:
    return key if len(key) <= 60 and key.isprintable() else _SHORT.repr(key)


def _is_text(value: str) -> bool:
    # An escape such as "\\ud800" can write half of a character.
    return not any("\ud800" <= sign <= "\udfff" for sign in value)


class _UnreadableError(Exception):
    """An error that ends the reading of a file."""

    def __init__(self, node: yaml.Node, text: str) -> None:
        super().__init__(text)
        self.line = node.start_mark.line + 1


class _Loader(yaml.SafeLoader):
    """Composes nodes, up to a maximum depth."""

    _level = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._level += 1
        if self._level > _MAX_LEVELS:
            raise yaml.MarkedYAMLError(
                problem=f"got more than {_MAX_LEVELS} levels, one inside of the other",
                problem_mark=self.get_mark(),
            )
        node: yaml.Node | None = super().compose_node(parent, index)
        self._level -= 1
        return node


class _Reading:
    """Converts the nodes of one file to plain values."""

    def __init__(self, document: YamlDocument, text: str) -> None:
        self._document = document
        self._source = text
        self._values = 0
        self._open: list[yaml.Node] = []

    def run(self) -> None:
        reject = self._document._reject
        try:
            self._loader = _Loader(self._source)
            root = self._loader.get_single_node()
            if root is not None:
                self._document.content = self._value(root, ())
        except yaml.reader.ReaderError as error:
            line = self._source.count("\n", 0, error.position) + 1
            code = ord(self._source[error.position])
            reject(line, f"is not YAML: the character U+{code:04X} is not allowed")
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            problem = " ".join(str(error.problem or error.context).split())
            if error.context and problem == "second occurrence":  # of an anchor
                problem = error.context.partition(";")[0]
            short = problem if len(problem) <= 200 else problem[:200] + "..."
            reject(mark.line + 1 if mark else None, f"is not YAML: {short}")
        except _UnreadableError as error:
            reject(error.line, str(error))

    def _value(self, node: yaml.Node, place: Place) -> Any:
        self._document._lines.setdefault(place, node.start_mark.line + 1)
        self._values += 1
        if self._values > _MAX_VALUES:
            raise _UnreadableError(node, f"got more than {_MAX_VALUES:,} values; use fewer aliases")
        if any(node is one for one in self._open):
            raise _UnreadableError(
                node, f"{keys_text(place)}: got an alias of a value that contains it"
            )
        if len(place) > _MAX_LEVELS:
            raise _UnreadableError(node, f"got more than {_MAX_LEVELS} levels; use fewer aliases")
        self._open.append(node)
        try:
            return self._by_kind(node, place)
        finally:
            self._open.pop()

    def _by_kind(self, node: yaml.Node, place: Place) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        expected = _SEQUENCE if isinstance(node, yaml.SequenceNode) else _MAPPING
        if node.tag != expected:
            self._complain(node, place, f"got the tag {shown(node.tag)}; remove it")
            return None
        if isinstance(node, yaml.SequenceNode):
            return [
                self._value(one, (*place, str(number))) for number, one in enumerate(node.value)
            ]
        return self._mapping(node, place) if isinstance(node, yaml.MappingNode) else None

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:
        if node.tag not in _SCALARS:
            text = shown(node.value)
            if node.tag.startswith(_PREFIX) and node.style is None and node.value in ("<<", "="):
                self._complain(node, place, f"got {text}; put it in quotes to have a string")
            else:
                self._complain(node, place, f"got the tag {shown(node.tag)}; remove it")
            return None
        kind = node.tag.removeprefix(_PREFIX)
        if kind != "str" and node.style is None:
            self._document._written.setdefault(place, node.value)
        try:
            value = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, TypeError, OverflowError, AttributeError):
            value = math.nan
        if isinstance(value, str) and not _is_text(value):
            self._complain(node, place, f"got {shown(value)}; allowed are whole characters")
            return None
        if isinstance(value, int | float) and not -_MAX_NUMBER <= value < _MAX_NUMBER:
            self._complain(
                node,
                place,
                f"got {shown(node.value)}, which is not {_WORDS[kind]} that can be used; "
                "put it in quotes to have a string",
            )
            return None
        if kind in _PLAIN and node.style is None and not _PLAIN[kind].fullmatch(node.value):
            # YAML 1.1 reads 010 as an octal number and 1:30 as a number to the base of 60.
            self._complain(
                node,
                place,
                f"got {shown(node.value)}, which YAML reads as {value}; write {value}, or put it "
                "in quotes to have a string",
            )
            return None
        return value

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        seen: set[str] = set()
        for key, value in node.value:
            name = self._key(key, place)
            if name is None:
                continue
            inner = (*place, name)
            if name in seen:
                self._complain(key, inner, "got a duplicate key; keep one of them")
                continue
            seen.add(name)
            if key.tag == _MERGE:
                merged.append(value)
                continue
            self._document._lines.setdefault(inner, key.start_mark.line + 1)
            found[name] = self._value(value, inner)
        for source in merged:
            for name, value in self._merged(source, place):
                found.setdefault(name, value)
        return found

    def _key(self, key: yaml.Node, place: Place) -> str | None:
        if isinstance(key, yaml.ScalarNode) and key.tag in (*_SCALARS, _MERGE, f"{_PREFIX}value"):
            if _is_text(key.value):
                return str(key.value)
            self._complain(key, place, f"got {shown(key.value)}; allowed are whole characters")
        elif isinstance(key, yaml.ScalarNode):
            self._complain(key, place, f"got the tag {shown(key.tag)}; remove it")
        else:
            self._complain(
                key,
                place,
                "got a list or mapping for a key; allowed is a string, in quotes if it has "
                "braces or brackets, such as those of a template that was not filled in",
            )
        return None

    def _merged(self, source: yaml.Node, place: Place) -> Iterator[tuple[str, Any]]:
        """Yields the entries of `<<`, those that win first."""
        sources = source.value if isinstance(source, yaml.SequenceNode) else [source]
        for one in sources:
            if not isinstance(one, yaml.MappingNode):
                self._complain(one, place, "<<: got no mapping; allowed are aliases of mappings")
                continue
            value = self._value(one, place)
            yield from value.items() if isinstance(value, dict) else ()

    def _complain(self, node: yaml.Node, place: Place, text: str) -> None:
        keys = f"{keys_text(place)}: " if place else ""
        self._document._reject(node.start_mark.line + 1, f"{keys}{text}")
