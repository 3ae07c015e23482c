"""What a persona may do in one Studio domain."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from .permission import Permission
from .persona import Persona
from .project_access import sagemaker_arn

_IN_DOMAIN = "apps, spaces and profiles of the domain do not exist yet"


def permissions_in_domain(
    scope: Construct, persona: Persona, domain_id: str, *, federated: bool
) -> list[Permission]:
    """The permissions of a persona for one domain; nothing of another domain is within them.

    Whoever comes through an identity provider may open the profile that is named as the source
    identity of the session, and no other.

    Source: "Actions, resources, and condition keys for Amazon SageMaker".
    """
    below = {
        kind: sagemaker_arn(scope, kind, f"{domain_id}/*")
        for kind in ("app", "space", "user-profile")
    }
    permissions = [
        Permission(
            actions=[
                "sagemaker:DescribeApp",
                "sagemaker:DescribeDomain",
                "sagemaker:DescribeSpace",
                "sagemaker:DescribeUserProfile",
            ],
            resources=[sagemaker_arn(scope, "domain", domain_id), *below.values()],
            because=_IN_DOMAIN,
        ),
        Permission(
            actions=[
                "sagemaker:ListApps",
                "sagemaker:ListDomains",
                "sagemaker:ListSpaces",
                "sagemaker:ListUserProfiles",
            ],
            resources=["*"],
            because="the authorisation reference has no resource level for it",
        ),
    ]
    if persona.works:
        permissions += _work(below)
    if federated:
        own = cdk.Stack.of(scope).format_arn(
            service="sagemaker",
            resource="user-profile",
            resource_name=f"{domain_id}/${{aws:SourceIdentity}}",
        )
        permissions.append(
            Permission(actions=["sagemaker:CreatePresignedDomainUrl"], resources=[own])
        )
    return permissions


def _work(below: dict[str, str]) -> list[Permission]:
    made = [below["app"], below["space"]]
    return [
        Permission(
            actions=[
                "sagemaker:CreateApp",
                "sagemaker:CreateSpace",
                "sagemaker:DeleteApp",
                "sagemaker:DeleteSpace",
                "sagemaker:UpdateSpace",
            ],
            resources=made,
            because=_IN_DOMAIN,
        ),
        Permission(
            actions=["sagemaker:AddTags"],
            resources=made,
            conditions={"StringEquals": {"sagemaker:TaggingAction": ["CreateApp", "CreateSpace"]}},
            because=_IN_DOMAIN,
        ),
    ]
