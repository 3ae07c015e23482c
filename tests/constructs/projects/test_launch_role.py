import json
from collections.abc import Iterator, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.projects import LaunchRole, ProjectBoundary
from mlops_constructs.projects.permissions_boundary import role_actions

CREATES = {
    "AWS::CodeBuild::Project": "codebuild:CreateProject",
    "AWS::CodeCommit::Repository": "codecommit:CreateRepository",
    "AWS::CodePipeline::Pipeline": "codepipeline:CreatePipeline",
    "AWS::ECR::Repository": "ecr:CreateRepository",
    "AWS::Events::Rule": "events:PutRule",
    "AWS::IAM::Policy": "iam:PutRolePolicy",
    "AWS::IAM::Role": "iam:CreateRole",
    "AWS::KMS::Key": "kms:CreateKey",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup",
    "AWS::S3::Bucket": "s3:CreateBucket",
    "AWS::S3::BucketPolicy": "s3:PutBucketPolicy",
    "AWS::SageMaker::ModelPackageGroup": "sagemaker:CreateModelPackageGroup",
}


@pytest.fixture(scope="module")
def template(parametrised_template: Mapping[str, Any]) -> Mapping[str, Any]:
    stack = cdk.Stack(cdk.App(), "Stack")
    boundary = ProjectBoundary(
        stack, "Boundary", template=parametrised_template, export_name="Boundary"
    )
    assets = s3.Bucket.from_bucket_name(stack, "Assets", "assets")
    LaunchRole(stack, "LaunchRole", boundary=boundary.policy, asset_bucket=assets)
    found: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return found


def one_of_type(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    (resource,) = [one for one in template["Resources"].values() if one["Type"] == kind]
    properties: dict[str, Any] = resource["Properties"]
    return properties


def statements(template: Mapping[str, Any], action: str) -> Iterator[Mapping[str, Any]]:
    (policy,) = one_of_type(template, "AWS::IAM::Role")["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        actions = statement["Action"]
        if action in ([actions] if isinstance(actions, str) else actions):
            yield statement


def test_the_role_has_the_name_that_sagemaker_documents(template: Mapping[str, Any]) -> None:
    role = one_of_type(template, "AWS::IAM::Role")

    assert role["RoleName"] == "AmazonSageMakerProjectsLaunchRole"
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "cloudformation.amazonaws.com"}


def test_it_can_create_every_type_of_a_project_and_no_other(
    template: Mapping[str, Any], parametrised_template: Mapping[str, Any]
) -> None:
    kinds = {one["Type"] for one in parametrised_template["Resources"].values()}
    assert kinds == set(CREATES)
    for action in CREATES.values():
        assert list(statements(template, action)), action
    roles = {
        name: one for name, one in template["Resources"].items() if one["Type"] == "AWS::IAM::Role"
    }
    creating = {action for action in role_actions({"Resources": roles}) if ":Create" in action}
    assert creating - set(CREATES.values()) == {
        "codecommit:CreateBranch",
        "codecommit:CreateCommit",
        "kms:CreateGrant",
    }


@pytest.mark.parametrize(
    "action",
    [
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    ],
)
def test_a_role_can_be_made_or_widened_only_within_the_boundary(
    template: Mapping[str, Any], action: str
) -> None:
    (statement,) = statements(template, action)

    assert "iam:PermissionsBoundary" in statement["Condition"]["StringEquals"]
    assert "role/sagemaker-projects/*" in str(statement["Resource"])


@pytest.mark.parametrize(
    "action",
    [
        "iam:DeleteRolePermissionsBoundary",
        "iam:CreatePolicyVersion",
        "iam:CreatePolicy",
        "iam:CreateUser",
        "iam:SetDefaultPolicyVersion",
        "sts:AssumeRole",
    ],
)
def test_there_is_no_way_around_the_boundary(template: Mapping[str, Any], action: str) -> None:
    assert not list(statements(template, action))


def test_roles_are_handed_only_to_the_services_that_a_project_starts(
    template: Mapping[str, Any],
) -> None:
    (statement,) = statements(template, "iam:PassRole")

    assert statement["Condition"]["StringEquals"]["iam:PassedToService"] == [
        "codebuild.amazonaws.com",
        "codepipeline.amazonaws.com",
        "events.amazonaws.com",
    ]


def test_keys_of_others_are_out_of_reach(template: Mapping[str, Any]) -> None:
    (statement,) = statements(template, "kms:ScheduleKeyDeletion")

    assert statement["Condition"] == {"Null": {"aws:ResourceTag/sagemaker:project-name": "false"}}


def test_the_policies_fit_the_quotas_of_iam(template: Mapping[str, Any]) -> None:
    (policy,) = one_of_type(template, "AWS::IAM::Role")["Policies"]
    boundary = one_of_type(template, "AWS::IAM::ManagedPolicy")["PolicyDocument"]

    assert len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) <= 10_240
    assert len(json.dumps(boundary, separators=(",", ":"))) <= 6_144


def test_the_boundary_allows_what_projects_roles_do_and_of_iam_next_to_nothing(
    template: Mapping[str, Any], parametrised_template: Mapping[str, Any]
) -> None:
    document = one_of_type(template, "AWS::IAM::ManagedPolicy")["PolicyDocument"]
    allowed = role_actions(
        {
            "Resources": {
                "Boundary": {
                    "Type": "AWS::IAM::ManagedPolicy",
                    "Properties": {"PolicyDocument": document},
                }
            }
        }
    )
    assert set(allowed) == set(role_actions(parametrised_template))
    assert {action for action in allowed if action.startswith("iam:")} == {
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
    }
    assert not [action for action in allowed if "*" in action]


def test_a_project_whose_roles_could_make_roles_is_refused() -> None:
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Policies": [
                {
                    "PolicyDocument": {
                        "Statement": [
                            {"Effect": "Allow", "Action": "iam:CreateRole", "Resource": "*"}
                        ]
                    }
                }
            ]
        },
    }
    with pytest.raises(ValueError, match="roles of a project use \\['iam:CreateRole'\\]"):
        ProjectBoundary(
            cdk.Stack(cdk.App(), "Stack"),
            "Boundary",
            template={"Resources": {"Role": role}},
            export_name="Boundary",
        )
