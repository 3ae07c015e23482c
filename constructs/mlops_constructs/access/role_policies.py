"""Dependencies on the policies of a role."""

from aws_cdk import aws_iam as iam
from constructs import Construct, Dependable, IConstruct


class RolePolicies(Construct):
    """A dependency on the policies of a role, including those of a later `grant_*`.

    A resource that refers to a role depends on the role, not on policies that the CDK attaches as
    separate resources; a service that uses the role immediately then fails intermittently.

    Args:
        role: the role; an imported one has no policies.

    Example:
        ```python
        resource.node.add_dependency(RolePolicies(stack, "RolePolicies", role=role))
        ```
    """

    def __init__(self, scope: Construct, construct_id: str, *, role: iam.IRole) -> None:
        super().__init__(scope, construct_id)
        Dependable.implement(self, _Policies(role))


class _Policies(Dependable):
    def __init__(self, role: iam.IRole) -> None:
        super().__init__()
        self._role = role

    @property
    def dependency_roots(self) -> list[IConstruct]:
        """Policies of the role, read at synthesis, when no grant can follow."""
        kinds = iam.Policy | iam.ManagedPolicy
        return [child for child in self._role.node.children if isinstance(child, kinds)]
