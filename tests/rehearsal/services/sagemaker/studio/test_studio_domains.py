"""Domains, and the dependencies that prevent their deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.sagemaker.studio.studio_fakes import FakeEc2, FakeEfs

LIFECYCLE_ARN = "arn:aws:sagemaker:us-east-1:111111111111:studio-lifecycle-config/git"
Eventually = Callable[[Callable[[], Any]], Any]


def domain_request(**changes: Any) -> dict[str, Any]:
    return {
        "DomainName": "churn",
        "AuthMode": "IAM",
        "VpcId": "vpc-1",
        "SubnetIds": ["subnet-a", "subnet-b"],
        "AppNetworkAccessType": "VpcOnly",
        "DefaultUserSettings": {"ExecutionRole": ROLE, "SecurityGroups": ["sg-1"]},
        **changes,
    }


@pytest.fixture
def efs(platform: FakePlatform) -> FakeEfs:
    platform.clients["efs"] = FakeEfs()
    return platform.clients["efs"]  # type: ignore[no-any-return]


@pytest.fixture
def ec2(platform: FakePlatform) -> FakeEc2:
    platform.clients["ec2"] = FakeEc2()
    return platform.clients["ec2"]  # type: ignore[no-any-return]


@pytest.fixture
def create(sagemaker: Any, efs: FakeEfs, ec2: FakeEc2, eventually: Eventually) -> Any:
    """Creates a domain and waits until it is in service; gives its id."""

    def make(**changes: Any) -> str:
        domain_id: str = sagemaker.create_domain(**domain_request(**changes))["DomainId"]
        eventually(lambda: status(sagemaker, domain_id) != "Pending")
        return domain_id

    return make


def status(sagemaker: Any, domain_id: str) -> str:
    found: str = sagemaker.describe_domain(DomainId=domain_id)["Status"]
    return found


def exists(sagemaker: Any, domain_id: str) -> bool:
    return domain_id in [domain["DomainId"] for domain in sagemaker.list_domains()["Domains"]]


def test_a_domain_has_a_file_system_in_each_zone_and_two_groups(
    create: Any, sagemaker: Any, efs: FakeEfs, ec2: FakeEc2
) -> None:
    domain_id = create(SubnetIds=["subnet-a", "subnet-b", "subnet-2-b"], KmsKeyId="key-1")

    domain = sagemaker.describe_domain(DomainId=domain_id)
    tag = {"Key": "ManagedByAmazonSageMakerResource", "Value": domain["DomainArn"]}
    assert domain["Status"] == "InService"
    assert domain["DomainArn"].endswith(f":domain/{domain_id}")
    made = efs.file_systems[domain["HomeEfsFileSystemId"]]
    assert (made["Tags"], made["KmsKeyId"], made["Encrypted"]) == ([tag], "key-1", True)
    assert [one["SubnetId"] for one in efs.targets.values()] == ["subnet-b", "subnet-a"]
    assert [group["GroupName"] for group in ec2.groups.values()] == [
        f"security-group-for-inbound-nfs-{domain_id}",
        f"security-group-for-outbound-nfs-{domain_id}",
    ]
    assert [g["Rules"][0]["UserIdGroupPairs"][0]["GroupId"] for g in ec2.groups.values()] == [
        "sg-1",
        "sg-0",
    ]
    assert {str(g["TagSpecifications"][0]["Tags"]) for g in ec2.groups.values()} == {str([tag])}


def test_a_domain_without_a_home_file_system_makes_nothing(
    create: Any, sagemaker: Any, efs: FakeEfs, ec2: FakeEc2
) -> None:
    domain_id = create(HomeEfsFileSystemCreation="Disabled")

    assert "HomeEfsFileSystemId" not in sagemaker.describe_domain(DomainId=domain_id)
    assert not efs.file_systems
    assert not ec2.groups


def test_a_domain_whose_file_system_cannot_be_made_has_failed(create: Any, sagemaker: Any) -> None:
    domain = sagemaker.describe_domain(DomainId=create(SubnetIds=["nowhere"]))

    assert domain["Status"] == "Failed"
    assert "InvalidSubnetID.NotFound" in domain["FailureReason"]


@pytest.mark.parametrize(("policy", "kept"), [(None, 1), ("Retain", 1), ("Delete", 0)])
def test_the_file_system_goes_with_the_domain_only_when_that_is_asked(
    create: Any,
    sagemaker: Any,
    efs: FakeEfs,
    ec2: FakeEc2,
    eventually: Eventually,
    policy: str | None,
    kept: int,
) -> None:
    domain_id = create()
    retention = {"RetentionPolicy": {"HomeEfsFileSystem": policy}} if policy else {}

    sagemaker.delete_domain(DomainId=domain_id, **retention)

    eventually(lambda: not exists(sagemaker, domain_id))
    assert len(efs.file_systems) == kept
    assert len(ec2.groups) == 2  # AWS leaves them in any case


def test_complaint_8_a_domain_is_not_deleted_while_anything_is_left_in_it(
    create: Any, sagemaker: Any, eventually: Eventually
) -> None:
    domain_id = create()
    ada = {"DomainId": domain_id, "UserProfileName": "ada"}
    space = {"DomainId": domain_id, "SpaceName": "churn"}
    app = {**space, "AppType": "JupyterLab", "AppName": "default"}
    sagemaker.create_user_profile(**ada)
    sagemaker.create_space(
        **space,
        OwnershipSettings={"OwnerUserProfileName": "ada"},
        SpaceSharingSettings={"SharingType": "Private"},
        SpaceSettings={"AppType": "JupyterLab"},
    )
    sagemaker.create_app(**app)
    eventually(lambda: sagemaker.describe_app(**app)["Status"] == "InService")

    for delete, request, noun in (
        (sagemaker.delete_domain, {"DomainId": domain_id}, "App"),
        (sagemaker.delete_space, space, "App"),
        (sagemaker.delete_user_profile, ada, "Space"),
    ):
        with pytest.raises(ClientError, match=rf"because {noun}\(s\) are associated") as raised:
            delete(**request)
        assert raised.value.response["Error"]["Code"] == "ResourceInUse"
    sagemaker.delete_app(**app)
    eventually(lambda: sagemaker.describe_app(**app)["Status"] == "Deleted")
    sagemaker.delete_space(**space)
    with pytest.raises(ClientError, match=r"because UserProfile\(s\) are associated"):
        sagemaker.delete_domain(DomainId=domain_id)
    sagemaker.delete_user_profile(**ada)
    sagemaker.delete_domain(DomainId=domain_id)
    eventually(lambda: not exists(sagemaker, domain_id))


def test_settings_are_changed_member_by_member(create: Any, sagemaker: Any) -> None:
    domain_id = create(DefaultSpaceSettings={"ExecutionRole": ROLE})

    sagemaker.update_domain(
        DomainId=domain_id,
        DefaultUserSettings={"StudioWebPortal": "DISABLED"},
        DomainSettingsForUpdate={"DockerSettings": {"EnableDockerAccess": "ENABLED"}},
        TagPropagation="ENABLED",
    )

    domain = sagemaker.describe_domain(DomainId=domain_id)
    assert domain["DefaultUserSettings"]["SecurityGroups"] == ["sg-1"]
    assert domain["DefaultUserSettings"]["StudioWebPortal"] == "DISABLED"
    assert domain["DomainSettings"]["DockerSettings"]["EnableDockerAccess"] == "ENABLED"
    assert domain["TagPropagation"] == "ENABLED"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"VpcId": None}, "VpcId must be given"),
        ({"SubnetIds": []}, "SubnetIds must be given"),
        ({"DefaultUserSettings": {"ExecutionRole": ROLE}}, "SecurityGroups of DefaultUserSettings"),
        ({"AuthMode": "SSO"}, "does not implement AuthMode=SSO"),
        (
            {"DefaultUserSettings": {"SecurityGroups": ["sg-1"], "CanvasAppSettings": {"a": 1}}},
            "does not implement DefaultUserSettings.CanvasAppSettings",
        ),
        (
            {
                "DefaultSpaceSettings": {
                    "JupyterLabAppSettings": {"LifecycleConfigArns": [LIFECYCLE_ARN]}
                }
            },
            r"StudioLifecycleConfig \[git\] in the settings does not exist",
        ),
    ],
)
def test_a_domain_that_aws_would_not_create_is_rejected(
    sagemaker: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        sagemaker.create_domain(**domain_request(**changes))


def test_roles_of_users_and_of_spaces_must_be_passed(
    sagemaker: Any, platform: FakePlatform
) -> None:
    platform.denied.add(("iam:PassRole", ROLE))
    request = domain_request()

    with pytest.raises(ClientError, match="iam:PassRole"):
        sagemaker.create_domain(**request)


def test_a_domain_keeps_its_network(create: Any, sagemaker: Any) -> None:
    domain_id = create()

    for change in ({"VpcId": "vpc-2"}, {"HomeEfsFileSystemCreation": "Disabled"}):
        with pytest.raises(ClientError, match=f"a change of {next(iter(change))}"):
            sagemaker.update_domain(DomainId=domain_id, **change)


def test_studio_cannot_be_opened_here(create: Any, sagemaker: Any, service: Any) -> None:
    """The gateway reports operations that are not supported by their names."""
    ada = {"DomainId": create(), "UserProfileName": "ada"}
    with pytest.raises(ClientError, match=r"UserProfile .* does not exist"):
        sagemaker.create_presigned_domain_url(**ada)
    sagemaker.create_user_profile(**ada)
    with pytest.raises(ClientError, match="no IDE runs here"):
        sagemaker.create_presigned_domain_url(**ada)
    assert service.operation("create_presigned_mlflow_tracking_server_url") is None
