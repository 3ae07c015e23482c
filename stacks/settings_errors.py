"""Error messages of an invalid settings file."""

from datetime import date
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mlops_constructs.yaml_document import YamlDocument, first, keys_text
from stacks.settings_model import SettingsModel, section_of

_KINDS: dict[type, str] = {str: "text", bool: "yes/no value", int: "number", float: "number"}
_KINDS |= {list: "list", dict: "mapping"}
_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping",
}


def error_message(
    document: YamlDocument, error: ValidationError, model: type[SettingsModel]
) -> str:
    """Returns every problem of a file with its line, the value, and the allowed values."""
    return listed(document.path, [_line(document, one, model) for one in error.errors()])


def listed(path: str, problems: list[str]) -> str:
    """Returns the problems of a file, one per line; a long list is truncated."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    listing = "".join(f"\n  - {line}" for line in first(problems))
    return f"{path}: {count}{listing}"


def _line(document: YamlDocument, detail: ErrorDetails, model: type[SettingsModel]) -> str:
    location = detail["loc"]
    if location[-1:] == ("[key]",):  # the key itself is wrong, not its value
        location = location[:-1]
    place = tuple(str(part) for part in location)
    line = document.line(place)
    start = f"line {line}: " if line else ""
    where = start + _keys_of(location)
    if detail["type"] == "missing":
        return f"{where}: missing; this key is required"
    if detail["type"] == "extra_forbidden":
        known = ", ".join(_keys(model, location[:-1]))
        return f"{where}: unknown key; allowed are {known}"
    if not place:
        return f"{start}{_expected(detail)}"
    value = detail["input"]
    got = got_value(document.shown(place, value), value)
    return f"{where}: got {got}; allowed is {_expected(detail)}"


def got_value(text: str, value: Any) -> str:
    """Returns a value with the name of its type."""
    if value is None:
        return "nothing"
    kind = "date" if isinstance(value, date) else _KINDS.get(type(value), "value")
    return f"{text} ({kind})"


def _keys_of(location: tuple[int | str, ...]) -> str:
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
        return "a text; put numbers in quotes"
    if kind in ("too_short", "too_long"):
        low, high = context.get("min_length"), context.get("max_length")
        return f"a list of at least {low}" if low is not None else f"a list of at most {high}"
    return _TYPES.get(kind, detail["msg"])


def _keys(model: type[SettingsModel], location: tuple[int | str, ...]) -> list[str]:
    """Returns the allowed keys at a place of the file."""
    for part in location:
        if isinstance(part, str):
            inner = section_of(model.model_fields[part].annotation)
            if inner is None:
                return []
            model = inner
    return list(model.model_fields)
