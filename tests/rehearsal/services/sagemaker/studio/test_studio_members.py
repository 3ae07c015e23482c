"""User profiles, spaces and apps of a domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.authorization import resource_arns
from tests.rehearsal.fakes import ROLE, SCOPE, FakePlatform

Eventually = Callable[[Callable[[], Any]], Any]
OWNED = {
    "OwnershipSettings": {"OwnerUserProfileName": "ada"},
    "SpaceSharingSettings": {"SharingType": "Private"},
}


@pytest.fixture
def domain(sagemaker: Any, eventually: Eventually) -> str:
    """A domain without a file system, with the profile `ada`."""
    storage = {"DefaultEbsVolumeSizeInGb": 5, "MaximumEbsVolumeSizeInGb": 100}
    domain_id: str = sagemaker.create_domain(
        DomainName="churn",
        AuthMode="IAM",
        HomeEfsFileSystemCreation="Disabled",
        DefaultUserSettings={
            "ExecutionRole": ROLE,
            "SpaceStorageSettings": {"DefaultEbsStorageSettings": storage},
        },
    )["DomainId"]
    eventually(lambda: sagemaker.describe_domain(DomainId=domain_id)["Status"] == "InService")
    sagemaker.create_user_profile(DomainId=domain_id, UserProfileName="ada")
    return domain_id


def space(domain: str, name: str = "churn", **changes: Any) -> dict[str, Any]:
    return {
        "DomainId": domain,
        "SpaceName": name,
        **OWNED,
        "SpaceSettings": {"AppType": "JupyterLab"},
        **changes,
    }


def app(domain: str, **changes: Any) -> dict[str, Any]:
    return {
        "DomainId": domain,
        "SpaceName": "churn",
        "AppType": "JupyterLab",
        "AppName": "default",
        **changes,
    }


def volume(size: int) -> dict[str, Any]:
    storage = {"EbsStorageSettings": {"EbsVolumeSizeInGb": size}}
    return {"AppType": "JupyterLab", "SpaceStorageSettings": storage}


def test_each_person_has_a_posix_user(sagemaker: Any, domain: str) -> None:
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="grace")

    users = [
        sagemaker.describe_user_profile(DomainId=domain, UserProfileName=name)
        for name in ("ada", "grace")
    ]
    assert [user["HomeEfsFileSystemUid"] for user in users] == ["200001", "200002"]
    assert users[0]["UserProfileArn"].endswith(f":user-profile/{domain}/ada")


def test_profiles_are_listed_by_domain_and_name(sagemaker: Any, domain: str) -> None:
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="grace")

    def names(**filters: Any) -> list[str]:
        listed = sagemaker.list_user_profiles(**filters)["UserProfiles"]
        return [profile["UserProfileName"] for profile in listed]

    assert names(DomainIdEquals=domain) == ["ada", "grace"]
    assert names(UserProfileNameContains="ra") == ["grace"]
    assert names(DomainIdEquals="d-other") == []


def test_settings_of_a_profile_change_and_their_role_is_passed(
    sagemaker: Any, domain: str, platform: FakePlatform
) -> None:
    ada = {"DomainId": domain, "UserProfileName": "ada"}
    sagemaker.update_user_profile(**ada, UserSettings={"ExecutionRole": ROLE})
    platform.denied.add(("iam:PassRole", ROLE))

    found = sagemaker.describe_user_profile(**ada)
    assert found["UserSettings"] == {"ExecutionRole": ROLE}
    with pytest.raises(ClientError, match="iam:PassRole"):
        sagemaker.update_user_profile(**ada, UserSettings={"ExecutionRole": ROLE})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"SpaceSharingSettings": None}, "must be given together"),
        ({"OwnershipSettings": None, "SpaceSharingSettings": None}, "needs OwnershipSettings"),
        ({"OwnershipSettings": {"OwnerUserProfileName": "nobody"}}, r"/nobody\] does not exist"),
        ({"SpaceSettings": volume(101)}, "exceeds the maximum of the domain, 100"),
        ({"DomainId": "d-other"}, r"Domain \[d-other\] does not exist"),
        (
            {"SpaceSettings": {"KernelGatewayAppSettings": {"a": 1}}},
            "does not implement SpaceSettings.KernelGatewayAppSettings",
        ),
    ],
)
def test_a_space_that_aws_would_not_create_is_rejected(
    sagemaker: Any, domain: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        sagemaker.create_space(**space(domain, **changes))


def test_a_space_grows_and_keeps_its_kind(sagemaker: Any, domain: str) -> None:
    sagemaker.create_space(**space(domain, SpaceSettings=volume(20)))
    name = {"DomainId": domain, "SpaceName": "churn"}

    sagemaker.update_space(**name, SpaceSettings=volume(50), SpaceDisplayName="Churn")

    found = sagemaker.describe_space(**name)
    assert found["SpaceSettings"] == volume(50)
    assert found["SpaceDisplayName"] == "Churn"
    for settings, message in (
        (volume(10), "cannot become smaller"),
        ({"AppType": "CodeEditor"}, "AppType of a space cannot change"),
    ):
        with pytest.raises(ClientError, match=message):
            sagemaker.update_space(**name, SpaceSettings=settings)


def test_spaces_are_listed_with_who_owns_them(sagemaker: Any, domain: str) -> None:
    sagemaker.create_space(**space(domain))
    with pytest.raises(ClientError, match="Space already exists"):
        sagemaker.create_space(**space(domain))

    (listed,) = sagemaker.list_spaces(DomainIdEquals=domain, SpaceNameContains="chu")["Spaces"]
    assert listed["OwnershipSettingsSummary"] == OWNED["OwnershipSettings"]
    assert listed["SpaceSharingSettingsSummary"] == OWNED["SpaceSharingSettings"]
    assert listed["SpaceSettingsSummary"] == {"AppType": "JupyterLab"}


def test_an_app_starts_ends_and_starts_again(
    sagemaker: Any, domain: str, eventually: Eventually
) -> None:
    sagemaker.create_space(**space(domain))
    request = app(domain)

    def is_now(status: str) -> None:
        eventually(lambda: sagemaker.describe_app(**request)["Status"] == status)

    arn = sagemaker.create_app(**request)["AppArn"]
    is_now("InService")
    assert arn.endswith(f":app/{domain}/churn/jupyterlab/default")
    with pytest.raises(ClientError, match="App already exists"):
        sagemaker.create_app(**request)
    sagemaker.delete_app(**request)
    is_now("Deleted")
    (listed,) = sagemaker.list_apps(DomainIdEquals=domain, SpaceNameEquals="churn")["Apps"]
    assert listed["Status"] == "Deleted"
    with pytest.raises(ClientError) as raised:
        sagemaker.delete_app(**request)
    assert raised.value.response["Error"]["Code"] == "ResourceNotFound"
    sagemaker.create_app(**request)
    is_now("InService")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"SpaceName": "nowhere"}, r"/nowhere\] does not exist"),
        ({"SpaceName": None, "UserProfileName": "ada"}, "needs SpaceName"),
        ({"AppType": "CodeEditor"}, "is for apps of type JupyterLab"),
        ({"AppType": "JupyterServer"}, "does not implement AppType=JupyterServer"),
        ({"AppType": "Canvas"}, "does not implement AppType=Canvas"),
    ],
)
def test_complaint_15_an_app_is_jupyterlab_or_code_editor_in_a_space(
    sagemaker: Any, domain: str, changes: dict[str, Any], message: str
) -> None:
    sagemaker.create_space(**space(domain))
    request = {k: v for k, v in app(domain, **changes).items() if v is not None}

    with pytest.raises(ClientError, match=message):
        sagemaker.create_app(**request)


@pytest.mark.parametrize(
    ("operation", "request_", "resource"),
    [
        ("CreateDomain", {"DomainName": "churn"}, "domain/*"),
        ("DeleteDomain", {"DomainId": "d-1"}, "domain/d-1"),
        (
            "UpdateUserProfile",
            {"DomainId": "d-1", "UserProfileName": "ada"},
            "user-profile/d-1/ada",
        ),
        ("CreateSpace", {"DomainId": "d-1", "SpaceName": "churn"}, "space/d-1/churn"),
        ("CreateApp", app("d-1"), "app/d-1/churn/jupyterlab/default"),
        ("CreateImageVersion", {"ImageName": "vision"}, "image/vision"),
        ("DescribeImageVersion", {"ImageName": "vision", "Version": 2}, "image-version/vision/2"),
        ("DescribeImageVersion", {"ImageName": "vision"}, "image-version/vision/*"),
        ("CreateMlflowApp", {"Name": "churn"}, "mlflow-app/*"),
    ],
)
def test_iam_is_asked_for_the_resource_of_the_authorisation_reference(
    operation: str, request_: dict[str, Any], resource: str
) -> None:
    assert resource_arns(operation, request_, SCOPE) == [SCOPE.arn("sagemaker", resource)]


def test_a_request_about_a_space_says_whose_it_is(
    sagemaker: Any, service: Any, domain: str
) -> None:
    keys = {
        "sagemaker:OwnerUserProfileArn": SCOPE.arn("sagemaker", f"user-profile/{domain}/ada"),
        "sagemaker:SpaceSharingType": "Private",
    }
    assert service.condition_keys("CreateSpace", space(domain), SCOPE) == keys
    named = {"DomainId": domain, "SpaceName": "churn"}
    assert service.condition_keys("DeleteSpace", named, SCOPE) == {}, "the space does not exist yet"

    sagemaker.create_space(**space(domain))

    for operation in ("CreateApp", "DeleteApp", "DeleteSpace", "UpdateSpace"):
        assert service.condition_keys(operation, named, SCOPE) == keys
    assert service.condition_keys("DescribeSpace", named, SCOPE) == {}, "not among its conditions"


@pytest.mark.parametrize(
    ("sharing", "whose"), [("Private", "person"), ("Shared", "space")], ids=["private", "shared"]
)
def test_an_app_starts_with_a_role_that_lets_sagemaker_name_the_person(
    sagemaker: Any,
    service: Any,
    domain: str,
    monkeypatch: pytest.MonkeyPatch,
    sharing: str,
    whose: str,
) -> None:
    asked = []
    monkeypatch.setattr(
        service.platform, "check_source_identity", lambda role, principal: asked.append(role)
    )
    roles = {name: f"arn:aws:iam::{SCOPE.account}:role/{name}" for name in ("person", "space")}
    ada = {"DomainId": domain, "UserProfileName": "ada"}
    sagemaker.update_user_profile(**ada, UserSettings={"ExecutionRole": roles["person"]})
    sagemaker.create_space(**space(domain, SpaceSharingSettings={"SharingType": sharing}))
    sagemaker.create_app(**app(domain))
    assert not asked, "sessions have no source identity"

    sagemaker.update_domain(
        DomainId=domain,
        DefaultSpaceSettings={"ExecutionRole": roles["space"]},
        DomainSettingsForUpdate={"ExecutionRoleIdentityConfig": "USER_PROFILE_NAME"},
    )
    sagemaker.create_app(**app(domain, AppName="second"))
    assert asked == [roles[whose]]


KEY = f"arn:aws:kms:{SCOPE.region}:{SCOPE.account}:key/of-volumes"


def encrypted(sagemaker: Any, eventually: Eventually) -> str:
    """A domain whose volumes a customer managed key encrypts, with a space."""
    domain_id: str = sagemaker.create_domain(
        DomainName="encrypted",
        AuthMode="IAM",
        HomeEfsFileSystemCreation="Disabled",
        KmsKeyId=KEY,
        DefaultUserSettings={"ExecutionRole": ROLE},
    )["DomainId"]
    eventually(lambda: sagemaker.describe_domain(DomainId=domain_id)["Status"] == "InService")
    sagemaker.create_user_profile(DomainId=domain_id, UserProfileName="ada")
    sagemaker.create_space(**space(domain_id))
    return domain_id


@pytest.mark.parametrize("action", ["kms:CreateGrant", "kms:DescribeKey"])
def test_an_app_starts_only_with_a_role_that_may_use_the_key_of_its_volume(
    sagemaker: Any, service: Any, eventually: Eventually, action: str
) -> None:
    domain_id = encrypted(sagemaker, eventually)
    service.platform.denied = {(action, KEY)}

    with pytest.raises(ClientError, match=f"{ROLE} is not authorized to perform: {action}"):
        sagemaker.create_app(**app(domain_id))

    service.platform.denied = set()
    sagemaker.create_app(**app(domain_id))
