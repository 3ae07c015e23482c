"""Validation of templates against CloudFormation's registry schemas.

AWS rejects an unknown property, a missing one or a wrong value when it reads the template or when
it starts the resource; the rehearsal rejects the whole template at once and names each problem.
Intrinsic functions are skipped, as their values are not known yet.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import regex  # type: ignore[import-untyped]

from rehearsal.cloudformation.resource_schemas import read_only_properties, resolve, schema_of
from rehearsal.framework.protocols.patterns import compile_pattern

_SHOWN = 120
# The Python types of a JSON type in a template.
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str, int, float, bool),  # CloudFormation converts scalars to text and back
    "integer": (int, str),
    "number": (int, float, str),
    "boolean": (bool, str),
    "array": (list,),
    "object": (dict,),
}


def template_problems(
    template: Mapping[str, Any], conditions: Mapping[str, bool], region: str
) -> list[str]:
    """Returns one message per problem of the resources whose condition is true."""
    problems: list[str] = []
    for logical_id, resource in (template.get("Resources") or {}).items():
        if not isinstance(resource, Mapping) or not conditions.get(
            str(resource.get("Condition")), True
        ):
            continue
        type_name = str(resource.get("Type", ""))
        schema = schema_of(type_name, region)
        if schema is None:
            continue
        properties = resource.get("Properties") or {}
        where = f"{logical_id} ({type_name})"
        read_only = read_only_properties(type_name) - set(schema.get("required", []))
        problems += [
            f"{where}: {name} is set by AWS and cannot be set"
            for name in sorted(read_only & set(properties))
        ]
        problems += [f"{where}: {text}" for text in _check(schema, schema, properties, "")]
    return problems


def property_problems(type_name: str, properties: Mapping[str, Any], region: str) -> list[str]:
    """Returns one message per problem of properties that have their values.

    Args:
        type_name: the resource type.
        properties: the properties, in the types of the schema, without intrinsic functions.
        region: the region of the stack.
    """
    schema = schema_of(type_name, region)
    if schema is None:
        return []
    return [f"#/{text}" for text in _check(schema, schema, properties, "")]


def _check(
    schema: Mapping[str, Any], node: Mapping[str, Any], value: Any, path: str
) -> Iterator[str]:
    node = resolve(schema, node)
    if _is_intrinsic(value):
        yield from _check_branches(schema, node, value, path)
        return
    yield from _check_type(node, value, path)
    if isinstance(value, Mapping) and _may_be(node, "object"):
        yield from _check_object(schema, node, value, path)
    elif isinstance(value, list) and _may_be(node, "array"):
        yield from _check_array(schema, node, value, path)
    else:
        yield from _check_scalar(node, value, path)


def _check_branches(
    schema: Mapping[str, Any], node: Mapping[str, Any], value: Mapping[str, Any], path: str
) -> Iterator[str]:
    """Checks both branches of an Fn::If."""
    branches = value.get("Fn::If")
    if isinstance(branches, list) and len(branches) == 3:
        for branch in branches[1:]:
            if branch != {"Ref": "AWS::NoValue"}:
                yield from _check(schema, node, branch, path)


def _check_type(node: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    kinds = node.get("type")
    if kinds is None:
        return
    allowed = [kinds] if isinstance(kinds, str) else list(kinds)
    if not any(isinstance(value, _TYPES.get(kind, (object,))) for kind in allowed):
        got = type(value).__name__
        yield f"{path or 'Properties'} must be {' or '.join(allowed)}, got {got}"


def _check_object(
    schema: Mapping[str, Any], node: Mapping[str, Any], value: Mapping[str, Any], path: str
) -> Iterator[str]:
    known = node.get("properties", {})
    patterns = node.get("patternProperties", {})
    for name, item in value.items():
        here = f"{path}.{name}" if path else name
        if name in known:
            yield from _check(schema, known[name], item, here)
        elif patterns:
            matching = [sub for pattern, sub in patterns.items() if _search(pattern, name)]
            if matching:
                yield from _check(schema, matching[0], item, here)
        elif node.get("additionalProperties") is False and known and not name.startswith("Fn::"):
            yield f"unknown property {here}; allowed: {', '.join(sorted(known))}"
    for name in node.get("required", []):
        if name not in value:
            yield f"{f'{path}.{name}' if path else name} is required"


def _check_array(
    schema: Mapping[str, Any], node: Mapping[str, Any], value: list[Any], path: str
) -> Iterator[str]:
    least, most = node.get("minItems"), node.get("maxItems")
    if least is not None and len(value) < least and not any(map(_is_intrinsic, value)):
        yield f"{path} has {len(value)} items, at least {least} are needed"
    if most is not None and len(value) > most:
        yield f"{path} has {len(value)} items, at most {most} are allowed"
    items = node.get("items")
    if isinstance(items, Mapping):
        for position, item in enumerate(value):
            yield from _check(schema, items, item, f"{path}.{position}")


def _check_scalar(node: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    shown = str(value)[:_SHOWN]
    allowed = node.get("enum")
    if allowed and str(value) not in {str(choice) for choice in allowed}:
        yield f"{path} is {shown!r}, allowed: {', '.join(map(str, allowed))}"
    if isinstance(value, str):
        if "maxLength" in node and len(value) > node["maxLength"]:
            yield f"{path} has {len(value)} characters, at most {node['maxLength']} are allowed"
        if "minLength" in node and len(value) < node["minLength"]:
            yield f"{path} has {len(value)} characters, at least {node['minLength']} are needed"
        # The value of a dynamic reference is not known yet.
        if "pattern" in node and "{{resolve:" not in value and not _search(node["pattern"], value):
            yield f"{path} is {shown!r}, it must match {node['pattern']}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in node and value < node["minimum"]:
            yield f"{path} is {value}, the minimum is {node['minimum']}"
        if "maximum" in node and value > node["maximum"]:
            yield f"{path} is {value}, the maximum is {node['maximum']}"


def _may_be(node: Mapping[str, Any], kind: str) -> bool:
    kinds = node.get("type", kind)
    return kind in ([kinds] if isinstance(kinds, str) else kinds)


def _is_intrinsic(value: Any) -> bool:
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    key = str(next(iter(value)))
    return key in ("Ref", "Condition") or key.startswith("Fn::")


def _search(pattern: str, text: str) -> bool:
    try:
        return compile_pattern(pattern).search(text) is not None
    except regex.error:  # JavaScript syntax that this engine does not support
        return True
