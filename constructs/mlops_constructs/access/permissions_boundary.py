"""What a role can never exceed, whatever policies it gets."""

from collections.abc import Iterable, Mapping, Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs._findings import acknowledge

from .acknowledgement import acknowledge_wildcards

REASON = (
    "a boundary grants nothing; the policies of the roles themselves name the resources, which "
    "need not exist yet"
)
# A token with which a role does at CodeArtifact what it may do there already, and nothing else.
_HARMLESS = ("sts:GetServiceBearerToken",)
# Actions on all resources: credentials, exfiltration, management of permissions, writing.
_CHECKOV = ("CKV_AWS_107", "CKV_AWS_108", "CKV_AWS_109", "CKV_AWS_111")


class PermissionsBoundary(Construct):
    """Defines a permissions boundary: the actions that its roles may have, and no others.

    A role can do what both its policies and its boundary allow. So a policy that somebody attaches
    later gives nothing that is not named here, and of IAM nothing beyond the resources that are
    named with an action.

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
        description: str = "What a role can never exceed",
        path: str = "/",
    ) -> None:
        """Creates the policy.

        Args:
            actions: allowed on all resources.
            on_resources: actions that are allowed on certain resources only; of IAM and STS there
                are no others.
            description: IAM shows it.
            path: of the policy. Default: not below the paths of roles that others may create, who
                may change policies there.

        Raises ValueError for an action of IAM or STS on all resources, and for one with a wildcard.
        `sts:GetServiceBearerToken` is none: its token is good for what the role may do itself.
        """
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

        Raises ValueError as the constructor does.

        Example:
            ```python
            PermissionsBoundary(stack, "Limits", actions=["s3:GetObject"]).allow("s3:PutObject")
            ```
        """
        problems = [
            f"{action!r}: name the resources too, or a role could give itself more than this"
            for action in actions
            if action.partition(":")[0] in ("iam", "sts") and action not in _HARMLESS
        ]
        problems += [
            f"{action!r} has a wildcard; name each action" for action in actions if "*" in action
        ]
        if problems:
            raise ValueError(f"{self.node.path} cannot allow " + "; ".join(problems))
        new = sorted(set(actions) - self._allowed)
        if not new:
            return
        if not self._allowed:
            self.policy.add_statements(self._everywhere)
        self._allowed |= set(new)
        self._everywhere.add_actions(*new)
