"""A rule about resources of a template, and how templates are read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Template = Mapping[str, Any]
Properties = Mapping[str, Any]
Finding = tuple[str, str]
"""A resource's logical id, and the path of the property that breaks a rule."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What must hold for some resources of a template.

    `findings` gives the places where it does not; `fix` says what to do there.
    """

    name: str
    description: str
    fix: str
    findings: Callable[[Template], Sequence[Finding]]


def resources(template: Template, *types: str) -> Iterator[tuple[str, Properties]]:
    """The resources of some types: logical id and properties."""
    for logical_id, resource in template.get("Resources", {}).items():
        if resource["Type"] in types:
            yield logical_id, resource.get("Properties", {})


def value_at(properties: Any, path: str) -> Any:
    """What stands at a dotted path; None where the path ends early."""
    for name in path.split("."):
        if not isinstance(properties, Mapping):
            return None
        properties = properties.get(name)
    return properties


def requires(resource_type: str, path: str, *, wanted: Any = None, when: str = "") -> Any:
    """Findings of resources that lack a property, or have another value there than `wanted`.

    Only resources with something at `when` are judged; a value that CloudFormation computes is
    taken for right, since only AWS can know it.
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
