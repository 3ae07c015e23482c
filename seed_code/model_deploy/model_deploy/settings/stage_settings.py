"""The kinds of stages, and the sections of each."""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import Field, TypeAdapter

from .asynchronous import Asynchronous
from .batch import Batch
from .component import Component
from .real_time import RealTime
from .section import Section
from .serverless import Serverless

StageSettings = RealTime | Serverless | Asynchronous | Component | Batch

ADAPTER: TypeAdapter[StageSettings] = TypeAdapter(
    Annotated[StageSettings, Field(discriminator="kind")]
)
"""Validates the content of a file."""


def kinds() -> dict[str, type[Section]]:
    """Returns the settings of each `kind`."""
    return {
        kind: model
        for model in get_args(StageSettings)
        for kind in get_args(model.model_fields["kind"].annotation)
    }


def section_at(model: type[Section], place: tuple[str, ...]) -> type[Any] | None:
    """Returns the type of the section at some keys; None for a value that is not a section.

    Args:
        model: settings of the stage.
        place: keys from the outermost; positions in lists count from 0.
    """
    found: Any = model
    for key in place:
        if get_origin(found) is list:
            found = get_args(found)[0]
        elif isinstance(found, type) and issubclass(found, Section) and key in found.model_fields:
            found = found.model_fields[key].annotation
        else:
            return None
        found = next(_sections(found), None)
    return found if isinstance(found, type) else get_origin(found)


def _sections(annotation: Any) -> Iterator[Any]:
    """Yields the sections among the alternatives of a type."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _sections(one)
    elif origin in (dict, list) or (
        isinstance(annotation, type) and issubclass(annotation, Section)
    ):
        yield annotation
