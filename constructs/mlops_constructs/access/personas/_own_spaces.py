"""What people do in Studio: their own spaces, and those that are shared."""

from mlops_constructs.access.permission import Permission

OF_STUDIO = "${sagemaker:UserProfileName}"
"""Stands for the profile in whose name Studio acts; no other session has such a key."""
_SPACES = ("CreateSpace", "DeleteSpace", "UpdateSpace")
_APPS = ("CreateApp", "DeleteApp")
_BECAUSE = "people name their spaces; the condition leaves each their own, and what is shared"


def own_space_permissions(
    *, apps: str, spaces: str, user_profiles: str, names: tuple[str, ...] = (OF_STUDIO,)
) -> list[Permission]:
    """Lets people make spaces of their own, and start applications there and in shared spaces.

    A person opens Studio as themselves, and neither touches a space of somebody else nor starts or
    ends an application in somebody's private one.

    Args:
        apps: the ARN of all applications of the domain.
        spaces: the ARN of all its spaces.
        user_profiles: the ARN of all its profiles, which ends with `/*`.
        names: variables of which one is the person's name in the domain. Each has statements of
            its own, as a session has one of them and not the other.

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
        # What a person makes gets the domain's tags while it is made, and only then.
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
        # Studio asks for an address whenever somebody opens an application.
        Permission(actions=["sagemaker:CreatePresignedDomainUrl"], resources=[profile]),
    ]
