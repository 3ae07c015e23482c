"""Rules about resources of a template."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Template = Mapping[str, Any]
Properties = Mapping[str, Any]
Finding = tuple[str, str]
"""Logical id of a resource, and the path of the property that violates a rule."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule about resources of a template.

    Attributes:
        name: name of the rule.
        description: the requirement.
        fix: the change that satisfies it.
        findings: returns the resources and properties that violate it.
    """

    name: str
    description: str
    fix: str
    findings: Callable[[Template], Sequence[Finding]]


def resources(template: Template, *types: str) -> Iterator[tuple[str, Properties]]:
    """Yields logical id and properties of the resources of some types."""
    for logical_id, resource in template.get("Resources", {}).items():
        if resource["Type"] in types:
            yield logical_id, resource.get("Properties", {})


def value_at(properties: Any, path: str) -> Any:
    """Returns the value at a dotted path; None if the path ends early."""
    for name in path.split("."):
        if not isinstance(properties, Mapping):
            return None
        properties = properties.get(name)
    return properties


def requires(resource_type: str, path: str, *, wanted: Any = None, when: str = "") -> Any:
    """Returns a function that finds resources without a property, or with another value.

    It only checks resources with a value at `when`. Values that CloudFormation computes pass, since
    they are unknown at synthesis.
    """

    def findings(template: Template) -> list[Finding]:
        return [
            (logical_id, path)
            for logical_id, properties in resources(template, resource_type)
            if not when or value_at(properties, when)
            if not _satisfies(value_at(properties, path), wanted)
        ]

    return findings


def _satisfies(value: Any, wanted: Any) -> bool:
    if wanted is None:
        return value is not None
    return value == wanted or isinstance(value, Mapping)
