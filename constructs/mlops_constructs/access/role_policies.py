"""The policies of a role, as something that other resources can wait for."""

from aws_cdk import aws_iam as iam
from constructs import Construct, Dependable, IConstruct


class RolePolicies(Construct):
    """Stands for the policies of a role, those included that a later `grant_*` adds.

    A resource that refers to a role waits for the role, not for the policies that CDK attaches as
    resources of their own; a service that uses the role at once then fails, now and then.

    Args:
        role: the role; one that is imported has no policies here.

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
        """Asked for at synth, when no grant can follow."""
        kinds = iam.Policy | iam.ManagedPolicy
        return [child for child in self._role.node.children if isinstance(child, kinds)]
