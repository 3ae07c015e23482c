"""Properties of a resource in the types of its registry schema.

CloudFormation converts scalars: `true` is the text "true" where a property is a string, the text
"true" of a parameter is a boolean where it is a boolean.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.cloudformation.resource_schemas import resolve, schema_of
from rehearsal.cloudformation.template_text import scalar_text

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_SCHEMA_TYPES = {str: "String", bool: "Boolean", int: "Integer", float: "Number"}


def typed(type_name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the properties with each scalar in the type that the schema has for it.

    A scalar that cannot be converted stays as it is; so does a part that the schema does not
    describe, such as a policy document.

    Args:
        type_name: the resource type.
        properties: the properties, without intrinsic functions.
    """
    schema = schema_of(type_name)
    if schema is None:
        return dict(properties)
    converted: dict[str, Any] = _typed(schema, schema, properties)
    return converted


def type_problems(type_name: str, properties: Mapping[str, Any]) -> list[str]:
    """Returns one message per scalar that has another type than the schema, once converted."""
    schema = schema_of(type_name)
    return [] if schema is None else list(_mismatches(schema, schema, properties, "#"))


def _typed(schema: Mapping[str, Any], node: Mapping[str, Any], value: Any) -> Any:
    node = resolve(schema, node)
    if isinstance(value, Mapping):
        return {name: _typed(schema, _member(node, name), item) for name, item in value.items()}
    if isinstance(value, list):
        return [_typed(schema, _item(node), item) for item in value]
    kind = node.get("type")
    if isinstance(kind, list) and "string" in kind:  # any scalar is written, text is meant
        kind = "string"
    return _scalar(kind, value) if isinstance(kind, str) else value


def _mismatches(
    schema: Mapping[str, Any], node: Mapping[str, Any], value: Any, path: str
) -> Iterator[str]:
    node = resolve(schema, node)
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _mismatches(schema, _member(node, name), item, f"{path}/{name}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _mismatches(schema, _item(node), item, f"{path}/{position}")
    elif isinstance(kind := node.get("type"), str) and kind in _PYTHON_TYPES:
        allowed = _PYTHON_TYPES[kind]
        if not isinstance(value, allowed) or (isinstance(value, bool) and kind != "boolean"):
            found = _SCHEMA_TYPES.get(type(value), type(value).__name__)
            yield f"{path}: expected type: {kind.title()}, found: {found}"


def _member(node: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    known = node.get("properties", {})
    if name in known:
        found: Mapping[str, Any] = known[name]
        return found
    # The keys of a map do not matter for the types of its values.
    patterns = node.get("patternProperties", {})
    others = next(iter(patterns.values()), node.get("additionalProperties"))
    return others if isinstance(others, Mapping) else {}


def _item(node: Mapping[str, Any]) -> Mapping[str, Any]:
    items = node.get("items")
    return items if isinstance(items, Mapping) else {}


def _scalar(kind: str, value: Any) -> Any:
    if kind == "string":
        return scalar_text(value)
    if not isinstance(value, str):
        return value
    try:
        match kind:
            case "boolean":
                return {"true": True, "false": False}[value.lower()]
            case "integer":
                return int(value)
            case "number":
                return int(value) if value.lstrip("+-").isdigit() else float(value)
    except (KeyError, ValueError):
        return value
    return value
