"""What is the same for each mapping of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator


class SettingsModel(BaseModel):
    """Unknown keys and values of another type are refused, and nothing changes after reading.

    A section or list with nothing below it, because all of its keys are comments, is an empty one
    rather than none: it is asked for, with every default.
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_sections(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        fields = cls.model_fields
        return {
            key: _empty(fields[key].annotation) if given is None and key in fields else given
            for key, given in value.items()
        }


def section_of(annotation: Any) -> type[SettingsModel] | None:
    """The model of the mappings that a key, or a list below it, holds; None for other values."""
    for part in _parts(annotation):
        if isinstance(part, type) and issubclass(part, SettingsModel):
            return part
        if get_origin(part) is list:
            return section_of(get_args(part)[0])
    return None


def _empty(annotation: Any) -> Any:
    for part in _parts(annotation):
        if isinstance(part, type) and issubclass(part, SettingsModel):
            return {}
        if get_origin(part) in (list, dict):
            return get_origin(part)()
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
