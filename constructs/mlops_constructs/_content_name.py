"""Names of immutable resources: a prefix and a hash of all create-only properties."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from constructs import IConstruct

HASH_LENGTH = 10

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def content_hash(scope: IConstruct, content: Any) -> str:
    """Returns the hash of `content` as it is rendered in the template."""
    resolved = cdk.Stack.of(scope).resolve(content)
    text = json.dumps(resolved, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def name_by_content(resource: cdk.CfnResource, name_property: str, prefix: str) -> None:
    """Names a resource by a prefix and the hash of all its create-only properties.

    AWS cannot change a model or an endpoint configuration: new content requires a new resource,
    which CloudFormation creates under a new name before it deletes the old one. It cannot replace a
    resource with a fixed name under the same name. The hash therefore includes all create-only
    properties of the type, tags if they are create-only, and the same properties of each resource
    of the stack that they refer to: if that one is replaced, this one is, too. It is computed at
    synthesis, after tags and aspects.

    Values that are known only at deployment are not included: parameters, and exports of other
    stacks, which CloudFormation does not let change while they are in use.

    Args:
        resource: resource of a type in `create_only.json`.
        name_property: name property in the schema of the type, such as `EndpointConfigName`.
        prefix: prefix of the name.
    """
    name = cdk.Lazy.uncached_string(_Name(resource, name_property, prefix))
    setattr(resource, attribute_of(name_property), name)


@cache
def create_only() -> Mapping[str, Sequence[str]]:
    """Returns the create-only properties by resource type, from CloudFormation's schemas."""
    table: dict[str, list[str]] = json.loads(
        (Path(__file__).parent / "create_only.json").read_text()
    )
    return table


def attribute_of(property_name: str) -> str:
    """Returns the Python attribute of a property of a level-1 construct."""
    return _WORDS.sub("_", property_name).lower()


@jsii.implements(cdk.IStringProducer)
class _Name:
    """Produces the name at synthesis, when no tag can follow."""

    def __init__(self, resource: cdk.CfnResource, name_property: str, prefix: str) -> None:
        self._resource = resource
        self._name_property = name_property
        self._prefix = prefix

    def produce(self, context: cdk.IResolveContext) -> str:
        content = _Content(self._resource).of(self._resource, without=self._name_property)
        return f"{self._prefix}-{content_hash(self._resource, content)}"


class _Content:
    """Create-only properties of resources of one stack."""

    def __init__(self, scope: IConstruct) -> None:
        self._stack = cdk.Stack.of(scope)
        self._elements: dict[str, cdk.CfnResource] = {}

    def of(
        self,
        resource: cdk.CfnResource,
        *,
        without: str | None = None,
        above: frozenset[str] = frozenset(),
    ) -> list[Any]:
        names = create_only().get(resource.cfn_resource_type, ())
        # The rendered properties: a getter cannot return a lazy value in place of a structure.
        values = resource._cfn_properties if names else {}
        own = {
            name: self._stack.resolve(values[member])
            for name in names
            if name != without and (member := _member_of(name)) in values
        }
        referenced = {
            logical_id: self.of(element, above=above | {logical_id})
            for logical_id in sorted(set(_references(own)) - above)
            if (element := self._element(logical_id)) is not None
        }
        return [own, referenced] if referenced else [own]

    def _element(self, logical_id: str) -> cdk.CfnResource | None:
        if not self._elements:
            self._elements = {
                self._stack.get_logical_id(element): element
                for element in self._stack.node.find_all()
                if isinstance(element, cdk.CfnResource) and element.stack == self._stack
            }
        return self._elements.get(logical_id)


def _member_of(property_name: str) -> str:
    first, *others = _WORDS.split(property_name)
    return "".join([first.lower(), *others])


def _references(value: Any) -> Iterator[str]:
    """Yields the logical ids in a rendered value."""
    match value:
        case {"Ref": str(logical_id)}:
            yield logical_id
        case {"Fn::GetAtt": [str(logical_id), *_]}:
            yield logical_id
        case dict():
            for member in value.values():
                yield from _references(member)
        case list():
            for member in value:
                yield from _references(member)
