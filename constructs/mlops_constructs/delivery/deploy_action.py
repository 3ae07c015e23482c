"""The action that deploys a synthesised template, and the role with which CloudFormation does."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from mlops_constructs.access.service_role import Permission

from .pipeline_action import PipelineAction
from .target_account import TargetAccount


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

    Args:
        stack_name: name of the stack.
        template: the template in the synth action's artifact.
        deployment_role: role with which CloudFormation creates the resources. The pipeline itself
            may only hand over this role.
        run_order: place among the stage's actions.
    """
    action = actions.CloudFormationCreateUpdateStackAction(
        action_name="Deploy",
        stack_name=stack_name,
        template_path=template,
        admin_permissions=False,
        deployment_role=deployment_role.without_policy_updates(),
        run_order=run_order,
    )
    permissions = stack_permissions(deployment_role, stack_name, deployment_role.role_arn)
    return PipelineAction(action=action, permissions=permissions)


def deploy_to_account_action(
    scope: Construct,
    *,
    stack_name: str,
    template: codepipeline.ArtifactPath,
    target: TargetAccount,
    run_order: int = 1,
    capabilities: Sequence[cdk.CfnCapabilities] = (),
) -> PipelineAction:
    """Creates the stack in another account or region, or updates it.

    The pipeline assumes the role that `DeploymentTarget` has made there. Its artifacts must be
    encrypted with a key of one's own, as they are: AWS's own key cannot be shared.

    Args:
        scope: parent construct of what is imported.
        stack_name: name of the stack; one of those that the target knows.
        template: the template in an earlier action's artifact.
        target: where the stack is deployed.
        run_order: place among the stage's actions.
        capabilities: what the template may do that CloudFormation asks consent for, as
            `cdk.CfnCapabilities.NAMED_IAM` for named roles. Default: nothing of the kind.

    Example:
        ```python
        template = cdk.aws_codepipeline.Artifact("SynthOutput").at_path("prod.template.json")
        target = TargetAccount(account="222222222222", pipeline_name="churn-release")
        deploy_to_account_action(stack, stack_name="churn", template=template, target=target)
        ```
    """
    imported = Construct(scope, f"{stack_name}-{target.account}")
    action = actions.CloudFormationCreateUpdateStackAction(
        action_name="Deploy",
        stack_name=stack_name,
        template_path=template,
        admin_permissions=False,
        account=target.account,
        region=target.region,
        role=target.action_role(imported),
        deployment_role=target.deployment_role(imported),
        cfn_capabilities=list(capabilities) or None,
        run_order=run_order,
    )
    return PipelineAction(action=action, permissions=[target.assume()], target=target)


def stack_permissions(scope: IConstruct, stack_name: str, deployment_role: str) -> list[Permission]:
    """What creates or updates a stack, and hands its role to CloudFormation."""
    stack_arn = cdk.Stack.of(scope).format_arn(
        service="cloudformation", resource="stack", resource_name=f"{stack_name}/*"
    )
    return [
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
            resources=[deployment_role],
            conditions={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
        ),
    ]
