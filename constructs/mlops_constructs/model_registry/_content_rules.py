"""Rendering and validation of typed sections, with the limits of CloudFormation's schema."""

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_constructs._problems import is_known

_MAX_CUSTOM_LENGTH = 1024


def text(max_length: int) -> Any:
    """Returns an optional text field."""
    return dataclasses.field(default=None, metadata={"max_length": max_length})


def required_text(max_length: int) -> Any:
    """Returns a required text field."""
    return dataclasses.field(metadata={"max_length": max_length, "required": True})


def texts(*, max_length: int, max_count: int | None = None) -> Any:
    """Returns a field with a list of texts, empty by default."""
    return dataclasses.field(
        default=(), metadata={"max_length": max_length, "max_count": max_count}
    )


def text_by_name() -> Any:
    """Returns a field with texts by custom names, empty by default."""
    return dataclasses.field(default_factory=dict, metadata={"max_length": _MAX_CUSTOM_LENGTH})


def items(max_count: int | None = None) -> Any:
    """Returns a field with a list of sections, empty by default."""
    return dataclasses.field(default=(), metadata={"max_count": max_count})


def render(value: Any) -> Any:
    """Returns a section with names in PascalCase and without empty values."""
    if dataclasses.is_dataclass(value):
        return _rendered_section(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [render(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def problems(section: Any, path: str) -> Iterator[str]:
    """Validates a section; yields one message per problem.

    Args:
        section: section, a dataclass.
        path: path of the section, with which messages begin.
    """
    for field in dataclasses.fields(section):
        value = getattr(section, field.name)
        here = f"{path}.{field.name}" if path else field.name
        if field.metadata.get("required") and is_known(value) and not value:
            yield f"{here}: got an empty text; allowed is at least 1 character"
        yield from _value_problems(value, here, field.metadata)


def _rendered_section(section: Any) -> dict[str, Any]:
    rendered = {}
    for field in dataclasses.fields(section):
        content = render(getattr(section, field.name))
        if content not in (None, [], {}):
            rendered["".join(word.capitalize() for word in field.name.split("_"))] = content
    return rendered


def _value_problems(value: Any, path: str, limits: Mapping[str, Any]) -> Iterator[str]:
    if dataclasses.is_dataclass(value):
        yield from problems(value, path)
    elif isinstance(value, str) and is_known(value):
        max_length = limits.get("max_length")
        if max_length is not None and len(value) > max_length:
            yield f"{path}: got {len(value)} characters; allowed are at most {max_length}"
    elif isinstance(value, list | tuple):
        max_count = limits.get("max_count")
        if max_count is not None and len(value) > max_count:
            yield f"{path}: got {len(value)}; allowed are at most {max_count}"
        for index, item in enumerate(value):
            yield from _value_problems(item, f"{path}[{index}]", limits)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            limit = {"max_length": limits["max_length"]}
            yield from _value_problems(item, f"{path}[{name!r}]", limit)
