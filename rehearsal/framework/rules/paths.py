"""Paths to members of a request, as `ProductionVariants[].ServerlessConfig.MaxConcurrency`.

A dot leads into a structure, `[]` to each item of a list, and `{}` to each value of a map; `A|B[]`
is either of two members.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def find(value: Any, path: str, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yields each value to which a path leads, with its place, as `Variants[0].ModelName`.

    Members that a request does not have are skipped.

    Args:
        value: the request, or a part of it.
        path: the path. An empty one leads to the value itself.
        place: the place of the value in the request. Defaults to the request itself.
    """
    if not path:
        yield place, value
        return
    head, _, rest = path.partition(".")
    if "|" in head:
        for alternative in head.split("|"):
            yield from find(value, ".".join(filter(None, (alternative, rest))), place)
        return
    name = head.removesuffix("[]").removesuffix("{}")
    if not isinstance(value, Mapping) or value.get(name) is None:
        return
    inner, here = value[name], join(place, name)
    if head.endswith("[]"):
        for index, item in enumerate(inner):
            yield from find(item, rest, f"{here}[{index}]")
    elif head.endswith("{}"):
        for key, item in inner.items():
            yield from find(item, rest, f"{here}.{key}")
    else:
        yield from find(inner, rest, here)


def given(value: Any, path: str) -> bool:
    """Returns True if a path leads to a value that is not False or empty."""
    return any(found not in (False, {}, [], b"") for _, found in find(value, path))


def join(place: str, name: str) -> str:
    """Returns the place of a member of the structure at a place."""
    return ".".join(filter(None, (place, name)))
