"""Permissions to create projects from a template in S3."""

from collections.abc import Sequence

from constructs import Construct

from mlops_constructs.access import Permission

from ._launch_permissions import arn

_VERBS = ("Create", "Delete", "Describe", "Update")
_NAMES = "SageMaker generates the names of the stacks"


def creation_permissions(
    scope: Construct, *, template_urls: Sequence[str], launch_role_arn: str
) -> list[Permission]:
    """Returns the permissions to create, update and delete projects of one template with one role.

    SageMaker calls CloudFormation on behalf of the caller, who passes the launch role. Without a
    fixed template, the caller could use all permissions of the role. CloudFormation provides the
    template's URL and the role as condition keys of each request that contains them.

    Args:
        scope: a construct in the account and region of the projects.
        template_urls: all URLs of the template.
        launch_role_arn: ARN of the role with which CloudFormation creates the template's resources.

    Source: "Create a SageMaker project template in an Amazon S3 bucket" in the Developer Guide;
    "Actions, resources, and condition keys for AWS CloudFormation" in the Service Authorization
    Reference.
    """
    stacks = [arn(scope, "cloudformation", "stack/SP-*")]
    template = {"StringEquals": {"cloudformation:TemplateUrl": list(template_urls)}}
    role = {"cloudformation:RoleArn": launch_role_arn}
    return [
        Permission(
            actions=["sagemaker:AddTags", *(f"sagemaker:{verb}Project" for verb in _VERBS)],
            resources=[arn(scope, "sagemaker", "project/*")],
            because="the name of a project is chosen when it is created",
        ),
        Permission(
            actions=["sagemaker:ListProjects"],
            resources=["*"],
            because="list actions do not support resource-level permissions",
        ),
        Permission(
            actions=["cloudformation:CreateStack"],
            resources=stacks,
            conditions={"StringEquals": {**template["StringEquals"], **role}},
            because=_NAMES,
        ),
        # An update can omit the role, because the stack keeps that of its creation.
        Permission(
            actions=["cloudformation:UpdateStack"],
            resources=stacks,
            conditions={**template, "StringEqualsIfExists": role},
            because=_NAMES,
        ),
        Permission(
            actions=[
                "cloudformation:DeleteStack",
                "cloudformation:DescribeStacks",
                "cloudformation:TagResource",
                "cloudformation:UntagResource",
            ],
            resources=stacks,
            because=_NAMES,
        ),
        Permission(
            actions=["iam:PassRole"],
            resources=[launch_role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
        ),
    ]
