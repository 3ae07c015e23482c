"""Permissions for a user's own and shared spaces in Studio."""

from mlops_constructs.access.permission import Permission

OF_STUDIO = "${sagemaker:UserProfileName}"
"""Variable of the profile for which Studio acts; no other session has it."""
_SPACES = ("CreateSpace", "DeleteSpace", "UpdateSpace")
_APPS = ("CreateApp", "DeleteApp")
_BECAUSE = "users name their spaces; the condition restricts them to own and shared spaces"


def own_space_permissions(
    *, apps: str, spaces: str, user_profiles: str, names: tuple[str, ...] = (OF_STUDIO,)
) -> list[Permission]:
    """Lets users create their own spaces, and start applications there and in shared spaces.

    Users open Studio as themselves, and can neither change the space of another user nor start or
    stop an application in another user's private space.

    Args:
        apps: ARN of all applications of the domain.
        spaces: ARN of all its spaces.
        user_profiles: ARN of all its profiles, which ends with `/*`.
        names: variables, one of which is the name of the user in the domain. Each has separate
            statements, since a session has only one of them. Defaults to the variable of Studio.

    Source: "Give your users access to spaces" in the Developer Guide; the statements about spaces
    in the managed policy AmazonSageMakerFullAccess.
    """
    permissions = [
        permission
        for name in names
        for permission in _own(apps, spaces, user_profiles.removesuffix("*") + name)
    ]
    return [
        *permissions,
        Permission(
            actions=[f"sagemaker:{action}" for action in _APPS],
            resources=[apps],
            conditions={"StringEquals": {"sagemaker:SpaceSharingType": "Shared"}},
            because=_BECAUSE,
        ),
        # New resources get the tags of the domain, only at their creation.
        Permission(
            actions=["sagemaker:AddTags"],
            resources=[apps, spaces],
            conditions={"StringEquals": {"sagemaker:TaggingAction": ["CreateApp", "CreateSpace"]}},
            because=_BECAUSE,
        ),
    ]


def _own(apps: str, spaces: str, profile: str) -> list[Permission]:
    owner = {"sagemaker:OwnerUserProfileArn": profile}
    return [
        Permission(
            actions=[f"sagemaker:{action}" for action in _SPACES],
            resources=[spaces],
            conditions={
                "ArnLike": owner,
                "StringEquals": {"sagemaker:SpaceSharingType": ["Private", "Shared"]},
            },
            because=_BECAUSE,
        ),
        Permission(
            actions=[f"sagemaker:{action}" for action in _APPS],
            resources=[apps],
            conditions={
                "ArnLike": owner,
                "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
            },
            because=_BECAUSE,
        ),
        # Studio requests a presigned URL whenever a user opens an application.
        Permission(actions=["sagemaker:CreatePresignedDomainUrl"], resources=[profile]),
    ]
