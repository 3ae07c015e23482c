"""Permissions boundaries of roles."""

from collections.abc import Iterable, Mapping, Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs._findings import acknowledge

from .acknowledgement import acknowledge_wildcards

REASON = (
    "a boundary grants nothing; the policies of the roles name the resources, which may not "
    "exist yet"
)
# A token for CodeArtifact, which only permits actions that the role is allowed already.
_HARMLESS = ("sts:GetServiceBearerToken",)
# Actions on all resources: credentials, exfiltration, management of permissions, writing.
_CHECKOV = ("CKV_AWS_107", "CKV_AWS_108", "CKV_AWS_109", "CKV_AWS_111")


class PermissionsBoundary(Construct):
    """Defines a permissions boundary: the only actions that its roles can have.

    A role is allowed the actions that both its policies and its boundary allow. A policy that is
    attached later therefore grants no action that the boundary does not name, and actions of IAM
    only on the resources that the boundary names.

    Args:
        actions: actions that are allowed on all resources. Defaults to none.
        on_resources: actions that are allowed on certain resources only, with their ARNs; the only
            way to allow actions of IAM and STS. Defaults to None: no such actions.
        description: description of the policy, shown by IAM. Defaults to `Maximum permissions of a
            role`.
        path: path of the policy. Defaults to `/`: outside of the paths where launch roles can
            change policies.

    Raises:
        ValueError: an action of IAM or STS is allowed on all resources, or an action has a
            wildcard. `sts:GetServiceBearerToken` is allowed: its token only permits actions of the
            role itself.

    Source: "Permissions boundaries for IAM entities" in IAM's guide.

    Example:
        ```python
        PermissionsBoundary(stack, "Boundary", actions=["s3:GetObject", "s3:PutObject"])
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        actions: Iterable[str] = (),
        on_resources: Mapping[str, Sequence[str]] | None = None,
        description: str = "Maximum permissions of a role",
        path: str = "/",
    ) -> None:
        super().__init__(scope, construct_id)
        self._everywhere = iam.PolicyStatement(resources=["*"])
        self._allowed: set[str] = set()
        confined = on_resources or {}
        self.policy = iam.ManagedPolicy(self, "Resource", path=path, description=description)
        self.allow(*actions)
        for action, resources in confined.items():
            self.policy.add_statements(
                iam.PolicyStatement(actions=[action], resources=list(resources))
            )
        wildcards = [arn for resources in confined.values() for arn in resources if "*" in arn]
        acknowledge_wildcards(self.policy, resources=["*", *wildcards], reason=REASON)
        acknowledge(self.policy, dict.fromkeys(_CHECKOV, REASON))

    def allow(self, *actions: str) -> None:
        """Allows further actions on all resources.

        Args:
            actions: IAM actions, without wildcards.

        Raises:
            ValueError: an action of IAM or STS, or an action with a wildcard.

        Example:
            ```python
            PermissionsBoundary(stack, "Limits", actions=["s3:GetObject"]).allow("s3:PutObject")
            ```
        """
        problems = [
            f"{action!r}: requires on_resources, or a role could extend its own permissions"
            for action in actions
            if action.partition(":")[0] in ("iam", "sts") and action not in _HARMLESS
        ]
        problems += [
            f"{action!r} has a wildcard; name each action" for action in actions if "*" in action
        ]
        if problems:
            raise ValueError(
                f"PermissionsBoundary {self.node.path}: cannot allow " + "; ".join(problems)
            )
        new = sorted(set(actions) - self._allowed)
        if not new:
            return
        if not self._allowed:
            self.policy.add_statements(self._everywhere)
        self._allowed |= set(new)
        self._everywhere.add_actions(*new)
