"""Error messages of an invalid settings file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mlops_constructs.yaml_document import YamlDocument, first, keys_text
from stacks.settings.model import SettingsModel, section_of

_KINDS: dict[type, str] = {str: "text", bool: "yes/no value", int: "number", float: "number"}
_KINDS |= {list: "list", dict: "mapping"}
_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}

Location = tuple[int | str, ...]
"""Keys and positions that lead to a value."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A problem of a settings file.

    Args:
        place: keys and positions that lead to the value.
        text: the problem, without its place.
        allowed: allowed values, if the message also contains the value. Defaults to None: `text`
            is the whole problem.
        key: True if the key itself is invalid, not its value. Defaults to False.
        missing: True if the key does not exist. Defaults to False.
        unknown: True if the key is not allowed. Defaults to False.
    """

    place: Location
    text: str = ""
    allowed: str | None = None
    key: bool = False
    missing: bool = False
    unknown: bool = False


def problems_of(error: ValidationError) -> list[Problem]:
    """Returns the problems that the models have found."""
    return [_problem(one) for one in error.errors()]


def message(document: YamlDocument, problems: Sequence[Problem], model: type[SettingsModel]) -> str:
    """Returns every problem of a file, by lines, with the value and the allowed values."""
    ordered = sorted(problems, key=lambda one: _line_number(document, one))
    return listed(document.path, [_line(document, one, model) for one in ordered])


def listed(path: str, problems: list[str]) -> str:
    """Returns the problems of a file, one per line; a long list is truncated."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    listing = "".join(f"\n  - {line}" for line in first(problems))
    return f"{path}: {count}{listing}"


def got_value(text: str, value: Any) -> str:
    """Returns a value with the name of its type."""
    if value is None:
        return "nothing"
    kind = "date" if isinstance(value, date) else _KINDS.get(type(value), "value")
    return f"{text} ({kind})"


def _problem(detail: ErrorDetails) -> Problem:
    place = detail["loc"]
    if place[-1:] == ("[key]",):
        return Problem(place=place[:-1], allowed=_expected(detail), key=True)
    if detail["type"] == "missing":
        return Problem(place=place, missing=True)
    if detail["type"] == "extra_forbidden":
        return Problem(place=place, unknown=True)
    if not place:
        return Problem(place=place, text=_expected(detail))
    return Problem(place=place, allowed=_expected(detail))


def _line(document: YamlDocument, problem: Problem, model: type[SettingsModel]) -> str:
    location = _in_file(document, problem.place)
    place = tuple(str(part) for part in location)
    line = document.line(place)
    start = f"line {line}: " if line else ""
    where = start + _keys_of(location)
    if problem.missing:
        return f"{where}: missing; this key is required"
    if problem.unknown:
        known = ", ".join(_keys(model, problem.place[:-1]))
        return f"{where}: unknown key; allowed are {known}"
    if problem.allowed is not None:
        value = location[-1] if problem.key else _value(document, location)
        got = got_value(document.shown(() if problem.key else place, value), value)
        return f"{where}: got {got}; allowed is {problem.allowed}"
    return f"{where}: {problem.text}" if location else f"{start}{problem.text}"


def _line_number(document: YamlDocument, problem: Problem) -> int:
    return document.line(tuple(str(part) for part in _in_file(document, problem.place))) or 0


def _in_file(document: YamlDocument, place: Location) -> Location:
    """Returns a place as the file has it: without the 0 of a section that is no list there."""
    value, found = document.content, []
    for part in place:
        if isinstance(part, int):
            if not isinstance(value, list):
                continue
            value = value[part] if part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
        found.append(part)
    return tuple(found)


def _value(document: YamlDocument, location: Location) -> Any:
    value = document.content
    for part in location:
        if isinstance(value, dict):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
    return value


def _keys_of(location: Location) -> str:
    where = "".join(
        f"[{part}]" if isinstance(part, int) else f".{keys_text([part])}" for part in location
    )
    return where.lstrip(".")


def _expected(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "enum":
        return str(context["expected"])
    if kind == "string_type":
        if isinstance(detail["input"], bool | date):
            return "a text; put it in quotes"
        return (
            f"a text{'; put numbers in quotes' if isinstance(detail['input'], int | float) else ''}"
        )
    if kind in ("too_short", "too_long"):
        low, high = context.get("min_length"), context.get("max_length")
        what = "mapping" if context.get("field_type") == "Dictionary" else "list"
        bound = f"at least {low}" if low is not None else f"at most {high}"
        return f"a {what} of {bound} {'value' if (low or high) == 1 else 'values'}"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{words} {context[name]:,}"
    return _TYPES.get(kind, detail["msg"])


def _keys(model: type[SettingsModel], location: Location) -> list[str]:
    """Returns the allowed keys at a place of the file."""
    for part in location:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if isinstance(part, str) and part in fields:
            inner = section_of(fields[part].annotation)
            if inner is None:
                return []
            model = inner
    return model.keys()
