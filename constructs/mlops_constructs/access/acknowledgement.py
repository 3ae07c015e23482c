"""Acknowledged findings of security packs about IAM policies."""

import json
from collections.abc import Iterable
from typing import Any

import aws_cdk as cdk
import jsii
from constructs import IConstruct, IValidation

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
    wildcards = [(one, each.because) for each in permissions for one in each.wildcards()]
    _acknowledge(construct, [], wildcards)


def _acknowledge(
    construct: IConstruct, findings: list[tuple[str, str]], resources: list[tuple[str, str]]
) -> None:
    named = _named(construct, resources)
    if any(name != resource for (name, _), (resource, _) in zip(named, resources, strict=True)):
        construct.node.add_validation(_NamesOfOtherStacks(construct, resources, named))
    _add(construct, findings + [(f"Resource::{name}", reason) for name, reason in named])


def _add(construct: IConstruct, findings: Iterable[tuple[str, str]]) -> None:
    acknowledgements = [
        cdk.Acknowledgment(id=f"AwsSolutions-IAM5[{finding}]", reason=reason)
        for finding, reason in dict.fromkeys(findings)
    ]
    if acknowledgements:
        cdk.Validations.of(construct).acknowledge(*acknowledgements)


def _named(construct: IConstruct, resources: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Returns resources in cdk-nag's current notation, each with its reason."""
    if not resources:
        return []
    resolved = cdk.Stack.of(construct).resolve([resource for resource, _ in resources])
    return [
        (_as_nag_writes(value), reason)
        for value, (_, reason) in zip(resolved, resources, strict=True)
    ]


@jsii.implements(IValidation)
class _NamesOfOtherStacks:
    """Acknowledges resources that synthesis renames: references to other stacks become imports.

    Packs that are plugins of the app see the new names, packs that check a scope see the old ones.
    The CDK requests validation in between.
    """

    def __init__(
        self, construct: IConstruct, resources: list[tuple[str, str]], named: list[tuple[str, str]]
    ) -> None:
        self._construct = construct
        self._resources = resources
        self._named = named

    def validate(self) -> list[str]:
        now = _named(self._construct, self._resources)
        changed = [one for one in now if one not in self._named]
        _add(self._construct, [(f"Resource::{name}", reason) for name, reason in changed])
        return []


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
