"""Requests that botocore's models describe: the smallest ones, and changes of them."""

import datetime
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from tests.rehearsal.patterned_text import text

MOMENT = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
_ROLE = "arn:aws:iam::111111111111:role/execution"
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
