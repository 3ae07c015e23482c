"""Grants of several permissions to the role of a caller."""

from collections.abc import Sequence
from functools import reduce

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.access import Permission, acknowledge_permissions


def grant(grantee: iam.IGrantable, permissions: Sequence[Permission]) -> iam.Grant:
    """Adds permissions to a principal, and the reasons for their wildcards to its construct."""
    grants = [
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(each.actions),
            resource_arns=list(each.resources),
            conditions={operator: dict(keys) for operator, keys in each.conditions.items()},
        )
        for each in permissions
    ]
    if isinstance(grantee, Construct):
        acknowledge_permissions(grantee, permissions)
    return reduce(lambda all_of_them, each: all_of_them.combine(each), grants)
