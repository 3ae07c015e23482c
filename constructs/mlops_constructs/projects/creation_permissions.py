"""What somebody needs who creates projects from a template in S3, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from mlops_constructs.access import Permission

from .launch_permissions import arn

_VERBS = ("Create", "Delete", "Describe", "Update")
_OTHERS = "SageMaker numbers the projects of all who create some"


def creation_permissions(
    scope: Construct, *, template_urls: Sequence[str], launch_role_arn: str
) -> list[Permission]:
    """Lets somebody create, change and delete projects of one template, with one role.

    SageMaker calls CloudFormation in the caller's name. So the caller passes the launch role, and
    could have it create anything that it can, unless the template is fixed: CloudFormation tells
    IAM the template's address and the role with each request that has them.

    Args:
        scope: whose account and region the projects are in.
        template_urls: all addresses of the template.
        launch_role_arn: the role with which CloudFormation creates what the template says.

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
            because="lists have no resource level",
        ),
        Permission(
            actions=["cloudformation:CreateStack"],
            resources=stacks,
            conditions={"StringEquals": {**template["StringEquals"], **role}},
            because=_OTHERS,
        ),
        # An update may leave the role out, since the stack keeps that of its creation.
        Permission(
            actions=["cloudformation:UpdateStack"],
            resources=stacks,
            conditions={**template, "StringEqualsIfExists": role},
            because=_OTHERS,
        ),
        Permission(
            actions=[
                "cloudformation:DeleteStack",
                "cloudformation:DescribeStacks",
                "cloudformation:TagResource",
                "cloudformation:UntagResource",
            ],
            resources=stacks,
            because=_OTHERS,
        ),
        Permission(
            actions=["iam:PassRole"],
            resources=[launch_role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
        ),
    ]
