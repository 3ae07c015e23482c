"""Roles of the services that act for a network."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct


def network_service_role(
    scope: Construct,
    construct_id: str,
    *,
    service: str,
    description: str,
    statements: Sequence[iam.PolicyStatement],
) -> iam.Role:
    """Creates a role with a managed policy, which is created before the role.

    `access.ServiceRole` is similar; the areas access and network do not import each other.
    """
    policy = iam.ManagedPolicy(scope, f"{construct_id}Permissions", statements=list(statements))
    return iam.Role(
        scope,
        construct_id,
        assumed_by=iam.ServicePrincipal(service),
        description=description,
        managed_policies=[policy],
    )
