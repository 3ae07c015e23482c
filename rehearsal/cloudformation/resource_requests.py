"""Properties of templates as API requests: names match regardless of case, scalars are coerced."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from rehearsal.cloudformation.resource_schemas import tag_property
from rehearsal.cloudformation.resource_types import Properties, Request
from rehearsal.cloudformation.resource_types import ResourceFailure as ResourceFailure


def to_api(shape: Shape, value: Any, path: str) -> Any:
    """Returns a value of a template as a member of a request.

    Args:
        shape: the shape of the member.
        value: the value.
        path: the path of the value in the template, for errors; ends with a dot.

    Raises:
        ResourceFailure: the API has no member for a property, or a value has another type.
    """
    match shape:
        case StructureShape() if isinstance(value, Mapping):
            return _structure_to_api(shape, value, path)
        case ListShape():
            if isinstance(value, Mapping) and isinstance(shape.member, StructureShape):
                value = [{"Key": key, "Value": item} for key, item in value.items()]
            items = value if isinstance(value, list) else [value]
            return [to_api(shape.member, item, path) for item in items]
        case MapShape():
            if isinstance(value, list):
                value = tag_map(value)
            return {str(key): to_api(shape.value, item, path) for key, item in value.items()}
    return _scalar(shape, value, path)


def _structure_to_api(shape: StructureShape, value: Properties, path: str) -> Request:
    members = {name.lower(): name for name in shape.members}
    request = {}
    for name, item in value.items():
        member = members.get(name.lower())
        if member is None:
            raise ResourceFailure(f"{path}{name} is not a member of {shape.name}.")
        request[member] = to_api(shape.members[member], item, f"{path}{name}.")
    return request


def _scalar(shape: Shape, value: Any, path: str) -> Any:
    try:
        match shape.type_name:
            case "boolean":
                return {"true": True, "false": False}[str(value).lower()]
            case "integer" | "long":
                return int(value)
            case "float" | "double":
                return float(value)
            case "string":
                if isinstance(value, bool):
                    return str(value).lower()
                return json.dumps(value) if isinstance(value, dict | list) else str(value)
    except (KeyError, ValueError, TypeError):
        name = path.rstrip(".")
        raise ResourceFailure(f"{name} must be a {shape.type_name}, not {value!r}.") from None
    return value


def own_properties(type_name: str, properties: Properties) -> Request:
    """Returns the properties without the tags that CloudFormation sets: APIs reject `aws:` keys."""
    own = dict(properties)
    tags = tag_property(type_name)
    if tags and tags[0] in own:
        kept = {k: v for k, v in tag_map(own.pop(tags[0])).items() if not k.startswith("aws:")}
        if kept:
            own[tags[0]] = kept if tags[1] == "map" else _tag_list(kept)
    return own


def tag_map(tags: Any) -> dict[str, str]:
    """Returns tags as a map, from a list of keys and values or a map."""
    if isinstance(tags, Mapping):
        return dict(tags)
    return {tag["Key"]: tag.get("Value", "") for tag in tags or []}


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def dig(value: Any, path: str) -> Any:
    """Returns the value at a dotted path, or None; digits index a list."""
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
