"""The CDK's validation of templates, which reads templates that differ in names only once."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from constructs import IConstruct

from .known_findings import Finding, KnownFindings

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


@cache
def _engine() -> cdk.CloudFormationValidatePlugin:
    """Returns the CDK's plugin, whose engine takes seconds to start."""
    # The rules that the CDK adds are for fleets of GameLift, and need a second engine.
    return cdk.CloudFormationValidatePlugin(include_default_rules=False)


FoundIn = tuple[cdk.PolicyValidationStack, Sequence[Finding]]
"""A template and its findings."""


@jsii.implements(cdk.IPolicyValidationPlugin)
class TemplateValidation:
    """Validates the templates of an app against the schemas and rules of CloudFormation.

    It reports what `cdk.CloudFormationValidatePlugin` reports, without the rules for GameLift that
    the CDK adds, and replaces it in an app with `builtin_cloud_formation_validation=False`. The
    engine takes seconds to start and to read a template, so findings of templates are kept until
    the template, its account, its region or the CDK changes.

    Templates of projects are most of an app and often differ in the name and the id of the project
    only. Of those, it validates the ones with the shortest and the longest names, for the limits of
    lengths. Names that differ in what a pattern can distinguish, such as a digit at the beginning,
    are not compared.

    Args:
        known: findings of earlier syntheses. Defaults to None: those in `build/validation`.
    """

    def __init__(self, known: KnownFindings | None = None) -> None:
        self._known = known or KnownFindings()

    @property
    def name(self) -> str:
        """Name that qualifies the rules in acknowledgements, the one of the CDK's plugin."""
        return "CloudFormation Validate"

    @property
    def version(self) -> str:
        """Version of the rules, which are part of the CDK."""
        return version("aws-cdk-lib")

    @property
    def rule_ids(self) -> list[str] | None:
        """Not listed: the engine would have to start."""
        return None

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Validates all templates; called by the CDK.

        Args:
            context: the templates.
        """
        by_shape: dict[tuple[object, ...], list[ProjectTemplate]] = {}
        for stack in context.stack_templates:
            template = ProjectTemplate.of(stack)
            by_shape.setdefault(template.shape, []).append(template)
        found = [
            each
            for same in by_shape.values()
            for each in self._of_shape(same, context.app_construct)
        ]
        violations = _violations(found)
        return cdk.PolicyValidationPluginReport(
            success=not any(one.severity in ("error", "fatal") for one in violations),
            violations=violations,
        )

    def _of_shape(self, same: Sequence[ProjectTemplate], app: IConstruct) -> list[FoundIn]:
        """Returns the findings of each template of one shape."""
        first, *others = (one.stack for one in sorted(same, key=lambda one: one.length))
        found = self._findings(first, app)
        if not others:
            return [(first, found)]
        *between, last = others
        found_in_last = self._findings(last, app)
        alike = _places(found) == _places(found_in_last)
        return [
            (first, found),
            *((one, found if alike else self._findings(one, app)) for one in between),
            (last, found_in_last),
        ]

    def _findings(self, stack: cdk.PolicyValidationStack, app: IConstruct) -> list[Finding]:
        known = self._known.read(stack)
        if known is not None:
            return known
        report = _engine().validate(_Template(stack, app))
        findings = [
            Finding(
                rule=violation.rule_name,
                description=violation.description,
                severity=violation.severity,
                fix=violation.fix,
                metadata=dict(violation.rule_metadata) if violation.rule_metadata else None,
                logical_id=resource.resource_logical_id,
                locations=tuple(resource.locations),
            )
            for violation in report.violations
            for resource in violation.violating_resources
        ]
        self._known.write(stack, findings)
        return findings


@jsii.implements(cdk.IPolicyValidationContext)
class _Template:
    """One template that is validated."""

    def __init__(self, stack: cdk.PolicyValidationStack, app: IConstruct) -> None:
        self._stack, self._app = stack, app

    @property
    def app_construct(self) -> IConstruct:
        return self._app

    @property
    def stack_templates(self) -> list[cdk.PolicyValidationStack]:
        return [self._stack]

    @property
    def template_paths(self) -> list[str]:
        return [self._stack.template_path]

    @property
    def account_id(self) -> str | None:
        return self._stack.account_id

    @property
    def region(self) -> str | None:
        return self._stack.region


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


Place = tuple[str, str | None, tuple[str, ...]]
"""Rule, logical id and properties of a finding."""


def _places(findings: Iterable[Finding]) -> set[Place]:
    """Returns the places of findings, whose descriptions may contain names."""
    return {(one.rule, one.logical_id, one.locations) for one in findings}


def _violations(found: Iterable[FoundIn]) -> list[cdk.PolicyViolation]:
    """Returns the violations of all templates; equal ones are one with several resources."""
    grouped: dict[tuple[object, ...], tuple[Finding, list[cdk.PolicyViolatingResource]]] = {}
    for stack, findings in found:
        for one in findings:
            key = (one.rule, one.severity, one.description)
            resource = cdk.PolicyViolatingResource(
                resource_logical_id=one.logical_id,
                construct_path=None if one.logical_id else stack.stack_construct_path,
                template_path=stack.template_path,
                locations=list(one.locations),
            )
            grouped.setdefault(key, (one, []))[1].append(resource)
    return [
        cdk.PolicyViolation(
            rule_name=one.rule,
            description=one.description,
            severity=one.severity,
            fix=one.fix,
            rule_metadata=one.metadata,
            violating_resources=resources,
        )
        for one, resources in grouped.values()
    ]
