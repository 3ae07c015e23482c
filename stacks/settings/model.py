"""Base of the models of settings, and the kinds of values that several sections share."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Protocol, TypeVar, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from stacks.settings.checked_text import matching

Alias = Annotated[
    str,
    matching(
        r"[a-z](?:-?[a-z0-9]){0,19}",
        "the alias of an account: up to 20 lower case letters, digits and hyphens, a letter first",
    ),
]
"""Name of an account in the settings."""


class Named(Protocol):
    """A part of the settings with a name."""

    @property
    def name(self) -> str:
        """The name."""


NamedParts = TypeVar("NamedParts", bound=Sequence[Named])
Parts = TypeVar("Parts", bound=Sequence[object])


def unique_names(parts: NamedParts) -> NamedParts:
    """Validates that the names of a list are unique; returns the list."""
    names = [part.name for part in parts]
    if len(set(names)) < len(names):
        raise ValueError("each name once")
    return parts


def unique(parts: Parts) -> Parts:
    """Validates that the values of a list are unique; returns the list."""
    if len(set(parts)) < len(parts):
        raise ValueError("each value once")
    return parts


class OneOrMore:
    """Accepts one value of a list without the list, for `Annotated[list[...], OneOrMore()]`."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [several["items"], several, {"type": "null"}]}


def _listed(value: Any) -> Any:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _in_folder(path: str, info: ValidationInfo) -> str:
    """Resolves a path relative to the folder of the settings file."""
    context: Mapping[str, Path] = info.context or {}
    return str(context["folder"] / path) if "folder" in context else path


File = Annotated[
    str,
    matching(
        r"(?!/)(?!.*(?:^|/)\.\.(?:/|$))[A-Za-z0-9._/@+-]{1,200}",
        "a file below the folder of the settings file, such as jupyter.sh",
    ),
    AfterValidator(_in_folder),
]
"""File below the folder of the settings file; the value is the path from the working directory."""

Files = Annotated[
    str,
    matching(
        r"(?!/)(?!.*(?:^|/)\.\.(?:/|$))[A-Za-z0-9._/@+*?-]{1,200}",
        "files below the folder of the settings file, such as features/*.yaml",
    ),
    AfterValidator(_in_folder),
]
"""Files below the folder of the settings file, by a pattern with `*` and `?`."""


class SettingsModel(BaseModel):
    """Base of all models: immutable; unknown keys and values of another type are errors."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )

    @classmethod
    def keys(cls) -> list[str]:
        """Returns the keys as the file has them."""
        return [field.alias or name for name, field in cls.model_fields.items()]


class InAccounts(SettingsModel):
    """A section that is deployed to one account or to several ones."""

    in_: Annotated[
        Annotated[list[Alias], OneOrMore(), Field(min_length=1), AfterValidator(unique)] | None,
        Field(alias="in"),
    ] = None
    """Accounts of the section by their aliases. Defaults to the account, if there is one only."""


class InAccount(SettingsModel):
    """A section that is deployed to one account."""

    in_: Annotated[Alias | None, Field(alias="in")] = None
    """Account of the section by its alias. Defaults to the account, if there is one only."""


def empty_at(model: type[SettingsModel], place: Sequence[str]) -> type | None:
    """Returns the type of a section by its keys, `dict` or `list`; None for other values.

    Args:
        model: model of the whole file.
        place: keys and positions that lead to the value.
    """
    inner: type[SettingsModel] | None = model
    kind: type | None = dict
    for key in place:
        if inner is None:
            return None
        fields = {field.alias or name: field for name, field in inner.model_fields.items()}
        if key in fields:
            kind = _empty_of(fields[key])
            inner = section_of(fields[key].annotation)
        else:  # an entry of a list, or of a mapping of names
            kind = dict
    return kind


def _empty_of(field: FieldInfo) -> type | None:
    if any(isinstance(one, OneOrMore) for one in field.metadata):
        return dict
    for part in _parts(field.annotation):
        if isinstance(part, type) and issubclass(part, SettingsModel):
            return dict
        if get_origin(part) is not None:
            return dict if get_origin(part) is dict else list
    return None


def section_of(annotation: Any) -> type[SettingsModel] | None:
    """Returns the model of the mappings in a key or in its list; None for other values."""
    for part in _parts(annotation):
        if isinstance(part, type) and issubclass(part, SettingsModel):
            return part
        if get_origin(part) in (list, dict):
            return section_of(get_args(part)[-1])
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
