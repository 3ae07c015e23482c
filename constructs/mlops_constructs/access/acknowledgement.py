"""Reviewed findings of security packs, acknowledged where they arise."""

import re
from collections.abc import Iterable
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from .permission import Permission


def acknowledge_wildcards(
    construct: IConstruct,
    *,
    reason: str,
    actions: Iterable[str] = (),
    resources: Iterable[str] = (),
) -> None:
    """Acknowledges wildcards of policies (cdk-nag's AwsSolutions-IAM5), each literally.

    cdk-nag 3 knows no pattern: every finding is named by its action, or by its resource as it
    stands in the template. So a wildcard that is added later is still reported.

    Parameters:
        construct: the role or policy; the acknowledgement holds for it and what is below it.
        reason: why a narrower statement is not possible.
        actions: actions with a wildcard, for example `s3:GetObject*`.
        resources: resources with a wildcard, tokens included.

    Example::

        acknowledge_wildcards(
            role, resources=[bucket.arn_for_objects("data/*")], reason="keys are dated"
        )
    """
    _acknowledge(
        construct,
        [(f"Action::{action}", reason) for action in actions],
        [(resource, reason) for resource in resources],
    )


def acknowledge_permissions(construct: IConstruct, permissions: Iterable[Permission]) -> None:
    """Acknowledges the wildcards of all permissions of a role, each with its own reason."""
    wildcards = [(one, each.because) for each in permissions for one in each.wildcards()]
    _acknowledge(construct, [], wildcards)


def _acknowledge(
    construct: IConstruct, findings: list[tuple[str, str]], resources: list[tuple[str, str]]
) -> None:
    if resources:
        resolved = cdk.Stack.of(construct).resolve([resource for resource, _ in resources])
        reasons = [reason for _, reason in resources]
        findings = findings + [
            (f"Resource::{_as_nag_writes(resource)}", reason)
            for resource, reason in zip(resolved, reasons, strict=True)
        ]
    acknowledgements = [
        cdk.Acknowledgment(id=f"AwsSolutions-IAM5[{finding}]", reason=reason)
        for finding, reason in dict.fromkeys(findings)
    ]
    if acknowledgements:
        cdk.Validations.of(construct).acknowledge(*acknowledgements)


def _as_nag_writes(value: Any) -> str:
    """A resolved value in cdk-nag's notation: references become `<LogicalId.Attribute>`."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        function, argument = next(iter(value.items()))
        if function == "Ref":
            return f"<{argument}>"
        if function == "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        if function == "Fn::Join":
            return str(argument[0]).join(_as_nag_writes(part) for part in argument[1])
        if function == "Fn::Sub" and isinstance(argument, str):
            return re.sub(r"\$\{([^}]+)\}", r"<\1>", argument)
    raise ValueError(
        f"cannot name {value!r} in an acknowledgement; allowed are references and joins"
    )
