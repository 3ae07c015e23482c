from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import Context, Scope
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import ROLE, SCOPE, FakePlatform, ServiceClient
from tests.rehearsal.services.sagemaker import requests

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
        ({"ModelPackageName": "x"}, "Exactly one of ModelPackageGroupName"),
        (
            {"Tags": [{"Key": "a", "Value": "b"}]},
            "Tags cannot be specified",
        ),
        ({"CertifyForMarketplace": True}, "CertifyForMarketplace=True"),
    ],
)
def test_a_wrong_package_is_rejected(
    sagemaker: Any, group: str, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        sagemaker.create_model_package(**{**requests.model_package(), **change})


def test_approving_a_package_that_does_not_exist_is_rejected(sagemaker: Any, group: str) -> None:
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

    policy = policy_of(statement())
    sagemaker.put_model_package_group_policy(ModelPackageGroupName="churn", ResourcePolicy=policy)

    response = sagemaker.get_model_package_group_policy(ModelPackageGroupName="churn")
    assert response["ResourcePolicy"] == policy


ACCOUNT = "arn:aws:sagemaker:us-east-1:111111111111"


def statement(**changes: Any) -> dict[str, Any]:
    given = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
        "Action": ["sagemaker:DescribeModelPackage", "sagemaker:CreateModel"],
        "Resource": [f"{ACCOUNT}:model-package-group/churn", f"{ACCOUNT}:model-package/churn/*"],
    }
    return {**given, **changes}


def policy_of(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("not json", "it is not JSON"),
        ("{}", "it has no Statement"),
        (json.dumps({"Statement": [statement()]}), "its Version is not 2012-10-17"),
        (policy_of("allow"), "a statement is no object"),
        (policy_of(statement(Effekt="Allow")), "a statement has Effekt"),
        (policy_of(statement(Effect="Maybe")), "an Effect is 'Maybe'"),
        (policy_of(statement(Principal={"AWS": "222"})), "a Principal is 222"),
        (policy_of(statement(Principal={})), "a Principal is {}"),
        (policy_of(statement(Action="s3:GetObject")), "an Action is s3:GetObject"),
        (policy_of(statement(Action=[])), "an Action is nothing"),
        (
            policy_of(statement(Resource=f"{ACCOUNT}:model-package/fraud/*")),
            "model-package/fraud/\\*, which is not of arn:",
        ),
    ],
)
def test_a_malformed_policy_is_rejected(
    sagemaker: Any, group: str, policy: str, reason: str
) -> None:
    with pytest.raises(ClientError, match=f"Invalid resource policy: .*{reason}"):
        sagemaker.put_model_package_group_policy(
            ModelPackageGroupName="churn", ResourcePolicy=policy
        )


def test_another_account_uses_what_the_policy_shares(
    sagemaker: Any, service: SageMaker, group: str, platform: FakePlatform
) -> None:
    arn = sagemaker.create_model_package(**requests.model_package(ModelApprovalStatus="Approved"))[
        "ModelPackageArn"
    ]
    caller = Context(Scope("222222222222", "us-east-1"), "arn:aws:iam::222222222222:user/bob")
    other = ServiceClient(service, caller)
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:DescribeModelPack"):
        other.describe_model_package(ModelPackageName=arn)

    sagemaker.put_model_package_group_policy(
        ModelPackageGroupName="churn", ResourcePolicy=policy_of(statement())
    )

    assert other.describe_model_package(ModelPackageName=arn)["ModelPackageArn"] == arn
    rejected: list[tuple[Callable[[], Any], str]] = [
        (lambda: other.list_model_packages(ModelPackageGroupName=group), "ListModelPackages"),
        (
            lambda: other.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected"),
            "UpdateModelPackage",
        ),
        (lambda: other.create_model_package(**requests.model_package(group)), "CreateModelPackage"),
        (
            lambda: other.describe_model_package(ModelPackageName=arn.replace("churn", "none")),
            "DescribeModelPackage",
        ),
        (
            lambda: other.describe_model_package(ModelPackageName=arn.replace("east", "west")),
            "is in another region",
        ),
    ]
    for call, message in rejected:
        with pytest.raises(ClientError, match=message):
            call()

    model = requests.model()
    model["PrimaryContainer"] = {"ModelPackageName": arn}
    platform.denied = {("sagemaker:CreateModel", arn)}
    with pytest.raises(ClientError, match="sagemaker:CreateModel"):
        other.create_model(**model)
    platform.denied = set()
    assert ":222222222222:model/churn" in other.create_model(**model)["ModelArn"]


def test_a_version_is_registered_in_the_registry_of_another_account(
    sagemaker: Any, service: SageMaker, group: str, platform: FakePlatform
) -> None:
    # As "Register a Model Version from a Different Account" has it: versions only.
    versions = f"{ACCOUNT}:model-package/churn/*"
    shared = policy_of(statement(Action="sagemaker:CreateModelPackage", Resource=versions))
    sagemaker.put_model_package_group_policy(ModelPackageGroupName="churn", ResourcePolicy=shared)
    caller = Context(Scope("222222222222", "us-east-1"), "arn:aws:iam::222222222222:user/bob")

    made = ServiceClient(service, caller).create_model_package(**requests.model_package(group))

    assert made["ModelPackageArn"] == f"{ACCOUNT}:model-package/churn/1"
    assert len(sagemaker.list_model_packages(ModelPackageGroupName="churn")) == 1
    assert platform.events[-1]["scope"].account == "111111111111"


def test_names_with_capitals_are_found_by_arns_in_lower_case(sagemaker: Any) -> None:
    arn = sagemaker.create_model_package_group(ModelPackageGroupName="ChurnModels")[
        "ModelPackageGroupArn"
    ]
    assert arn.endswith(":model-package-group/churnmodels")

    package = sagemaker.create_model_package(**requests.model_package(arn))["ModelPackageArn"]

    assert package.endswith(":model-package/churnmodels/1")
    found = sagemaker.describe_model_package(ModelPackageName=package)
    assert found["ModelPackageGroupName"] == "ChurnModels"
    assert sagemaker.list_model_packages(ModelPackageGroupName=arn)["ModelPackageSummaryList"]
    sagemaker.delete_model_package(ModelPackageName=package)
    sagemaker.delete_model_package_group(ModelPackageGroupName=arn)


def test_a_version_without_a_specification_is_deployed_once_it_has_one(
    sagemaker: Any, group: str
) -> None:
    created = sagemaker.create_model_package(
        ModelPackageGroupName="churn", ModelApprovalStatus="Approved"
    )
    arn = created["ModelPackageArn"]
    model = {**requests.model(), "PrimaryContainer": {"ModelPackageName": arn}}
    with pytest.raises(ClientError) as rejected:
        sagemaker.create_model(**model)
    assert "has no InferenceSpecification" in rejected.value.response["Error"]["Message"]
    assert "InferenceSpecification" not in sagemaker.describe_model_package(ModelPackageName=arn)

    specification = requests.model_package()["InferenceSpecification"]
    sagemaker.update_model_package(ModelPackageArn=arn, InferenceSpecification=specification)

    assert sagemaker.create_model(**model)["ModelArn"]


def test_versions_are_described_in_batches(service: Any, sagemaker: Any, group: str) -> None:
    full = sagemaker.create_model_package(**requests.model_package())["ModelPackageArn"]
    bare = sagemaker.create_model_package(ModelPackageGroupName="churn")["ModelPackageArn"]
    missing = f"{full[:-1]}9"

    response = sagemaker.batch_describe_model_package(ModelPackageArnList=[full, bare, missing])

    summaries = response["ModelPackageSummaries"]
    assert {arn: one["ModelPackageVersion"] for arn, one in summaries.items()} == {full: 1, bare: 2}
    assert summaries[full]["InferenceSpecification"]["Containers"][0]["Image"] == requests.IMAGE
    assert list(response["BatchDescribeModelPackageErrorMap"]) == [missing]
    request = {"ModelPackageArnList": [full, bare, full]}
    arns = service.resource_arns("BatchDescribeModelPackage", request, SCOPE)
    assert arns == [full, bare]


def test_the_card_of_a_package_follows_the_schema_of_aws(sagemaker: Any, group: str) -> None:
    content = {"evaluation_details": [{"name": "Held-out rows", "metadata": {"page": "s3://b/p"}}]}
    card = {"ModelCardContent": json.dumps(content), "ModelCardStatus": "Draft"}
    arn = sagemaker.create_model_package(**requests.model_package(ModelCard=card))[
        "ModelPackageArn"
    ]
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelCard"] == card


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no JSON", "it is not JSON"),
        ('{"evaluation_details": [{}]}', "'name' is a required property"),
        ('{"colour": "blue"}', "'colour' was unexpected"),
        ('{"model_package_details": {}}', "model_package_details is unknown"),
    ],
)
@pytest.mark.parametrize("operation", ["create", "update"])
def test_another_card_of_a_package_is_rejected(
    sagemaker: Any, group: str, content: str, reason: str, operation: str
) -> None:
    card = {"ModelCardContent": content, "ModelCardStatus": "Draft"}
    with pytest.raises(ClientError, match=reason):
        if operation == "create":
            sagemaker.create_model_package(**requests.model_package(ModelCard=card))
        else:
            arn = sagemaker.create_model_package(**requests.model_package())["ModelPackageArn"]
            sagemaker.update_model_package(ModelPackageArn=arn, ModelCard=card)
