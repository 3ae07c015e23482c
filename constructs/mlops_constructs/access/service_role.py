"""Roles of AWS services, written statement by statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from .acknowledgement import acknowledge_wildcards

ROLE_PATH = "/sagemaker-projects/"
"""Path of a project's roles: whoever may create roles can be confined to it."""


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Defines what a role may do: actions on resources.

    Actions are named in full. A resource with a wildcard needs `because`: the reason is kept with
    the role as the acknowledgement of cdk-nag's finding AwsSolutions-IAM5.

        Permission(actions=["s3:GetObject"], resources=[bucket.arn_for_objects("data/*")],
                   because="the objects below data/ are not known beforehand")

    Raises ValueError when a wildcard has no reason, or an action has a wildcard.
    """

    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    because: str = ""

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
            if "*" in resource and not self.because
        ]
        if problems:
            raise ValueError(f"invalid permission {list(self.actions)}: " + "; ".join(problems))

    def wildcards(self) -> list[str]:
        """The resources that `because` explains."""
        return [resource for resource in self.resources if "*" in resource]

    def statement(self) -> iam.PolicyStatement:
        """The permission as a policy statement."""
        return iam.PolicyStatement(
            actions=list(self.actions),
            resources=list(self.resources),
            conditions={operator: dict(keys) for operator, keys in self.conditions.items()},
        )


class ServiceRole(iam.Role):
    """Defines the role with which one AWS service acts, holding exactly the given permissions.

    The permissions are an inline policy, so that the role never exists without them, and nothing
    that uses the role has to wait for a second resource. `fixed` is the same role for constructs
    of the CDK that would otherwise add broad statements of their own.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        service: str,
        permissions: Sequence[Permission],
        description: str,
        path: str = ROLE_PATH,
        role_name: str | None = None,
    ) -> None:
        """Creates the role.

        Parameters:
            service: service principal that may assume it, such as "codebuild.amazonaws.com".
            permissions: all that the role may do.
            description: who uses the role and for what; IAM shows it.
            path: of the role. Default: that of a project's roles.
            role_name: only where people or AWS look for a name. Default: CloudFormation makes one.
        """
        policy = iam.PolicyDocument(
            statements=[permission.statement() for permission in permissions]
        )
        super().__init__(
            scope,
            construct_id,
            assumed_by=iam.ServicePrincipal(service),
            description=description,
            path=path,
            role_name=role_name,
            inline_policies={"Permissions": policy},
        )
        for permission in permissions:
            acknowledge_wildcards(self, reason=permission.because, resources=permission.wildcards())

    @property
    def fixed(self) -> iam.IRole:
        """The role as one that no construct can widen."""
        return self.without_policy_updates()
