"""What is the same for each mapping of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict


class SettingsModel(BaseModel):
    """Unknown keys and values of another type are refused, and nothing changes after reading."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


def sections(model: type[SettingsModel]) -> dict[str, type]:
    """The keys that hold mappings or lists, in any depth, and what an empty one is."""
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
    """The model of the mappings that a key, or a list below it, holds; None for other values."""
    for part in _parts(annotation):
        if isinstance(part, type) and issubclass(part, SettingsModel):
            return part
        if get_origin(part) is list:
            return section_of(get_args(part)[0])
    return None


def _parts(annotation: Any) -> Iterator[Any]:
    """The types of a union, without what annotates them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation
