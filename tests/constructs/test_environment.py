"""What a construct has from its scope."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template
from constructs import Construct

from mlops_constructs._environment import environment_of, inherit, stack_of
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.projects.boundary._role_path import PROJECTS_PATH, put_on_projects_path

COLON = cdk.ArnFormat.COLON_RESOURCE_NAME


@pytest.mark.parametrize(
    "env", [None, cdk.Environment(account="111111111111", region="cn-north-1")]
)
@pytest.mark.parametrize(
    ("ours", "of_the_cdk"),
    [
        ({"name": "churn"}, {"resource_name": "churn"}),
        ({"name": "churn", "separator": ":"}, {"resource_name": "churn", "arn_format": COLON}),
        ({"name": "churn", "region": ""}, {"resource_name": "churn", "region": ""}),
        (
            {"name": "churn", "account": "222222222222"},
            {"resource_name": "churn", "account": "222222222222"},
        ),
        ({}, {"arn_format": cdk.ArnFormat.NO_RESOURCE_NAME}),
    ],
)
def test_an_arn_is_that_of_the_cdk(
    env: cdk.Environment | None, ours: dict[str, Any], of_the_cdk: dict[str, Any]
) -> None:
    stack = cdk.Stack(cdk.App(), "Stack", env=env)
    expected = stack.format_arn(service="logs", resource="log-group", **of_the_cdk)
    assert environment_of(stack).arn("logs", "log-group", **ours) == expected


def test_a_construct_has_the_stack_of_its_scope() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    part = Construct(Construct(stack, "Whole"), "Part")
    assert stack_of(part) is stack
    inherit(part, stack)
    assert stack_of(part) is stack


def test_scopes_of_two_stacks_have_different_environments() -> None:
    app = cdk.App()
    accounts = ["111111111111", "222222222222"]
    stacks = [
        cdk.Stack(app, f"Of{one}", env=cdk.Environment(account=one, region="eu-west-1"))
        for one in accounts
    ]
    assert [environment_of(Construct(one, "Part")).account for one in stacks] == accounts


@pytest.mark.parametrize("below", ["the scope", "a scope that inherits", "another scope"])
@pytest.mark.parametrize("foreign", [False, True], ids=["of the library", "and of the CDK"])
def test_every_role_of_a_project_is_on_its_path(below: str, foreign: bool) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    project = Construct(stack, "Project")
    put_on_projects_path(project)
    part = project if below == "the scope" else Construct(project, "Part")
    if below == "a scope that inherits":
        inherit(part, project)
    role = ServiceRole(
        part,
        "Role",
        service="codebuild.amazonaws.com",
        description="test",
        permissions=[Permission(actions=["s3:GetObject"], resources=["arn:aws:s3:::a/b"])],
    )
    role.add_to_principal_policy(
        iam.PolicyStatement(actions=["s3:PutObject"], resources=["arn:aws:s3:::a/c"])
    )
    if foreign:
        iam.Role(part, "Foreign", assumed_by=iam.AccountRootPrincipal())
    template = Template.from_stack(stack).to_json()["Resources"].values()
    paths = [
        one["Properties"].get("Path")
        for one in template
        if one["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
    ]
    assert len(paths) == 3 + foreign
    assert set(paths) == {PROJECTS_PATH}
