"""The public names of the library with their parameters, as text."""

from __future__ import annotations

import enum
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlops_constructs

PACKAGE = Path(mlops_constructs.__file__).parent
AREAS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
FILE = Path(__file__).with_name("public_api.txt")


def lines() -> Iterator[str]:
    """One line for each class, factory, method, property and function."""
    for area in AREAS:
        module = importlib.import_module(f"mlops_constructs.{area}")
        for name in module.__all__:
            yield from _lines_of(f"{area}.{name}", getattr(module, name))


def _lines_of(name: str, thing: Any) -> Iterator[str]:
    if not inspect.isclass(thing):
        yield f"{name}{_parameters(thing) if callable(thing) else ''}"
        return
    if issubclass(thing, enum.Enum):
        yield f"{name}: {', '.join(member.name for member in thing)}"
        return
    yield f"{name}{_parameters(thing.__init__)}"
    for member_name, member in sorted(_members(thing)):
        function = getattr(member, "__func__", member)
        if isinstance(member, property):
            yield f"{name}.{member_name}"
        elif inspect.isfunction(function):
            yield f"{name}.{member_name}{_parameters(function)}"


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    """Yields the members of a class and its bases in the library, nearest definition first."""
    found: dict[str, Any] = {}
    for base in reversed(thing.__mro__):
        if base.__module__.startswith("mlops_constructs"):
            found |= vars(base)
    return ((name, member) for name, member in found.items() if not name.startswith("_"))


def _parameters(function: Any) -> str:
    """Returns names and defaults; types are left to the type checker."""
    shown = []
    keyword_only = False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            shown.append("*")
        given = parameter.default is parameter.empty
        shown.append(parameter.name if given else f"{parameter.name}={_default(parameter)}")
    return f"({', '.join(shown)})"


def _default(parameter: inspect.Parameter) -> str:
    value = parameter.default
    return repr(value) if isinstance(value, str | int | float | tuple | None) else "..."
