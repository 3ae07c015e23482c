"""The action that deploys a synthesised template, and the role with which CloudFormation does."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam

from mlops_constructs.access.service_role import Permission

from .pipeline_action import PipelineAction


def deploy_action(
    *,
    stack_name: str,
    template: codepipeline.ArtifactPath,
    deployment_role: iam.Role,
    run_order: int = 1,
) -> PipelineAction:
    """Creates the stack, or updates it; a template without changes is a success.

    A failed update rolls back and the stack stays as it was. The mode is CREATE_UPDATE, not
    REPLACE_ON_FAILURE: that one deletes a stack whose rollback failed, and with it an endpoint
    that still answers. A stack whose very first creation failed must be deleted by a person.

    Parameters:
        stack_name: name of the stack.
        template: the template in the synth action's artifact.
        deployment_role: role with which CloudFormation creates the resources. The pipeline itself
            may only hand over this role.
        run_order: place among the stage's actions.
    """
    stack = cdk.Stack.of(deployment_role)
    stack_arn = stack.format_arn(
        service="cloudformation", resource="stack", resource_name=f"{stack_name}/*"
    )
    action = actions.CloudFormationCreateUpdateStackAction(
        action_name="Deploy",
        stack_name=stack_name,
        template_path=template,
        admin_permissions=False,
        deployment_role=deployment_role.without_policy_updates(),
        run_order=run_order,
    )
    return PipelineAction(
        action=action,
        permissions=[
            Permission(
                actions=[
                    "cloudformation:CreateStack",
                    "cloudformation:DescribeStackEvents",
                    "cloudformation:DescribeStackResources",
                    "cloudformation:DescribeStacks",
                    "cloudformation:GetTemplate",
                    "cloudformation:UpdateStack",
                ],
                resources=[stack_arn],
                because="CloudFormation ends the ARN of a stack with a random id",
            ),
            Permission(
                actions=["iam:PassRole"],
                resources=[deployment_role.role_arn],
                conditions={
                    "StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}
                },
            ),
        ],
    )
