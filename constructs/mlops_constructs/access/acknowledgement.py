"""Acknowledged findings of security packs about IAM policies."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from constructs import IConstruct, IValidation

from mlops_constructs._environment import stack_of

from .permission import Permission


def acknowledge_wildcards(
    construct: IConstruct,
    *,
    reason: str,
    actions: Iterable[str] = (),
    resources: Iterable[str] = (),
) -> None:
    """Acknowledges wildcards of policies (cdk-nag's AwsSolutions-IAM5), each literally.

    cdk-nag 3 supports no patterns: every finding is named by its action, or by its resource as
    rendered in the template. A wildcard that is added later is therefore still reported.

    Args:
        construct: role or policy; the acknowledgement applies to it and everything below it.
        reason: reason why a narrower statement is not possible.
        actions: actions with a wildcard, for example `s3:GetObject*`. Defaults to none.
        resources: resources with a wildcard, tokens included. Defaults to none.

    Example:
        ```python
        acknowledge_wildcards(
            role, resources=[bucket.arn_for_objects("data/*")], reason="keys are dated"
        )
        ```
    """
    _acknowledge(
        construct,
        [(f"Action::{action}", reason) for action in actions],
        [(resource, reason) for resource in resources],
    )


def acknowledge_permissions(construct: IConstruct, permissions: Iterable[Permission]) -> None:
    """Acknowledges the wildcards of all permissions of a role, each with its own reason.

    Args:
        construct: role or policy with the permissions.
        permissions: permissions, whose `because` is the reason.

    Example:
        ```python
        allowed = [
            Permission(
                actions=["s3:GetObject"],
                resources=[bucket.arn_for_objects("data/*")],
                because="keys below data/ are not known beforehand",
            )
        ]
        acknowledge_permissions(role, allowed)
        ```
    """
    _acknowledge(construct, [], _wildcards(permissions))


def acknowledge_statements(
    construct: IConstruct,
    permissions: Sequence[Permission],
    statements: Sequence[Mapping[str, Any]],
) -> None:
    """Acknowledges the wildcards of permissions whose statements are resolved already.

    Args:
        construct: role or policy with the permissions.
        permissions: permissions, whose `because` is the reason.
        statements: resolved statements of the permissions, in their order.
    """
    resolved = [
        value
        for each, statement in zip(permissions, statements, strict=True)
        if not each.denied
        for given, value in zip(each.resources, _listed(statement["Resource"]), strict=True)
        if "*" in given
    ]
    _acknowledge(construct, [], _wildcards(permissions), resolved)


def _wildcards(permissions: Iterable[Permission]) -> list[tuple[str, str]]:
    return [(one, each.because) for each in permissions for one in each.wildcards()]


@dataclass(frozen=True, kw_only=True)
class _Acknowledged:
    """Resources of a construct, as given and in cdk-nag's notation, each with its reason."""

    construct: IConstruct
    resources: Sequence[tuple[str, str]]
    named: Sequence[tuple[str, str]]


def _listed(resources: Any) -> list[Any]:
    return resources if isinstance(resources, list) else [resources]


def _acknowledge(
    construct: IConstruct,
    findings: list[tuple[str, str]],
    resources: list[tuple[str, str]],
    resolved: Sequence[Any] | None = None,
) -> None:
    named: list[tuple[str, str]] = []
    if resources:
        stack = stack_of(construct)
        if resolved is None:
            resolved = stack.resolve([resource for resource, _ in resources])
        named = [
            (_as_nag_writes(value), reason)
            for value, (_, reason) in zip(resolved, resources, strict=True)
        ]
        if named != resources:
            acknowledged = _Acknowledged(construct=construct, resources=resources, named=named)
            _names_of_other_stacks(stack).add(acknowledged)
    _add(construct, findings + [(f"Resource::{name}", reason) for name, reason in named])


def _add(construct: IConstruct, findings: Iterable[tuple[str, str]]) -> None:
    acknowledgements = [
        cdk.Acknowledgment(id=f"AwsSolutions-IAM5[{finding}]", reason=reason)
        for finding, reason in dict.fromkeys(findings)
    ]
    if acknowledgements:
        cdk.Validations.of(construct).acknowledge(*acknowledgements)


@jsii.implements(IValidation)
class _NamesOfOtherStacks:
    """Acknowledges resources that synthesis renames: references to other stacks become imports.

    Packs that are plugins of the app see the new names, packs that check a scope see the old ones.
    The CDK requests validation in between, once for each stack: calls between Node and Python cost
    more than the comparison of all names.
    """

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self._roles: list[_Acknowledged] = []

    def add(self, acknowledged: _Acknowledged) -> None:
        """Adds acknowledged resources of a construct."""
        self._roles.append(acknowledged)

    def validate(self) -> list[str]:
        """Acknowledges the names that changed; called by the CDK."""
        resources = [resource for one in self._roles for resource, _ in one.resources]
        names = map(_as_nag_writes, self._stack.resolve(resources))
        for one in self._roles:
            now = [(next(names), reason) for _, reason in one.resources]
            changed = [each for each in now if each not in one.named]
            _add(one.construct, [(f"Resource::{name}", reason) for name, reason in changed])
        return []


_OF_STACKS: WeakKeyDictionary[cdk.Stack, _NamesOfOtherStacks] = WeakKeyDictionary()


def _names_of_other_stacks(stack: cdk.Stack) -> _NamesOfOtherStacks:
    found = _OF_STACKS.get(stack)
    if found is None:
        found = _OF_STACKS[stack] = _NamesOfOtherStacks(stack)
        stack.node.add_validation(found)
    return found


def _as_nag_writes(value: Any) -> str:
    """Returns a resolved value in cdk-nag's notation: references become `<LogicalId.Attribute>`."""
    match value:
        case str():
            return value.replace("${", "<").replace("}", ">")
        case {"Ref": name}:
            return f"<{_as_nag_writes(name)}>"
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{_as_nag_writes(resource)}.{_as_nag_writes(attribute)}>"
        case {"Fn::ImportValue": inner} | {"Fn::Sub": inner}:
            return _as_nag_writes(inner)
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(_as_nag_writes(part) for part in parts)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
