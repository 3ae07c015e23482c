"""Roles whose permissions are customer managed policies."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from ._managed_policies import MAX_POLICIES, ManagedPolicies
from .acknowledgement import acknowledge_permissions
from .permission import Permission

ROLE_PATH = "/ml-platform/"
"""Path of the platform's roles and policies, which no role that makes projects reaches."""


class LeastPrivilegeRole(iam.Role):
    """Defines a role that holds exactly the given permissions, as customer managed policies.

    The policies are made before the role and attached while it is made, so the role never exists
    without them, and nothing that uses the role has to wait for another resource. IAM's inline
    policies could do the same, but security standards refuse them (IAM_NO_INLINE_POLICY of AWS
    Config, in the conformance packs for HIPAA, NIST 800-53 and PCI DSS).

    What a `grant_*` adds later goes to managed policies too, which attach themselves to the role:
    a grant may name what needs the role, such as the role itself.

    Source: "Managed policies and inline policies" and "IAM and AWS STS quotas" in IAM's guide.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        assumed_by: iam.IPrincipal,
        permissions: Sequence[Permission],
        description: str,
        path: str = ROLE_PATH,
        role_name: str | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
    ) -> None:
        """Creates the policies and the role.

        Args:
            assumed_by: who may assume it.
            permissions: all that the role may do.
            description: who uses the role and for what; IAM shows it.
            path: of the role and its policies. Default: that of the platform's roles; a `Project`
                puts what is in it on a path of its own.
            role_name: only where people or AWS look for a name. Default: CloudFormation makes one.
            permissions_boundary: what the role can never exceed. Default: nothing but what
                `iam.PermissionsBoundary` applies to the scope.

        Raises ValueError when the permissions need more policies than a role can have.
        """
        super().__init__(
            scope,
            construct_id,
            assumed_by=assumed_by,
            description=description,
            path=path,
            role_name=role_name,
            permissions_boundary=permissions_boundary,
        )
        self._policy_description, self._path = description, path
        self._granted: ManagedPolicies | None = None
        self._permissions = ManagedPolicies(cdk.Stack.of(self), self._permissions_policy)
        self._permissions.add_all(permissions)
        acknowledge_permissions(self, permissions)
        self._check_quota()

    @property
    def fixed(self) -> iam.IRole:
        """The role as one that no construct can widen."""
        return self.without_policy_updates()

    def add_to_principal_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToPrincipalPolicyResult:
        """Adds a statement, as each `grant_*` of the CDK does, to a managed policy."""
        if self._granted is None:
            self._granted = ManagedPolicies(cdk.Stack.of(self), self._granted_policy)
        policy = self._granted.add(statement)
        self._check_quota()
        return iam.AddToPrincipalPolicyResult(statement_added=True, policy_dependable=policy)

    def _permissions_policy(self, number: int, document: iam.PolicyDocument) -> iam.ManagedPolicy:
        policy = iam.ManagedPolicy(
            self,
            _numbered("Permissions", number),
            document=document,
            description=self._policy_description,
            path=self._path,
        )
        self.add_managed_policy(policy)
        return policy

    def _granted_policy(self, number: int, document: iam.PolicyDocument) -> iam.ManagedPolicy:
        return iam.ManagedPolicy(
            self,
            _numbered("Granted", number),
            document=document,
            roles=[self],
            description=self._policy_description,
            path=self._path,
        )

    def _check_quota(self) -> None:
        granted = self._granted.policies if self._granted else []
        number = len(self._permissions.policies) + len(granted)
        if number > MAX_POLICIES:
            raise ValueError(
                f"{self.node.path}: the permissions need {number} managed policies, a role can "
                f"have {MAX_POLICIES}; give fewer resources, or wildcards with a reason"
            )


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}{number}"
