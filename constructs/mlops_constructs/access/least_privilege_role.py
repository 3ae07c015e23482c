"""Roles whose permissions are customer managed policies."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs._environment import inherit, role_path_of, stack_of

from ._managed_policies import MAX_POLICIES, ManagedPolicies
from .acknowledgement import acknowledge_statements
from .permission import Permission

ROLE_PATH = "/ml-platform/"
"""Path of the platform's roles and policies, which launch roles of projects cannot change."""

PROJECT_ROLE_PATH = "/sagemaker-projects/"
"""Path on which a launch role can create and pass roles and policies; only projects use it."""


class LeastPrivilegeRole(iam.Role):
    """Defines a role with exactly the given permissions, as customer managed policies.

    The policies are created before the role and attached at its creation, so the role never exists
    without them, and resources that use the role require no further dependency. Inline policies
    would have the same effect, but security standards reject them (IAM_NO_INLINE_POLICY of AWS
    Config, in the conformance packs for HIPAA, NIST 800-53 and PCI DSS).

    Permissions of a later `grant_*` are added to further managed policies, which attach themselves
    to the role: a grant can refer to resources that depend on the role, or to the role itself.

    Args:
        assumed_by: principal that can assume the role.
        permissions: all permissions of the role.
        description: user and purpose of the role, shown by IAM.
        path: path of the role and its policies. Defaults to `/ml-platform/`, the path of the
            platform's roles; a `Project` uses a separate path.
        role_name: name of the role, where users or AWS require one. Defaults to None:
            CloudFormation generates it.
        permissions_boundary: permissions boundary. Defaults to None: only the one that
            `iam.PermissionsBoundary` applies to the scope.

    Raises:
        ValueError: the permissions require more policies than a role can have.

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
        self._of_scope = role_path_of(scope)
        self._path = self._of_scope.path if self._of_scope else path
        super().__init__(
            scope,
            construct_id,
            assumed_by=assumed_by,
            description=description,
            path=self._path,
            role_name=role_name,
            permissions_boundary=permissions_boundary,
        )
        self._policy_description = description
        self._count_on_path()
        self._granted: ManagedPolicies | None = None
        inherit(self, scope)
        self._permissions = ManagedPolicies(stack_of(scope), self._permissions_policy)
        acknowledge_statements(self, permissions, self._permissions.add_all(permissions))
        self._check_quota()

    @property
    def fixed(self) -> iam.IRole:
        """The role without policy updates: constructs cannot add permissions to it."""
        return self.without_policy_updates()

    def add_to_principal_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToPrincipalPolicyResult:
        """Adds a statement to a managed policy, as each `grant_*` of the CDK does.

        Args:
            statement: statement that is added.
        """
        if self._granted is None:
            self._granted = ManagedPolicies(stack_of(self), self._granted_policy)
        policy = self._granted.add(statement)
        self._check_quota()
        return iam.AddToPrincipalPolicyResult(statement_added=True, policy_dependable=policy)

    def _permissions_policy(self, number: int, document: iam.PolicyDocument) -> iam.ManagedPolicy:
        self._count_on_path()
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
        self._count_on_path()
        return iam.ManagedPolicy(
            self,
            _numbered("Granted", number),
            document=document,
            roles=[self],
            description=self._policy_description,
            path=self._path,
        )

    def _count_on_path(self) -> None:
        if self._of_scope is not None:
            self._of_scope.created += 1

    def _check_quota(self) -> None:
        granted = self._granted.policies if self._granted else []
        number = len(self._permissions.policies) + len(granted)
        if number > MAX_POLICIES:
            raise ValueError(
                f"{type(self).__name__} {self.node.path}: the permissions require {number} managed "
                f"policies; allowed are {MAX_POLICIES}; give fewer resources, or wildcards with a "
                "reason"
            )


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}{number}"
