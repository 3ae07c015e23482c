"""Reviewed findings of security packs, acknowledged where they arise."""

import re
from collections.abc import Iterable
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct


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
    stack = cdk.Stack.of(construct)
    findings = [f"Action::{action}" for action in actions]
    findings += [f"Resource::{_as_nag_writes(stack.resolve(resource))}" for resource in resources]
    acknowledgements = [
        cdk.Acknowledgment(id=f"AwsSolutions-IAM5[{finding}]", reason=reason)
        for finding in dict.fromkeys(findings)
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
