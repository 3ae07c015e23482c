"""Changes of named resources: CloudFormation cannot replace a resource under the same name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
import jsii
from cfnlint.schema.manager import (  # type: ignore[import-untyped]
    PROVIDER_SCHEMA_MANAGER,
)

from mlops_constructs._content_name import attribute_of, create_only

CONTAINED = "it is one of its container: with another one it is another resource of the same name"
KEPT = "people keep things in it, so it must not be replaced at all: give it a new name and id"
RENAMED = "nothing is kept in it: give it a new name"

# Changes for which a user must choose a new name: a type with all its properties, or one property.
EXCEPTIONS = {
    "AWS::ApplicationAutoScaling::ScalingPolicy": CONTAINED,
    "AWS::Chatbot::MicrosoftTeamsChannelConfiguration": RENAMED,
    "AWS::Chatbot::SlackChannelConfiguration": RENAMED,
    "AWS::CodeArtifact::Domain": KEPT,
    "AWS::CodeArtifact::Repository": KEPT,
    # A user has confirmed them in the console.
    "AWS::CodeConnections::Connection": KEPT,
    "AWS::CodeConnections::Host": KEPT,
    "AWS::IAM::Role.Path": "a role's place is decided with its name, and neither ever changes",
    "AWS::SageMaker::Domain": KEPT,
    "AWS::SageMaker::FeatureGroup": f"{KEPT}; its schema lock refuses the change at synthesis",
    "AWS::SageMaker::MlflowApp": KEPT,
    "AWS::SageMaker::ModelCard.SecurityConfig": KEPT,
    "AWS::SageMaker::Space": CONTAINED,
    "AWS::SageMaker::UserProfile": CONTAINED,
}


@jsii.implements(cdk.IStableAnyProducer)
class _Changed:
    """Replaces a structure or a list."""

    def produce(self) -> Any:
        return {"changed": True}


@dataclass(frozen=True)
class Named:
    """A resource, and the property with its name."""

    resource: cdk.CfnResource
    name_property: str

    @property
    def name(self) -> Any:
        """Name in the template; None if CloudFormation generates it."""
        name = getattr(self.resource, attribute_of(self.name_property))
        return cdk.Stack.of(self.resource).resolve(name)

    @property
    def kind(self) -> str:
        return str(self.resource.cfn_resource_type)

    def create_only(self) -> list[str]:
        """Other create-only properties with a value."""
        return [
            name
            for name in create_only()[self.kind]
            if name != self.name_property and (name == "Tags" or self._value(name) is not None)
        ]

    def changeable(self) -> list[str]:
        """Create-only properties that may change without a new name from a user."""
        return [name for name in self.create_only() if not self.exceptions(name)]

    def exceptions(self, name: str) -> set[str]:
        return {self.kind, f"{self.kind}.{name}"} & EXCEPTIONS.keys()

    def change(self, name: str) -> None:
        """Sets another value of a property, or adds a tag to the resource."""
        if name == "Tags":
            cdk.Tags.of(self.resource).add("one-more", "tag")
            for aspect in cdk.Aspects.of(self.resource).all:
                aspect.visit(self.resource)
            return
        value = self._value(name)
        changed: Any = cdk.Lazy.any(_Changed())
        if isinstance(value, bool):
            changed = not value
        elif isinstance(value, str):
            changed = f"{value}x"
        setattr(self.resource, attribute_of(name), changed)

    def _value(self, name: str) -> Any:
        return getattr(self.resource, attribute_of(name))


def named_resources(stack: cdk.Stack) -> Iterator[Named]:
    """Returns the resources of a stack with a name from the library or the example."""
    for resource in stack.node.find_all():
        if not isinstance(resource, cdk.CfnResource):
            continue
        kind = resource.cfn_resource_type
        for name_property in create_only().get(kind, ()):
            named = Named(resource, name_property)
            if _is_name(kind, name_property) and named.name is not None:
                yield named


def schema(kind: str) -> Any:
    """Returns the schema of a type, as CloudFormation publishes it."""
    return PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema


def _is_name(kind: str, name_property: str) -> bool:
    """Returns True if a property is the name of such a resource, and not of another one."""
    noun = kind.rpartition("::")[2]
    return name_property.endswith("Name") and noun.endswith(name_property.removesuffix("Name"))
