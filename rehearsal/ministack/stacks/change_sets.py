"""Replacements in change sets, by the registry schema of each resource type.

`createOnlyProperties` need a replacement, `conditionalCreateOnlyProperties` may need one, other
properties do not.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html
"""

from collections.abc import Callable

from ministack.services.cloudformation import provisioners

from rehearsal.cloudformation import resource_schemas
from rehearsal.ministack.registry import CLOUDFORMATION, patch


@patch(
    # Only as change sets see it: the plan of an update keeps ministack's own table.
    f"{CLOUDFORMATION}.stacks:_property_recreation",
    why=(
        "A change set shows each change of a type that ministack has no table for as a possible "
        "replacement."
    ),
    until="ministack reads RequiresRecreation from the registry schema of a type.",
)
def recreation(previous: Callable[..., str], resource_type: str, name: str) -> str:
    if resource_type in provisioners._REPLACING_PROPERTIES:
        return str(previous(resource_type, name))
    return requires_recreation(resource_type, name) or str(previous(resource_type, name))


def requires_recreation(resource_type: str, name: str) -> str | None:
    """Returns RequiresRecreation of a property, or None for a type without a schema."""
    if resource_schemas.schema_of(resource_type) is None:
        return None
    if name in resource_schemas.create_only_properties(resource_type):
        return "Always"
    # A part of the property may be what cannot change in place.
    nested = {path[0] for path in resource_schemas.nested_create_only_properties(resource_type)}
    conditional = resource_schemas.conditional_create_only_properties(resource_type)
    return "Conditionally" if name in nested | conditional else "Never"
