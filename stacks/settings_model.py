"""Base of the models of settings, and names that several models share."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Protocol, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict

from mlops_constructs.delivery import ProjectResources
from stacks.checked_text import matching

ResourceName = Annotated[
    str,
    matching(
        ProjectResources.NAME_PATTERN,
        "up to 32 lower case letters, digits and hyphens, a letter or digit at both ends",
    ),
]
"""Name of a project or of a pipeline."""


class Named(Protocol):
    """A part of the settings with a name."""

    @property
    def name(self) -> str:
        """The name."""


NamedParts = TypeVar("NamedParts", bound=Sequence[Named])


def unique_names(parts: NamedParts) -> NamedParts:
    """Validates that the names of a list are unique; returns the list."""
    names = [part.name for part in parts]
    if len(set(names)) < len(names):
        raise ValueError("each name once")
    return parts


class SettingsModel(BaseModel):
    """Base of all models: immutable; unknown keys and values of another type are errors."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


def sections(model: type[SettingsModel]) -> dict[str, type]:
    """Returns the keys that hold mappings or lists, at any depth, with the type of their value."""
    found: dict[str, type] = {}
    for name, field in model.model_fields.items():
        for part in _parts(field.annotation):
            if isinstance(part, type) and issubclass(part, SettingsModel):
                found[name] = dict
            elif get_origin(part) in (list, dict):
                found[name] = get_origin(part) or list
        inner = section_of(field.annotation)
        found |= sections(inner) if inner else {}
    return found


def section_of(annotation: Any) -> type[SettingsModel] | None:
    """Returns the model of the mappings in a key or in its list; None for other values."""
    for part in _parts(annotation):
        if isinstance(part, type) and issubclass(part, SettingsModel):
            return part
        if get_origin(part) is list:
            return section_of(get_args(part)[0])
    return None


def _parts(annotation: Any) -> Iterator[Any]:
    """Yields the types of a union, without annotations."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation
