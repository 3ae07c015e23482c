"""Groups of the model registry: what they are, who may use them, what their approval starts."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

from mlops_constructs.model_registry import ModelPackageGroup

GROUP = "AWS::SageMaker::ModelPackageGroup"


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(
        cdk.App(), "S", env=cdk.Environment(account="111111111111", region="eu-west-1")
    )


@pytest.fixture
def role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))


def only(stack: cdk.Stack, resource_type: str) -> dict[str, Any]:
    found = assertions.Template.from_stack(stack).find_resources(resource_type)
    assert len(found) == 1
    return dict(next(iter(found.values())))


def test_deploying_makes_models_of_versions(stack: cdk.Stack, role: iam.Role) -> None:
    arn = "arn:aws:sagemaker:eu-west-2:222222222222:model-package-group/churn"
    group = ModelPackageGroup.from_model_package_group_arn(stack, "G", arn)

    group.grant_deploy(role)

    statements = only(stack, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    assert group.model_package_group_name == "churn"
    assert statements[1]["Action"] == "sagemaker:CreateModel"
    for resource in (*statements[0]["Resource"], statements[1]["Resource"]):
        assert ":sagemaker:eu-west-2:222222222222:model-package" in str(resource)


def statement(stack: cdk.Stack) -> dict[str, Any]:
    statements = only(stack, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    assert len(statements) == 1
    found: dict[str, Any] = statements[0]
    return found


def test_a_group_outlives_its_stack(stack: cdk.Stack) -> None:
    ModelPackageGroup(stack, "G", model_package_group_name="churn")

    group = only(stack, GROUP)
    assert group["Properties"] == {"ModelPackageGroupName": "churn"}
    assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == (
        "RetainExceptOnCreate",
        "Retain",
    )


def test_a_group_of_a_throw_away_environment_goes_with_it(stack: cdk.Stack) -> None:
    ModelPackageGroup(stack, "G", removal_policy=cdk.RemovalPolicy.DESTROY)

    assert only(stack, GROUP)["DeletionPolicy"] == "Delete"


def test_a_group_without_a_name_gets_one_of_its_path(stack: cdk.Stack) -> None:
    first = ModelPackageGroup(stack, "G")

    assert only(stack, GROUP)["Properties"]["ModelPackageGroupName"].startswith("S-G")
    assert first.model_package_group_name.startswith("S-G")


def test_reading_is_allowed_on_the_group_and_its_versions(stack: cdk.Stack, role: iam.Role) -> None:
    ModelPackageGroup(stack, "G", model_package_group_name="Churn").grant_read(role)

    found = statement(stack)
    assert found["Action"] == [
        "sagemaker:DescribeModelPackage",
        "sagemaker:DescribeModelPackageGroup",
        "sagemaker:ListModelPackages",
    ]
    # SageMaker writes names in its ARNs in lower case.
    assert ":model-package-group/churn" in str(found["Resource"][0])
    assert ":model-package/churn/*" in str(found["Resource"][1])


def test_registering_is_allowed_without_approving(stack: cdk.Stack, role: iam.Role) -> None:
    ModelPackageGroup(stack, "G", model_package_group_name="churn").grant_register(role)

    policy = only(stack, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]
    assert "sagemaker:UpdateModelPackage" not in str(policy)
    (registering,) = (
        one for one in policy["Statement"] if one["Action"] == "sagemaker:CreateModelPackage"
    )
    pending = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
    assert registering["Condition"] == {"StringEqualsIfExists": pending}


def test_approving_includes_reading(stack: cdk.Stack, role: iam.Role) -> None:
    ModelPackageGroup(stack, "G", model_package_group_name="churn").grant_approve(role)

    policy = only(stack, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]
    assert "sagemaker:UpdateModelPackage" in str(policy)
    assert "sagemaker:ListModelPackages" in str(policy)
    assert "sagemaker:CreateModelPackage" not in str(policy)
    (approving,) = (
        one for one in policy["Statement"] if one["Action"] == "sagemaker:UpdateModelPackage"
    )
    decisions = {"sagemaker:ModelApprovalStatus": ["Approved", "Rejected"]}
    assert approving["Condition"]["StringEquals"] == decisions
    assert set(approving["Condition"]["Null"].values()) == {"true"}


def test_an_approval_starts_the_target(stack: cdk.Stack) -> None:
    group = ModelPackageGroup(stack, "G", model_package_group_name="churn")

    group.on_approval("Notify", target=targets.SnsTopic(sns.Topic(stack, "Topic")))

    rule = only(stack, "AWS::Events::Rule")["Properties"]
    assert rule["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": ["churn"], "ModelApprovalStatus": ["Approved"]},
    }
    assert len(rule["Targets"]) == 1


def test_a_rejection_starts_the_rollback_to_the_previous_version(stack: cdk.Stack) -> None:
    group = ModelPackageGroup(stack, "G", model_package_group_name="churn")

    group.on_approval_status_change("Deploy", target=targets.SnsTopic(sns.Topic(stack, "Topic")))

    rule = only(stack, "AWS::Events::Rule")["Properties"]
    assert rule["EventPattern"]["detail"] == {
        "ModelPackageGroupName": ["churn"],
        "ModelApprovalStatus": ["Approved", "Rejected"],
    }
    assert rule["Description"] == "A model of the group churn was approved or rejected"


def test_a_target_can_be_added_later(stack: cdk.Stack) -> None:
    group = ModelPackageGroup.from_model_package_group_name(stack, "G", "churn")

    rule = group.on_approval("Notify", description="Notifies the team")
    rule.add_target(targets.SnsTopic(sns.Topic(stack, "Topic")))

    properties = only(stack, "AWS::Events::Rule")["Properties"]
    assert properties["Description"] == "Notifies the team"
    assert len(properties["Targets"]) == 1


def test_a_region_without_the_registry_is_rejected() -> None:
    stack = cdk.Stack(cdk.App(), "S", env=cdk.Environment(region="cn-north-1"))

    with pytest.raises(ValueError, match="cn-north-1, where CloudFormation has no AWS::SageMaker"):
        ModelPackageGroup(stack, "G", model_package_group_name="churn")


def test_an_imported_group_grants_like_an_own_one(stack: cdk.Stack, role: iam.Role) -> None:
    ModelPackageGroup.from_model_package_group_name(stack, "G", "churn").grant_read(role)

    assert ":model-package/churn/*" in str(statement(stack)["Resource"])
    assert not assertions.Template.from_stack(stack).find_resources(GROUP)


@pytest.mark.parametrize("name", ["", "-churn", "churn_model", "x" * 64])
def test_a_name_that_aws_rejects(stack: cdk.Stack, name: str) -> None:
    with pytest.raises(ValueError, match="model_package_group_name: got '") as error:
        ModelPackageGroup(stack, "G", model_package_group_name=name)

    assert "allowed are 1 to 63 letters, digits and hyphens" in str(error.value)


def test_a_name_that_is_a_token_is_not_validated(stack: cdk.Stack, role: iam.Role) -> None:
    name = cdk.CfnParameter(stack, "Name").value_as_string

    ModelPackageGroup(stack, "G", model_package_group_name=name).grant_read(role)

    assert only(stack, GROUP)["Properties"]["ModelPackageGroupName"] == {"Ref": "Name"}
