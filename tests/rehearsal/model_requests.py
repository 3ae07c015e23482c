"""Requests that botocore's models describe: the smallest ones, and changes of them."""

import datetime
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from rehearsal.framework.protocols.patterns import matches
from tests.rehearsal.patterned_text import text

MOMENT = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
_ROLE = "arn:aws:iam::111111111111:role/execution"
_DEPTH = 4
_HOSTILE = ("../../x", "a\0b", "\N{GRINNING FACE}", "$(x)", "{", "arn:", "\n")
_STEP = re.compile(r"(?P<name>[^\[\]{}]+)(?:\[(?P<index>\d+)\])?")


@cache
def model_of(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def input_of(service: str, operation: str) -> StructureShape:
    shape = model_of(service).operation_model(operation).input_shape
    assert shape is not None
    return shape


def smallest(shape: Shape) -> Any:
    """Returns the smallest value of a shape: required members only, and minimal lists."""
    match shape:
        case StructureShape():
            names = list(shape.required_members)
            if getattr(shape, "is_tagged_union", False):
                names = [next(iter(shape.members))]
            return {name: smallest(shape.members[name]) for name in names}
        case ListShape():
            return [smallest(shape.member) for _ in range(int(shape.metadata.get("min", 0)))]
        case MapShape():
            number = int(shape.metadata.get("min", 0))
            return {smallest(shape.key): smallest(shape.value) for _ in range(min(number, 1))}
    return scalar(shape)


def scalar(shape: Shape, *, largest: bool = False) -> Any:
    """Returns a valid scalar of a shape, the smallest one or the largest one."""
    low: Any = shape.metadata.get("min")
    high: Any = shape.metadata.get("max")
    match shape.type_name:
        case "boolean":
            return largest
        case "integer" | "long":
            return int(float(high if largest else low)) if (high if largest else low) else 1
        case "float" | "double":
            return float(high if largest else low) if (high if largest else low) else 1.0
        case "timestamp":
            return MOMENT
        case "blob":
            return b"a" * int(min(high or 1, 2000) if largest else max(low or 1, 1))
    enum = getattr(shape, "enum", None)
    if enum:
        return enum[-1] if largest else enum[0]
    if "RoleArn" in shape.name or shape.name == "Role":
        return _ROLE
    minimum, maximum = int(low or 0), int(high) if high is not None else None
    if largest and maximum is not None and maximum <= 5000:
        found = text(shape.metadata.get("pattern"), maximum, maximum)
        if found is not None:
            return found
    found = text(shape.metadata.get("pattern"), max(minimum, 1), maximum)
    return found if found is not None else text(shape.metadata.get("pattern"), minimum, maximum)


def changed(shape: StructureShape, request: Mapping[str, Any], changes: Mapping[str, Any]) -> Any:
    """Returns a request with other values at some paths, as `ProductionVariants[0].ModelName`.

    Structures and items on the way are made as small as the model allows. None removes a member.
    """
    result = dict(request)
    for path, value in changes.items():
        _set(shape, result, path, value)
    return result


def _set(shape: Shape, target: Any, path: str, value: Any) -> None:
    head, _, rest = path.partition(".")
    found = _STEP.fullmatch(head)
    assert found is not None, path
    name, index = found["name"], found["index"]
    if isinstance(shape, MapShape):
        if rest:
            target.setdefault(name, smallest(shape.value))
            _set(shape.value, target[name], rest, value)
        else:
            target[name] = value
        return
    members = cast(StructureShape, shape).members
    assert name in members, f"{shape.name} has no member {name}"
    member = members[name]
    if index is not None:
        position, items = int(index), target.setdefault(name, [])
        item = cast(ListShape, member).member
        while len(items) <= position:
            items.append(smallest(item))
        if rest:
            _set(item, items[position], rest, value)
        else:
            items[position] = value
    elif rest:
        target.setdefault(
            name, {} if getattr(member, "is_tagged_union", False) else smallest(member)
        )
        _set(member, target[name], rest, value)
    elif value is None:
        target.pop(name, None)
    else:
        target[name] = value


def operation_of(service: str, name: str) -> OperationModel:
    return model_of(service).operation_model(name)


def variations(shape: StructureShape, *bases: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields requests that a model accepts, around some requests.

    Those are each base, each with one further member, without one of its members, and with one of
    its scalars at a limit.

    Args:
        shape: the shape of the request.
        bases: the requests. Defaults to the smallest and the full one.
    """
    for base in bases or (smallest(shape), full(shape, _DEPTH)):
        yield dict(base)
        for name, member in shape.members.items():
            if name not in base:
                yield {**base, name: smallest(member)}
                yield {**base, name: full(member, _DEPTH - 1)}
        for path in _paths(shape, base, _DEPTH):
            yield _without(base, path)
        yield from _limits(shape, base, _DEPTH)


def full(shape: Shape, depth: int) -> Any:
    """Returns a value with all members down to a depth."""
    match shape:
        case StructureShape():
            if depth <= 0:
                return smallest(shape)
            names = list(shape.members)
            if getattr(shape, "is_tagged_union", False):
                names = names[:1]
            return {name: full(shape.members[name], depth - 1) for name in names}
        case ListShape():
            size = max(int(shape.metadata.get("min", 0)), 1)
            return [full(shape.member, depth) for _ in range(size)]
        case MapShape():
            return {scalar(shape.key): full(shape.value, depth)}
    return scalar(shape)


def _paths(shape: Shape, value: Any, depth: int) -> Iterator[tuple[Any, ...]]:
    """Yields the paths of the optional members of a value."""
    if depth <= 0:
        return
    if isinstance(shape, StructureShape):
        for name, inner in value.items():
            if name not in shape.required_members:
                yield (name,)
            yield from ((name, *rest) for rest in _paths(shape.members[name], inner, depth - 1))
    elif isinstance(shape, ListShape) and value:
        yield from ((0, *rest) for rest in _paths(shape.member, value[0], depth))


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    head, *rest = path
    if isinstance(value, list):
        return [_without(value[0], tuple(rest)), *value[1:]]
    if not rest:
        return {name: inner for name, inner in value.items() if name != head}
    return {**value, head: _without(value[head], tuple(rest))}


def _limits(shape: Shape, value: Any, depth: int) -> Iterator[Any]:
    """Yields a value with each of its scalars, lists and maps at each of its limits in turn."""
    match shape:
        case StructureShape():
            if depth > 0:
                for name, inner in value.items():
                    for other in _limits(shape.members[name], inner, depth - 1):
                        yield {**value, name: other}
        case ListShape() | MapShape() if not shape.metadata.get("min"):
            yield [] if isinstance(shape, ListShape) else {}
        case ListShape():
            for other in _limits(shape.member, value[0], depth):
                yield [other, *value[1:]]
        case MapShape():
            return
        case _:
            yield from _scalars(shape, value)


def _scalars(shape: Shape, value: Any) -> Iterator[Any]:
    enum = getattr(shape, "enum", None)
    if enum:
        yield from (one for one in enum[:8] if one != value)
        return
    largest = scalar(shape, largest=True)
    if largest != value:
        yield largest
    if shape.type_name in ("integer", "long") and shape.metadata.get("min") is None:
        yield 0
        yield -1
    if shape.type_name == "string" and not shape.metadata.get("min"):
        pattern = shape.metadata.get("pattern")
        if pattern is None or matches(pattern, ""):
            yield ""
    if shape.type_name == "string" and shape.metadata.get("pattern") is None:
        high = shape.metadata.get("max", 8)
        yield from (one for one in _HOSTILE if len(one) <= int(high))
