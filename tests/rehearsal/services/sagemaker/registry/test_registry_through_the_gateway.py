"""The registry behind the real server: policies and cards by CloudFormation, two accounts, IAM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import ACCOUNT, REGION, Aws, running_server
from tests.rehearsal.services.sagemaker import requests

SERVICES = ("rehearsal.services.sagemaker.service:SageMaker",)
OTHER = "222222222222"
GROUP = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/churn"
VERSIONS = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/churn/*"
READ = ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_server(tmp_path_factory.mktemp("registry"), SERVICES) as aws:
        yield aws


def person_of_other(cloud: Aws, name: str, *statements: dict[str, Any]) -> Any:
    """A SageMaker client of a role in the other account."""
    root = cloud.session(OTHER)
    iam = cloud.client("iam", root)
    trust = {"AWS": f"arn:aws:iam::{OTHER}:root"}
    document = {"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}
    arn = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [document]}),
    )["Role"]["Arn"]
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="allow",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
    )
    keys = cloud.client("sts", root).assume_role(RoleArn=arn, RoleSessionName="person")[
        "Credentials"
    ]
    session = cloud.session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return cloud.client("sagemaker", session)


def group(*actions: str, **extra: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": list(actions),
        "Resource": [GROUP, VERSIONS],
        **extra,
    }
    properties: dict[str, Any] = {"ModelPackageGroupName": "churn"}
    if actions:
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        properties["ModelPackageGroupPolicy"] = policy
    return {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": properties}


def test_across_accounts_both_sides_have_to_allow(cloud: Aws) -> None:
    sagemaker = cloud.client("sagemaker")
    stack = cloud.deploy("registry", {"Group": group(*READ)})
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    arn = sagemaker.create_model_package(**requests.model_package())["ModelPackageArn"]
    reader = person_of_other(cloud, "reader", {"Action": READ, "Resource": [GROUP, VERSIONS]})
    nobody = person_of_other(cloud, "nobody", {"Action": "sagemaker:ListModels", "Resource": "*"})
    everybody = person_of_other(cloud, "everybody", {"Action": "sagemaker:*", "Resource": "*"})

    assert reader.describe_model_package(ModelPackageName=arn)["ModelPackageVersion"] == 1
    listed = reader.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    assert [entry["ModelPackageArn"] for entry in listed] == [arn]
    with pytest.raises(ClientError, match="no identity-based policy allows"):
        nobody.describe_model_package(ModelPackageName=arn)
    with pytest.raises(ClientError, match="no resource-based policy allows"):
        everybody.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    with pytest.raises(ClientError, match="no resource-based policy allows"):
        cloud.client("sagemaker", cloud.session("333333333333")).describe_model_package(
            ModelPackageName=arn
        )

    more = group(*READ, "sagemaker:UpdateModelPackage")
    stack = cloud.deploy("registry", {"Group": more}, update=True)
    assert stack["StackStatus"] == "UPDATE_COMPLETE", stack["Reasons"]
    everybody.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "Approved"
    assert f":{OTHER}:" in described["LastModifiedBy"]["IamIdentity"]["Arn"]

    stack = cloud.deploy("registry", {"Group": group()}, update=True)
    assert stack["StackStatus"] == "UPDATE_COMPLETE", stack["Reasons"]
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        sagemaker.get_model_package_group_policy(ModelPackageGroupName="churn")
    with pytest.raises(ClientError, match="no resource-based policy allows"):
        reader.describe_model_package(ModelPackageName=arn)


def test_another_account_registers_and_does_not_approve_what_it_registers(cloud: Aws) -> None:
    pending = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
    actions = ["sagemaker:CreateModelPackage"]
    shared = group(*actions, Condition={"StringEqualsIfExists": pending})
    stack = cloud.deploy("registry", {"Group": shared}, update=True)
    assert stack["StackStatus"] == "UPDATE_COMPLETE", stack["Reasons"]
    trainer = person_of_other(cloud, "trainer", {"Action": "sagemaker:*", "Resource": "*"})
    version = requests.model_package(ModelPackageGroupName=GROUP)

    with pytest.raises(ClientError, match="no resource-based policy allows"):
        trainer.create_model_package(**version, ModelApprovalStatus="Approved")
    registered = trainer.create_model_package(**version)["ModelPackageArn"]

    described = cloud.client("sagemaker").describe_model_package(ModelPackageName=registered)
    assert described["ModelApprovalStatus"] == "PendingManualApproval"


def test_a_stack_with_a_malformed_policy_leaves_nothing(cloud: Aws) -> None:
    resource = group("sagemaker:DescribeModelPackage", Principal={"AWS": "everyone"})
    resource["Properties"]["ModelPackageGroupName"] = "broken"

    stack = cloud.deploy("broken", {"Group": resource})

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Invalid resource policy: a Principal is everyone" in str(stack["Reasons"])
    groups = cloud.client("sagemaker").list_model_package_groups(NameContains="broken")
    assert not groups["ModelPackageGroupSummaryList"]


def test_a_card_is_changed_in_place_and_deleted_with_its_stack(cloud: Aws) -> None:
    sagemaker = cloud.client("sagemaker")

    def card(purpose: str, status: str) -> dict[str, Any]:
        metric = {"Name": "auc", "Type": "number", "Value": 0.9}
        content = {
            "IntendedUses": {"PurposeOfModel": purpose, "RiskRating": "Low"},
            "EvaluationDetails": [
                {"Name": "a", "MetricGroups": [{"Name": "q", "MetricData": [metric]}]}
            ],
        }
        return {
            "Type": "AWS::SageMaker::ModelCard",
            "Properties": {
                "ModelCardName": "Churn",
                "ModelCardStatus": status,
                "Content": content,
            },
        }

    outputs = {
        "Name": {"Value": {"Ref": "Card"}},
        "Arn": {"Value": {"Fn::GetAtt": ["Card", "ModelCardArn"]}},
    }
    stack = cloud.deploy("card", {"Card": card("one", "Draft")}, outputs=outputs)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    values = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    assert values["Name"] == "Churn"
    assert values["Arn"].endswith(":model-card/churn")

    stack = cloud.deploy("card", {"Card": card("two", "Approved")}, update=True, outputs=outputs)
    assert stack["StackStatus"] == "UPDATE_COMPLETE", stack["Reasons"]
    found = sagemaker.describe_model_card(ModelCardName="Churn")
    assert (found["ModelCardVersion"], found["ModelCardStatus"]) == (2, "Approved")
    content = json.loads(found["Content"])
    assert content["intended_uses"] == {"purpose_of_model": "two", "risk_rating": "Low"}
    metric = content["evaluation_details"][0]["metric_groups"][0]["metric_data"][0]
    assert metric == {"name": "auc", "type": "number", "value": 0.9}

    wrong = card("three", "Approved")
    wrong["Properties"]["Content"]["IntendedUses"]["RiskRating"] = "Extreme"
    with pytest.raises(ClientError, match=r"IntendedUses\.RiskRating is 'Extreme'"):
        cloud.deploy("card", {"Card": wrong}, update=True, outputs=outputs)

    cloud.client("cloudformation").delete_stack(StackName=stack["StackId"])
    assert cloud.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert not sagemaker.list_model_cards()["ModelCardSummaries"]


def test_a_private_hub_lists_what_it_contains(cloud: Aws) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_hub(HubName="team", HubDescription="Of the team")
    content = {"HubName": "team", "HubContentType": "Model", "HubContentName": "sums"}
    made = sagemaker.import_hub_content(
        **content,
        HubContentVersion="1.0.0",
        DocumentSchemaVersion="2.3.0",
        HubContentDocument=json.dumps({"HostingEcrUri": requests.IMAGE}),
    )

    hubs = sagemaker.list_hubs(SortBy="HubName")["HubSummaries"]
    listed = sagemaker.list_hub_contents(HubName="team", HubContentType="Model")
    assert [(hub["HubName"], hub["HubStatus"]) for hub in hubs] == [("team", "InService")]
    found = [item["HubContentArn"] for item in listed["HubContentSummaries"]]
    assert found == [made["HubContentArn"]]
    reader = cloud.client(
        "sagemaker",
        cloud.person(
            "reader",
            {
                "Action": "sagemaker:DescribeHubContent",
                "Resource": [
                    f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hub/team",
                    f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hub-content/team/Model/sums",
                ],
            },
        ),
    )
    document = reader.describe_hub_content(**content)["HubContentDocument"]
    assert json.loads(document) == {"HostingEcrUri": requests.IMAGE}
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.delete_hub_content(**content, HubContentVersion="1.0.0")


def test_a_bucket_of_another_account_in_another_region_has_no_model_data(cloud: Aws) -> None:
    cloud.client("s3", region_name="eu-west-1").create_bucket(
        Bucket="models-of-ireland", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    everything = {"Action": "sagemaker:*", "Resource": "*"}
    sagemaker = person_of_other(cloud, "ireland", everything)

    with pytest.raises(ClientError, match=f"in eu-west-1.*located in {REGION}") as error:
        sagemaker.create_model(
            ModelName="churn",
            ExecutionRoleArn=f"arn:aws:iam::{OTHER}:role/ireland",
            PrimaryContainer={
                "Image": requests.IMAGE,
                "ModelDataUrl": "s3://models-of-ireland/model.tar.gz",
            },
        )
    assert error.value.response["Error"]["Code"] == "ValidationException"
