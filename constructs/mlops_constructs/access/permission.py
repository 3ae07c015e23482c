"""What a role may do, statement by statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import aws_iam as iam


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Defines what a role may do: actions on resources.

    Actions are named in full. A resource with a wildcard needs `because`: the reason is kept with
    the role as the acknowledgement of cdk-nag's finding AwsSolutions-IAM5.

        Permission(actions=["s3:GetObject"], resources=[bucket.arn_for_objects("data/*")],
                   because="the objects below data/ are not known beforehand")

    With `denied`, it is what the role may not do, whatever other policies allow; no reason is
    needed then.

    Raises ValueError when a wildcard has no reason, or an action has a wildcard.
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
            f"resource {resource!r} has a wildcard and `because` is empty; say why it is needed"
            for resource in self.resources
            if "*" in resource and not self.because and not self.denied
        ]
        if problems:
            raise ValueError(f"invalid permission {list(self.actions)}: " + "; ".join(problems))

    def wildcards(self) -> list[str]:
        """The resources that `because` explains."""
        return [] if self.denied else [one for one in self.resources if "*" in one]

    def statement(self) -> iam.PolicyStatement:
        """The permission as a policy statement."""
        return iam.PolicyStatement(
            effect=iam.Effect.DENY if self.denied else iam.Effect.ALLOW,
            actions=list(self.actions),
            resources=list(self.resources),
            conditions={operator: dict(keys) for operator, keys in self.conditions.items()},
        )

    def document(self) -> dict[str, Any]:
        """The statement as it stands in a policy document, tokens included."""
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
