"""What a change set says of replacements, by the registry schema of each resource type.

ministack knows a few types and says of every property of the others that its change may replace the
resource. CloudFormation's schema says which do: `createOnlyProperties` always,
`conditionalCreateOnlyProperties` under conditions, the rest never.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html
"""

from __future__ import annotations

from ministack.services.cloudformation import provisioners, stacks

from rehearsal.cloudformation import resource_schemas


def install() -> None:
    """Lets change sets ask the schema of a type that ministack does not know."""
    stock = stacks._property_recreation

    def recreation(resource_type: str, name: str) -> str:
        if resource_type in provisioners._REPLACING_PROPERTIES:
            return str(stock(resource_type, name))
        return requires_recreation(resource_type, name) or str(stock(resource_type, name))

    stacks._property_recreation = recreation


def requires_recreation(resource_type: str, name: str) -> str | None:
    """RequiresRecreation of a property; None for a type without a schema, as custom resources."""
    if resource_schemas.schema_of(resource_type) is None:
        return None
    if name in resource_schemas.create_only_properties(resource_type):
        return "Always"
    # A part of the property may be what cannot change in place.
    nested = {path[0] for path in resource_schemas.nested_create_only_properties(resource_type)}
    conditional = resource_schemas.conditional_create_only_properties(resource_type)
    return "Conditionally" if name in nested | conditional else "Never"
