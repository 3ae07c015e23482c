from collections.abc import Iterator, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.access._managed_policies import MAX_POLICY_LENGTH, policy_size
from mlops_constructs.projects import LaunchRole
from mlops_constructs.projects.boundary.project_boundary import role_actions
from tests.constructs.projects.definitions import define_launch_role

CREATES = {
    "AWS::CodeBuild::Project": "codebuild:CreateProject",
    "AWS::CodeCommit::Repository": "codecommit:CreateRepository",
    "AWS::CodePipeline::Pipeline": "codepipeline:CreatePipeline",
    "AWS::ECR::Repository": "ecr:CreateRepository",
    "AWS::Events::Rule": "events:PutRule",
    "AWS::IAM::ManagedPolicy": "iam:CreatePolicy",
    "AWS::IAM::Role": "iam:CreateRole",
    "AWS::KMS::Key": "kms:CreateKey",
    "AWS::SNS::Topic": "sns:CreateTopic",
    "AWS::SNS::TopicPolicy": "sns:SetTopicAttributes",
    "AWS::SQS::Queue": "sqs:CreateQueue",
    "AWS::SQS::QueuePolicy": "sqs:SetQueueAttributes",
    "AWS::StepFunctions::StateMachine": "states:CreateStateMachine",
    "AWS::Lambda::Function": "lambda:CreateFunction",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup",
    "AWS::S3::Bucket": "s3:CreateBucket",
    "AWS::S3::BucketPolicy": "s3:PutBucketPolicy",
    "AWS::SageMaker::ModelPackageGroup": "sagemaker:CreateModelPackageGroup",
    "Custom::ProjectRemoval": "lambda:InvokeFunction",
    "Custom::SeedPush": "lambda:InvokeFunction",
}


@pytest.fixture(scope="module")
def template(parametrised_template: Mapping[str, Any]) -> Mapping[str, Any]:
    stack = cdk.Stack(cdk.App(), "Stack")
    define_launch_role(stack, parametrised_template)
    found: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return found


def one_of_type(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    (resource,) = [one for one in template["Resources"].values() if one["Type"] == kind]
    properties: dict[str, Any] = resource["Properties"]
    return properties


def statements(template: Mapping[str, Any], action: str) -> Iterator[Mapping[str, Any]]:
    for document in documents_of_the_role(template):
        for statement in document["Statement"]:
            actions = statement["Action"]
            if action in ([actions] if isinstance(actions, str) else actions):
                yield statement


def documents_of_the_role(template: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    role = one_of_type(template, "AWS::IAM::Role")
    names = [arn["Ref"] for arn in role["ManagedPolicyArns"]]
    return [template["Resources"][name]["Properties"]["PolicyDocument"] for name in names]


def boundary_of(template: Mapping[str, Any]) -> dict[str, Any]:
    ((_, boundary),) = [
        (name, one)
        for name, one in template["Resources"].items()
        if name.startswith("Boundary") and one["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    properties: dict[str, Any] = boundary["Properties"]
    return properties


def test_the_role_has_the_name_that_sagemaker_documents_and_its_region(
    template: Mapping[str, Any],
) -> None:
    role = one_of_type(template, "AWS::IAM::Role")

    assert role["RoleName"] == {
        "Fn::Join": ["", ["AmazonSageMakerProjectsLaunchRole-", {"Ref": "AWS::Region"}]]
    }
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "cloudformation.amazonaws.com"}


def test_it_can_create_every_type_of_a_project_and_no_other(
    template: Mapping[str, Any],
    parametrised_template: Mapping[str, Any],
    removable_template: Mapping[str, Any],
    connected_template: Mapping[str, Any],
) -> None:
    kinds = {
        one["Type"]
        for each in (parametrised_template, removable_template, connected_template)
        for one in each["Resources"].values()
    }
    assert kinds == set(CREATES)
    for action in CREATES.values():
        assert list(statements(template, action)), action
    of_the_role = {
        name: one for name, one in template["Resources"].items() if name.startswith("LaunchRole")
    }
    creating = {
        action for action in role_actions({"Resources": of_the_role}) if ":Create" in action
    }
    assert creating - set(CREATES.values()) == {
        "codecommit:CreateBranch",
        "codecommit:CreateCommit",
        "iam:CreatePolicyVersion",
        "kms:CreateGrant",
    }


@pytest.mark.parametrize(
    "action",
    ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary"],
)
def test_a_role_can_be_made_or_widened_only_within_the_boundary(
    template: Mapping[str, Any], action: str
) -> None:
    (statement,) = statements(template, action)

    assert "iam:PermissionsBoundary" in statement["Condition"]["StringEquals"]
    assert "role/sagemaker-projects/SP-*" in str(statement["Resource"])


@pytest.mark.parametrize(
    "action",
    [
        "iam:DeleteRolePermissionsBoundary",
        "iam:CreateUser",
        "iam:PutRolePolicy",
        "iam:SetDefaultPolicyVersion",
        "sts:AssumeRole",
    ],
)
def test_there_is_no_way_around_the_boundary(template: Mapping[str, Any], action: str) -> None:
    assert not list(statements(template, action))


def test_a_policy_of_another_path_can_neither_be_changed_nor_attached(
    template: Mapping[str, Any],
) -> None:
    (attaching,) = statements(template, "iam:AttachRolePolicy")
    assert "policy/sagemaker-projects/SP-*" in str(
        attaching["Condition"]["ArnLike"]["iam:PolicyARN"]
    )
    for action in ("iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy"):
        (statement,) = statements(template, action)
        assert "policy/sagemaker-projects/SP-*" in str(statement["Resource"])
    outside = [boundary_of(template)]
    outside += [
        one["Properties"]
        for name, one in template["Resources"].items()
        if name.startswith("LaunchRole") and one["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    assert len(outside) > 1
    assert {one["Path"] for one in outside} == {"/"}, "the role could widen itself"


def test_roles_are_passed_only_to_the_services_of_a_project(
    template: Mapping[str, Any],
) -> None:
    (statement,) = statements(template, "iam:PassRole")

    assert statement["Condition"]["StringEquals"]["iam:PassedToService"] == [
        "codebuild.amazonaws.com",
        "codepipeline.amazonaws.com",
        "events.amazonaws.com",
        "lambda.amazonaws.com",
        "states.amazonaws.com",
    ]


def test_it_reaches_only_names_that_cloud_formation_gives_in_the_stacks_of_projects(
    template: Mapping[str, Any],
) -> None:
    reached = [
        resource
        for document in documents_of_the_role(template)
        for statement in document["Statement"]
        if any(action.startswith("iam:") for action in listed(statement["Action"]))
        for resource in listed(statement["Resource"])
    ]
    assert len(reached) == 5
    for resource in reached:
        assert str(resource).endswith("/sagemaker-projects/SP-*']]}")


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_with_service_catalog_it_reaches_the_names_of_products_stacks_as_well(
    parametrised_template: Mapping[str, Any],
) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    launch = define_launch_role(stack, parametrised_template)
    launch.launch_from_service_catalog()
    launch.launch_from_service_catalog()

    passed = [
        statement["Resource"]
        for resource in Template.from_stack(stack).to_json()["Resources"].values()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "iam:PassRole"
        if "codebuild.amazonaws.com" in str(statement["Condition"])
    ]
    assert [str(one)[-28:-4] for one in passed] == [
        "/sagemaker-projects/SP-*",
        "/sagemaker-projects/SC-*",
    ]


def test_its_name_can_be_set(parametrised_template: Mapping[str, Any]) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "limits")
    assets = s3.Bucket.from_bucket_name(stack, "Assets", "assets")
    LaunchRole(
        stack, "LaunchRole", boundary=boundary, asset_bucket=assets, role_name="ProjectsLaunchRole"
    )

    role = one_of_type(Template.from_stack(stack).to_json(), "AWS::IAM::Role")
    assert role["RoleName"] == "ProjectsLaunchRole"
    assert LaunchRole.arn_of("ProjectsLaunchRole").endswith(":role/ProjectsLaunchRole")


def test_a_malformed_name_is_rejected() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "limits")
    assets = s3.Bucket.from_bucket_name(stack, "Assets", "assets")

    with pytest.raises(ValueError, match="role_name: got 'launch role'; allowed are up to 64"):
        LaunchRole(
            stack, "LaunchRole", boundary=boundary, asset_bucket=assets, role_name="launch role"
        )


def test_a_role_that_exists_already_is_taken_as_it_is() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    arn = "arn:aws:iam::111111111111:role/AmazonSageMakerProjectsLaunchRole"
    launch = LaunchRole.from_role_arn(stack, "LaunchRole", arn)
    launch.launch_from_service_catalog()

    assert launch.role.role_arn == arn
    assert "Resources" not in Template.from_stack(stack).to_json()


def test_keys_of_others_are_out_of_reach(template: Mapping[str, Any]) -> None:
    (statement,) = statements(template, "kms:ScheduleKeyDeletion")

    assert statement["Condition"] == {"Null": {"aws:ResourceTag/sagemaker:project-name": "false"}}


def test_the_policies_fit_the_quotas_of_iam(template: Mapping[str, Any]) -> None:
    documents = documents_of_the_role(template)

    assert len(documents) <= 10
    for document in (*documents, boundary_of(template)["PolicyDocument"]):
        assert policy_size(document) <= MAX_POLICY_LENGTH


def test_complaint_10_the_launch_role_may_read_tag_and_replace_what_it_makes(
    template: Mapping[str, Any],
) -> None:
    """aws-samples/sagemaker-custom-project-templates#40, #41: GetRole and AddTags were missing."""
    needed = (
        "iam:DeletePolicyVersion",
        "iam:GetPolicy",
        "iam:GetRole",
        "iam:ListPolicyVersions",
        "iam:TagRole",
        "sagemaker:AddTags",
        "sagemaker:ListTags",
    )
    for action in needed:
        assert list(statements(template, action)), action


def test_complaint_10_no_role_of_a_project_has_a_name_that_may_be_taken(
    parametrised_template: Mapping[str, Any],
) -> None:
    """data-science-on-aws/data-science-on-aws#205: a role of that name existed already."""
    for resource in parametrised_template["Resources"].values():
        if resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy"):
            assert not {"RoleName", "ManagedPolicyName"} & set(resource["Properties"])


def test_stacks_of_projects_have_tags_that_their_buckets_and_logs_may_get(
    template: Mapping[str, Any],
) -> None:
    """S3 asks for TagResource where a bucket is created with tags, as SageMaker's stacks do."""
    for action in ("s3:TagResource", "s3:UntagResource", "s3:ListTagsForResource"):
        (statement,) = statements(template, action)
        assert "s3:CreateBucket" in statement["Action"]
    for action in ("logs:DescribeIndexPolicies", "logs:GetDataProtectionPolicy"):
        for statement in statements(template, action):
            assert "logs:CreateLogGroup" in statement["Action"]
