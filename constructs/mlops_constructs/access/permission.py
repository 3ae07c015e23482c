"""Permissions of roles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import aws_iam as iam


@dataclass(frozen=True, kw_only=True)
class Permission:
    """A permission of a role: actions on resources.

    Actions are named in full. A resource with a wildcard requires `because`: the reason becomes the
    acknowledgement of cdk-nag's finding AwsSolutions-IAM5 at the role.

    Args:
        actions: IAM actions, at least one, without wildcards.
        resources: ARNs, at least one.
        conditions: condition keys and values by operator. Defaults to no conditions.
        because: reason of wildcards in `resources`. Defaults to no reason, which is sufficient
            without wildcards.
        denied: True denies the actions, whatever other policies allow; wildcards then require no
            reason. Defaults to False.

    Raises:
        ValueError: a wildcard has no reason, an action has a wildcard, or there is no action or
            resource.

    Example:
        ```python
        Permission(
            actions=["s3:GetObject"],
            resources=[bucket.arn_for_objects("data/*")],
            because="the objects below data/ are not known beforehand",
        )
        ```
    """

    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    because: str = ""
    denied: bool = False

    def __post_init__(self) -> None:
        problems = [
            f"action {action!r} has a wildcard; name each action"
            for action in self.actions
            if "*" in action
        ]
        if not self.actions:
            problems.append("no actions; name at least one, such as 's3:GetObject'")
        if not self.resources:
            problems.append("no resources; name at least one ARN")
        problems += [
            f"resource {resource!r} has a wildcard and `because` is empty; state why it is required"
            for resource in self.resources
            if "*" in resource and not self.because and not self.denied
        ]
        if problems:
            raise ValueError(f"Permission {list(self.actions)}: " + "; ".join(problems))

    def wildcards(self) -> list[str]:
        """Returns the resources with wildcards, which `because` explains."""
        return [] if self.denied else [one for one in self.resources if "*" in one]

    def statement(self) -> iam.PolicyStatement:
        """Returns the permission as a policy statement."""
        return iam.PolicyStatement(
            effect=iam.Effect.DENY if self.denied else iam.Effect.ALLOW,
            actions=list(self.actions),
            resources=list(self.resources),
            conditions={operator: dict(keys) for operator, keys in self.conditions.items()},
        )

    def document(self) -> dict[str, Any]:
        """Returns the statement as rendered in a policy document, tokens included."""
        document: dict[str, Any] = {
            "Action": _one_or_all(self.actions),
            "Effect": "Deny" if self.denied else "Allow",
            "Resource": _one_or_all(self.resources),
        }
        if self.conditions:
            document["Condition"] = {
                operator: {**keys} for operator, keys in self.conditions.items()
            }
        return document


def _one_or_all(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
