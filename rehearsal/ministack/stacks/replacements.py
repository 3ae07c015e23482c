"""Replacements of ministack's own types, by their registry schemas.

A change of one of `createOnlyProperties` replaces the resource, one of
`conditionalCreateOnlyProperties` may; a resource with a custom name cannot be replaced under it.

Source: CloudFormation CLI User Guide, "Resource type schema"; CloudFormation User Guide, "Name
type".
"""

from collections.abc import Iterator
from typing import Any

from ministack.services.cloudformation import provisioners

from rehearsal.cloudformation import resource_schemas
from rehearsal.ministack.registry import CLOUDFORMATION, patch_value
from rehearsal.ministack.stacks.existing_resources import IDENTITIES

_PROVISIONERS = f"{CLOUDFORMATION}.provisioners"
_SCHEMAS = {
    "why": (
        "A change that needs a new resource is applied in place, or dropped, for types without a "
        "table of such properties."
    ),
    "until": "ministack reads the replacing properties of each type from its registry schema.",
}


@patch_value(f"{_PROVISIONERS}:_REPLACING_PROPERTIES", after="stacks.resource_handlers", **_SCHEMAS)
def replacing_properties(table: dict[str, Any]) -> dict[str, Any]:
    for name in _types():
        table.setdefault(name, tuple(resource_schemas.create_only_properties(name)))
    return table


@patch_value(f"{_PROVISIONERS}:_CONDITIONALLY_REPLACING_PROPERTIES", **_SCHEMAS)
def conditionally_replacing_properties(table: dict[str, Any]) -> dict[str, Any]:
    for name in _types():
        nested = {path[0] for path in resource_schemas.nested_create_only_properties(name)}
        conditional = resource_schemas.conditional_create_only_properties(name) | nested
        table[name] = tuple({*table.get(name, ()), *conditional})
    return table


@patch_value(
    f"{_PROVISIONERS}:_CUSTOM_NAME_REPLACEMENT", after="stacks.resource_handlers", **_SCHEMAS
)
def name_properties(table: dict[str, Any]) -> dict[str, Any]:
    for name, identity in IDENTITIES.items():
        if len(identity.properties) == 1 and "." not in identity.properties[0]:
            table.setdefault(name, {"name": identity.properties[0]})
    return table


def _types() -> Iterator[str]:
    for name in provisioners._RESOURCE_HANDLERS:
        if resource_schemas.schema_of(name) is not None:
            yield name
