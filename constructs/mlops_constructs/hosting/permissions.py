"""What the role of a model may do beside what it was made for."""

from collections.abc import Iterable

from aws_cdk import aws_iam as iam

from mlops_constructs.access import Permission, acknowledge_wildcards


def grant(role: iam.IRole, permissions: Iterable[Permission]) -> None:
    """Adds permissions to a role; a role that cannot be changed here is left alone."""
    for permission in permissions:
        iam.Grant.add_to_principal(
            grantee=role,
            actions=list(permission.actions),
            resource_arns=list(permission.resources),
        )
        acknowledge_wildcards(role, resources=permission.wildcards(), reason=permission.because)
