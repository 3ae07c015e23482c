from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.aws.sagemaker import requests
from tests.rehearsal.fakes import ROLE, FakePlatform

EVENT = "SageMaker Model Package State Change"


@pytest.fixture
def group(sagemaker: Any) -> str:
    arn: str = sagemaker.create_model_package_group(ModelPackageGroupName="churn")[
        "ModelPackageGroupArn"
    ]
    return arn


def test_versions_count_up_and_are_never_used_again(sagemaker: Any, group: str) -> None:
    first = sagemaker.create_model_package(**requests.model_package())["ModelPackageArn"]
    second = sagemaker.create_model_package(**requests.model_package())["ModelPackageArn"]
    sagemaker.delete_model_package(ModelPackageName=second)
    third = sagemaker.create_model_package(**requests.model_package(group))["ModelPackageArn"]

    assert first.endswith(":model-package/churn/1")
    assert third.endswith(":model-package/churn/3")
    listed = sagemaker.list_model_packages(ModelPackageGroupName="churn")
    versions = [p["ModelPackageVersion"] for p in listed["ModelPackageSummaryList"]]
    assert versions == [3, 1]


def test_an_approval_is_an_event_with_what_changed(
    sagemaker: Any, group: str, platform: FakePlatform
) -> None:
    metadata = {"problem_type": "binary"}
    package = requests.model_package(CustomerMetadataProperties=metadata)
    arn = sagemaker.create_model_package(**package)["ModelPackageArn"]

    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    created, approved = platform.events_of(EVENT)  # the second update changed nothing
    assert created["ModelApprovalStatus"] == "PendingManualApproval"
    assert approved["ModelApprovalStatus"] == "Approved"
    assert approved["ModelPackageGroupName"] == "churn"
    assert approved["ModelPackageVersion"] == 1
    assert approved["UpdatedModelPackageFields"] == ["ModelApprovalStatus"]
    assert approved["CustomerMetadataProperties"] == metadata
    assert approved["CreationTime"].endswith("Z")
    event = next(e for e in platform.events if e["detail-type"] == EVENT)
    assert event["resources"] == [arn]


def test_packages_are_listed_by_approval(sagemaker: Any, group: str) -> None:
    sagemaker.create_model_package(**requests.model_package(ModelApprovalStatus="Approved"))
    sagemaker.create_model_package(**requests.model_package())

    approved = sagemaker.list_model_packages(
        ModelPackageGroupName="churn", ModelApprovalStatus="Approved", MaxResults=1
    )["ModelPackageSummaryList"]

    assert [p["ModelPackageVersion"] for p in approved] == [1]


def test_only_an_approved_package_becomes_a_model(sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(**requests.model_package())["ModelPackageArn"]
    model = {
        "ModelName": "churn",
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {"ModelPackageName": arn},
    }

    with pytest.raises(ClientError, match="only an approved package can be deployed"):
        sagemaker.create_model(**model)
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    sagemaker.create_model(**model)


def test_metadata_can_be_added_and_removed(sagemaker: Any, group: str) -> None:
    package = requests.model_package(CustomerMetadataProperties={"a": "1", "b": "2"})
    arn = sagemaker.create_model_package(**package)["ModelPackageArn"]

    sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"c": "3"},
        CustomerMetadataPropertiesToRemove=["a"],
    )

    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["CustomerMetadataProperties"] == {"b": "2", "c": "3"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ModelPackageGroupName": "none"}, "ModelPackageGroup arn:.*none does not exist"),
        ({"ModelPackageName": "x"}, "exactly one of ModelPackageGroupName"),
        ({"InferenceSpecification": {}}, "InferenceSpecification is required"),
        ({"Tags": [{"Key": "a", "Value": "b"}]}, "Tags cannot be given"),
        ({"CertifyForMarketplace": True}, "CertifyForMarketplace=True"),
    ],
)
def test_a_wrong_package_is_refused(
    sagemaker: Any, group: str, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        sagemaker.create_model_package(**{**requests.model_package(), **change})


def test_approving_a_package_that_does_not_exist_is_refused(sagemaker: Any, group: str) -> None:
    arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/churn/9"

    with pytest.raises(ClientError, match=r"ModelPackage arn:.*/churn/9 does not exist"):
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")


def test_a_group_with_versions_cannot_be_deleted(sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(**requests.model_package())["ModelPackageArn"]

    with pytest.raises(ClientError, match="still contains 1 model package") as caught:
        sagemaker.delete_model_package_group(ModelPackageGroupName="churn")
    assert caught.value.response["Error"]["Code"] == "ConflictException"

    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName="churn")
    assert not sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]


def test_a_group_has_a_policy(sagemaker: Any, group: str) -> None:
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        sagemaker.get_model_package_group_policy(ModelPackageGroupName="churn")

    sagemaker.put_model_package_group_policy(ModelPackageGroupName="churn", ResourcePolicy="{}")

    answer = sagemaker.get_model_package_group_policy(ModelPackageGroupName="churn")
    assert answer["ResourcePolicy"] == "{}"
