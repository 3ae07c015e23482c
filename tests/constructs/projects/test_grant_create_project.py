"""Permissions of a principal that creates projects from a template in S3."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from mlops_constructs.projects import LaunchRole, Seed
from tests.constructs.projects.definitions import ENVIRONMENT, define_template

Statements = Mapping[str, Mapping[str, Any]]


def granted(seed: Seed, **options: Any) -> Statements:
    """The statements of a role with the grant, by their actions."""
    stack = cdk.Stack(cdk.App(), "Stack", env=ENVIRONMENT)
    template = define_template(stack, seed, **options)
    person = iam.Role(stack, "Person", assumed_by=iam.AccountRootPrincipal())
    template.grant_create_project(person)
    (policy,) = [
        one["Properties"]["PolicyDocument"]["Statement"]
        for name, one in Template.from_stack(stack).to_json()["Resources"].items()
        if one["Type"] == "AWS::IAM::Policy" and name.startswith("Person")
    ]
    return {
        action: statement
        for statement in policy
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }


@pytest.fixture(scope="module")
def statements(seed: Seed) -> Statements:
    return granted(seed)


def test_it_contains_only_what_sagemaker_requires_of_the_caller(statements: Statements) -> None:
    assert set(statements) == {
        "cloudformation:CreateStack",
        "cloudformation:DeleteStack",
        "cloudformation:DescribeStacks",
        "cloudformation:TagResource",
        "cloudformation:UntagResource",
        "cloudformation:UpdateStack",
        "iam:PassRole",
        "kms:Decrypt",
        "s3:GetObject",
        "s3:GetObjectTagging",
        "s3:ListBucket",
        "sagemaker:AddTags",
        "sagemaker:CreateProject",
        "sagemaker:DeleteProject",
        "sagemaker:DescribeProject",
        "sagemaker:ListProjects",
        "sagemaker:UpdateProject",
    }
    for action, statement in statements.items():
        if action.startswith("cloudformation:"):
            assert str(statement["Resource"]).endswith(":stack/SP-*']]}")


def test_a_stack_is_made_of_the_published_template_with_the_launch_role_alone(
    statements: Statements,
) -> None:
    condition = statements["cloudformation:CreateStack"]["Condition"]

    assert set(condition) == {"StringEquals"}
    urls = condition["StringEquals"]["cloudformation:TemplateUrl"]
    assert len(urls) == 3
    for url in urls:
        assert "templates/tabular-model.yaml" in str(url)
    assert "AmazonSageMakerProjectsLaunchRole-" in str(
        condition["StringEquals"]["cloudformation:RoleArn"]
    )


def test_an_update_may_leave_the_role_to_the_stack_but_not_the_template(
    statements: Statements,
) -> None:
    condition = statements["cloudformation:UpdateStack"]["Condition"]

    assert set(condition["StringEquals"]) == {"cloudformation:TemplateUrl"}
    assert set(condition["StringEqualsIfExists"]) == {"cloudformation:RoleArn"}


def test_the_launch_role_is_passed_to_cloud_formation_only(statements: Statements) -> None:
    assert statements["iam:PassRole"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}
    }
    assert "AmazonSageMakerProjectsLaunchRole-" in str(statements["iam:PassRole"]["Resource"])


def test_a_launch_role_of_another_name_is_the_one_that_is_passed(seed: Seed) -> None:
    arn = LaunchRole.arn_of("ProjectsLaunchRole")

    assert "role/ProjectsLaunchRole" in str(granted(seed, launch_role_arn=arn)["iam:PassRole"])


def test_keys_of_projects_are_administered_by_the_launch_role_from_the_start(
    parametrised_template: Mapping[str, Any],
) -> None:
    """KMS knows the tag of a new key too late for a condition on it."""
    (key,) = [
        one["Properties"]
        for one in parametrised_template["Resources"].values()
        if one["Type"] == "AWS::KMS::Key"
    ]
    (statement,) = [one for one in key["KeyPolicy"]["Statement"] if one.get("Sid") == "LaunchRole"]

    assert "AmazonSageMakerProjectsLaunchRole-" in str(statement["Principal"]["AWS"])
    assert {"kms:EnableKeyRotation", "kms:CreateGrant"} <= set(statement["Action"])
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"} & set(statement["Action"])
