"""Content of typed sections: rendered in CloudFormation's words, checked against its limits."""

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_constructs._problems import is_known

_LONGEST_CUSTOM_VALUE = 1024


def text(longest: int) -> Any:
    """A field of text that may be left out."""
    return dataclasses.field(default=None, metadata={"longest": longest})


def required_text(longest: int) -> Any:
    """A field of text that has to be there."""
    return dataclasses.field(metadata={"longest": longest, "required": True})


def texts(*, longest: int, most: int | None = None) -> Any:
    """A list of texts; empty by default."""
    return dataclasses.field(default=(), metadata={"longest": longest, "most": most})


def items(most: int | None = None) -> Any:
    """A list of sections; empty by default."""
    return dataclasses.field(default=(), metadata={"most": most})


def render(value: Any) -> Any:
    """A section as CloudFormation takes it: names in PascalCase, what is empty left out."""
    if dataclasses.is_dataclass(value):
        return _rendered_section(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [render(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def problems(section: Any, path: str) -> Iterator[str]:
    """What of a section CloudFormation's schema refuses; `path` leads to it in messages."""
    for field in dataclasses.fields(section):
        value = getattr(section, field.name)
        here = f"{path}.{field.name}" if path else field.name
        if field.metadata.get("required") and is_known(value) and not value:
            yield f"{here}: got an empty text; name it"
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
        longest = limits.get("longest")
        if longest is not None and len(value) > longest:
            yield f"{path}: got {len(value)} characters; allowed are at most {longest}"
    elif isinstance(value, list | tuple):
        most = limits.get("most")
        if most is not None and len(value) > most:
            yield f"{path}: got {len(value)}; allowed are at most {most}"
        for index, item in enumerate(value):
            yield from _value_problems(item, f"{path}[{index}]", limits)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _value_problems(item, f"{path}[{name!r}]", {"longest": limits["longest"]})
