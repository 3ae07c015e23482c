"""Grants on resources with wildcards, which are acknowledged at the statement."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from .access import acknowledge_wildcards


def grant(
    grantee: iam.IGrantable,
    *,
    actions: Sequence[str],
    resources: Sequence[str],
    because: str = "",
    conditions: Mapping[str, Mapping[str, Any]] | None = None,
) -> iam.Grant:
    """Grants actions on resources; `because` is the reason of wildcards in resources.

    The statement is added below the principal (a role) or below the grantee itself (a managed
    policy, a function with a separate role).
    """
    wildcards = [resource for resource in resources if "*" in resource]
    for construct in (grantee, grantee.grant_principal):
        if wildcards and isinstance(construct, Construct):
            acknowledge_wildcards(construct, resources=wildcards, reason=because)
    return iam.Grant.add_to_principal(
        grantee=grantee,
        actions=list(actions),
        resource_arns=list(resources),
        conditions=dict(conditions or {}),
    )
