"""Spaces: ownership and validation."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from mlops_constructs.studio import DomainBase, Space, SpaceSharing, StudioApp, UserProfile

from .conftest import Resources, only

LAB, EDITOR = StudioApp.JUPYTER_LAB, StudioApp.CODE_EDITOR


@pytest.fixture
def ada(stack: cdk.Stack, imported: DomainBase) -> UserProfile:
    return UserProfile(stack, "Ada", domain=imported, user_profile_name="ada")


def test_a_space_is_private_to_its_owner(
    stack: cdk.Stack, ada: UserProfile, resources: Resources
) -> None:
    Space(stack, "Churn", owner=ada, app=LAB, space_name="churn")

    space = only(resources("Space"))
    assert space["DeletionPolicy"] == "RetainExceptOnCreate"
    assert space["DependsOn"] == list(resources("UserProfile"))
    assert space["Properties"] == {
        "DomainId": "d-0abc1def2ghi",
        "SpaceName": "churn",
        "OwnershipSettings": {"OwnerUserProfileName": "ada"},
        "SpaceSharingSettings": {"SharingType": "Private"},
        "SpaceSettings": {"AppType": "JupyterLab"},
    }


def test_an_ide_from_outside_connects_where_that_is_said(
    stack: cdk.Stack, ada: UserProfile, resources: Resources
) -> None:
    Space(stack, "Churn", owner=ada, app=LAB, space_name="churn", remote_access=True)

    space = only(resources("Space"))["Properties"]
    assert space["SpaceSettings"] == {"AppType": "JupyterLab", "RemoteAccess": "ENABLED"}


def test_users_connect_an_ide_to_their_own_spaces(
    stack: cdk.Stack, imported: DomainBase, resources: Resources
) -> None:
    role = iam.Role(stack, "People", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))

    imported.grant_remote_ide(role)

    (statement,) = only(resources("AWS::IAM::Policy"))["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sagemaker:StartSession"
    assert ":space/d-0abc1def2ghi/*" in str(statement["Resource"])
    (profile,) = statement["Condition"]["ArnLike"].values()
    assert "user-profile/d-0abc1def2ghi/${sagemaker:UserProfileName}" in str(profile)


@pytest.mark.parametrize(("app", "name"), [(LAB, "JupyterLab"), (EDITOR, "CodeEditor")])
def test_complaint_15_a_space_is_for_jupyterlab_or_for_code_editor(
    stack: cdk.Stack, ada: UserProfile, resources: Resources, app: StudioApp, name: str
) -> None:
    Space(
        stack,
        "Churn",
        owner=ada,
        app=app,
        space_name="churn",
        sharing=SpaceSharing.SHARED,
        storage_gib=50,
        instance_type="ml.t3.large",
        display_name="Churn",
    )

    space = only(resources("Space"))["Properties"]
    assert space["SpaceSharingSettings"] == {"SharingType": "Shared"}
    assert space["SpaceDisplayName"] == "Churn"
    assert space["SpaceSettings"] == {
        "AppType": name,
        f"{name}AppSettings": {"DefaultResourceSpec": {"InstanceType": "ml.t3.large"}},
        "SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 50}},
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"space_name": "our space"}, "space_name: got 'our space'"),
        ({"storage_gib": 4}, "storage_gib: got 4; allowed are 5 to 16384"),
        ({"instance_type": "t3.large"}, "instance_type: got 't3.large'"),
        ({"display_name": " "}, "display_name: got ' '"),
        ({"display_name": "c" * 65}, "allowed are 1 to 64 characters"),
    ],
)
def test_a_space_that_aws_would_reject_is_rejected(
    stack: cdk.Stack, ada: UserProfile, arguments: dict[str, Any], message: str
) -> None:
    given = {"owner": ada, "app": LAB, "space_name": "churn", **arguments}

    with pytest.raises(ValueError, match="Space S/Churn cannot be defined") as raised:
        Space(stack, "Churn", **given)
    assert message in str(raised.value)
