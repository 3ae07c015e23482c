"""Permissions of a persona in one Studio domain."""

from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs.access._volume_encryption import volume_permissions
from mlops_constructs.access.permission import Permission

from ._own_spaces import OF_STUDIO, own_space_permissions
from .persona import Persona
from .project_access import sagemaker_arn

_IN_DOMAIN = "apps, spaces and profiles of the domain do not exist yet"


def permissions_in_domain(
    scope: Construct,
    persona: Persona,
    domain_id: str,
    *,
    profile_name: str | None,
    domain_key: kms.IKey | None = None,
) -> list[Permission]:
    """Returns the permissions of a persona in one domain; none of them apply to another domain.

    Users who work have their own spaces, share others, and cannot change spaces of other users.

    Args:
        scope: construct in the account and region of the domain.
        persona: persona of the users.
        domain_id: id of the domain.
        profile_name: policy variable of the profile's name in sessions of users who assume the role
            themselves; None if only Studio does.
        domain_key: KMS key of the volumes of the domain's spaces. None: a key of AWS.

    Source: "Actions, resources, and condition keys for Amazon SageMaker".
    """
    apps, spaces, profiles = (
        sagemaker_arn(scope, kind, f"{domain_id}/*") for kind in ("app", "space", "user-profile")
    )
    permissions = [
        Permission(
            actions=[
                "sagemaker:DescribeApp",
                "sagemaker:DescribeDomain",
                "sagemaker:DescribeSpace",
                "sagemaker:DescribeUserProfile",
            ],
            resources=[sagemaker_arn(scope, "domain", domain_id), apps, spaces, profiles],
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
            because="the actions have no resource level",
        ),
    ]
    if persona.works:
        names = (OF_STUDIO, profile_name) if profile_name else (OF_STUDIO,)
        permissions += own_space_permissions(
            apps=apps, spaces=spaces, user_profiles=profiles, names=names
        )
        if domain_key is not None:
            permissions += volume_permissions(domain_key)
    elif profile_name:
        own = sagemaker_arn(scope, "user-profile", f"{domain_id}/{profile_name}")
        permissions.append(
            Permission(actions=["sagemaker:CreatePresignedDomainUrl"], resources=[own])
        )
    return permissions
