"""Grants whose resources have a wildcard, acknowledged where the statement ends up."""

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
    """Gives actions on resources; `because` says why a resource needs its wildcard.

    The statement lands below the principal (a role) or below the grantee itself (a managed policy,
    a function with a role of its own).
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
