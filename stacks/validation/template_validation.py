"""The CDK's validation of templates, which reads templates that differ in names only once."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from constructs import IConstruct

_NAMES = ("sagemaker:project-name", "sagemaker:project-id")
"""Tags with the names that templates of projects do not share."""

_SID = re.compile(r'"Sid": "(?P<sid>[A-Za-z0-9]+)"')
"""Id of a statement, which the CDK derives from the path of a construct; it has no limits."""

_KINDS_OF_NAMES = (re.compile(r"^[0-9]"), re.compile(r"[0-9]"), re.compile(r"-"), re.compile("--"))
_UPPER_CASE = re.compile(r"[A-Z]")


@dataclass(frozen=True, kw_only=True)
class ProjectTemplate:
    """A template and the names in it.

    Args:
        stack: the stack of the template.
        names: values of the tags that name its project; empty for any other template.
        shape: the template without these names, and what a pattern can distinguish in them.
    """

    stack: cdk.PolicyValidationStack
    names: tuple[str, ...]
    shape: tuple[object, ...]

    @classmethod
    def of(cls, stack: cdk.PolicyValidationStack) -> "ProjectTemplate":
        """Reads the template of a stack."""
        text = Path(stack.template_path).read_text()
        names = tuple(_names(json.loads(text)["Resources"]))
        sids = {found["sid"]: None for found in _SID.finditer(text)}
        numbers = {sid: f"{number}" for number, sid in enumerate(sids)}
        text = _SID.sub(lambda found: f"\0sid {numbers[found['sid']]}\0", text)
        for number, name in enumerate(names):
            text = text.replace(name, f"\0{number}\0")
        kinds = tuple(_kind(name) for name in names)
        return cls(
            stack=stack,
            names=names,
            shape=(stack.account_id, stack.region, kinds, text if names else stack.template_path),
        )

    @property
    def length(self) -> int:
        """Number of characters of the names."""
        return sum(map(len, self.names))


class TemplateValidation(cdk.CloudFormationValidatePlugin):
    """Validates the templates of an app against the schemas and rules of CloudFormation.

    It reports what `cdk.CloudFormationValidatePlugin` reports. Templates of projects are most of
    an app and often differ in the name and the id of the project only. Of those, it validates the
    ones with the shortest and the longest names, for the limits of lengths. Names that differ in
    what a pattern can distinguish, such as a digit at the beginning, are not compared.
    """

    @jsii.member(jsii_name="validate")
    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Validates all templates; called by the CDK.

        Args:
            context: the templates.
        """
        by_shape: dict[tuple[object, ...], list[ProjectTemplate]] = {}
        for stack in context.stack_templates:
            template = ProjectTemplate.of(stack)
            by_shape.setdefault(template.shape, []).append(template)
        shapes = [sorted(same, key=lambda one: one.length) for same in by_shape.values()]
        found = self._violations([one for same in shapes for one in _ends(same)], context)
        places = _places(found)
        different = [same for same in shapes if not _alike(same, places)]
        found += self._violations([one for same in different for one in same[1:-1]], context)
        others = {
            same[0].stack.template_path: [one.stack for one in same[1:-1]]
            for same in shapes
            if same not in different
        }
        return cdk.PolicyValidationPluginReport(
            success=not any(one.severity in ("error", "fatal") for one in found),
            violations=[_with_others(one, others) for one in found],
        )

    def _violations(
        self, templates: Sequence[ProjectTemplate], context: cdk.IPolicyValidationContext
    ) -> list[cdk.PolicyViolation]:
        stacks = [one.stack for one in templates]
        if not stacks:
            return []
        return list(super().validate(_Templates(stacks, context.app_construct)).violations)


@jsii.implements(cdk.IPolicyValidationContext)
class _Templates:
    """The templates that are validated."""

    def __init__(self, stacks: Sequence[cdk.PolicyValidationStack], app: IConstruct) -> None:
        self._stacks, self._app = list(stacks), app

    @property
    def app_construct(self) -> IConstruct:
        return self._app

    @property
    def stack_templates(self) -> list[cdk.PolicyValidationStack]:
        return self._stacks

    @property
    def template_paths(self) -> list[str]:
        return [one.template_path for one in self._stacks]

    @property
    def account_id(self) -> str | None:
        return None

    @property
    def region(self) -> str | None:
        return None


def _names(resources: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Yields the names of the project whose resources a template has, the longest first."""
    found: dict[str, None] = {}
    for resource in resources.values():
        tags = resource.get("Properties", {}).get("Tags")
        for tag in tags if isinstance(tags, list) else ():
            if tag.get("Key") in _NAMES and isinstance(tag.get("Value"), str):
                found[tag["Value"]] = None
        if found:
            break
    return sorted(found, key=len, reverse=True)


def _kind(name: str) -> tuple[bool, ...]:
    """Returns what the pattern of a property can distinguish in a name."""
    return tuple(bool(one.search(name)) for one in (*_KINDS_OF_NAMES, _UPPER_CASE))


def _ends(same: Sequence[ProjectTemplate]) -> list[ProjectTemplate]:
    """Returns the templates with the shortest and the longest names."""
    return [same[0], same[-1]] if len(same) > 1 else list(same)


Place = tuple[str, str | None, tuple[str, ...]]
"""Rule, logical id and properties of a violation in a template."""


def _places(violations: Iterable[cdk.PolicyViolation]) -> dict[str, set[Place]]:
    """Returns the places of violations by the path of the template."""
    places: dict[str, set[Place]] = {}
    for violation in violations:
        for resource in violation.violating_resources:
            place = (
                violation.rule_name,
                resource.resource_logical_id,
                tuple(resource.locations),
            )
            places.setdefault(resource.template_path or "", set()).add(place)
    return places


def _alike(same: Sequence[ProjectTemplate], places: Mapping[str, set[Place]]) -> bool:
    """Returns True if the first and the last template have violations in the same places."""
    first, last = (places.get(one.stack.template_path) for one in (same[0], same[-1]))
    return first == last


def _with_others(
    violation: cdk.PolicyViolation, others: Mapping[str, Sequence[cdk.PolicyValidationStack]]
) -> cdk.PolicyViolation:
    """Returns a violation with the resources of the templates that were not read."""
    added = [
        cdk.PolicyViolatingResource(
            resource_logical_id=resource.resource_logical_id,
            construct_path=None if resource.resource_logical_id else stack.stack_construct_path,
            template_path=stack.template_path,
            locations=resource.locations,
        )
        for resource in violation.violating_resources
        for stack in others.get(resource.template_path or "", ())
    ]
    return cdk.PolicyViolation(
        rule_name=violation.rule_name,
        description=violation.description,
        severity=violation.severity,
        fix=violation.fix,
        rule_metadata=violation.rule_metadata,
        violating_resources=[*violation.violating_resources, *added],
    )
