"""Actions that deploy a synthesised template with CloudFormation."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from mlops_constructs._attributes import role_arn
from mlops_constructs._environment import environment_of
from mlops_constructs.access import Permission
from mlops_constructs.delivery.pipeline_action import PipelineAction

from .target_account import TargetAccount


def deploy_action(
    *,
    stack_name: str,
    template: codepipeline.ArtifactPath,
    deployment_role: iam.Role,
    run_order: int = 1,
) -> PipelineAction:
    """Creates the action that creates or updates a stack; it succeeds if there are no changes.

    A failed update rolls back. The action mode is CREATE_UPDATE and not REPLACE_ON_FAILURE, which
    deletes a stack whose rollback failed together with an endpoint that is in service. A stack
    whose first creation failed must be deleted manually.

    Args:
        stack_name: name of the stack.
        template: the template in the synth action's artifact.
        deployment_role: role that CloudFormation assumes. The pipeline can pass this role only.
        run_order: position among the stage's actions, 1 to 999. Defaults to 1.
    """
    action = actions.CloudFormationCreateUpdateStackAction(
        action_name="Deploy",
        stack_name=stack_name,
        template_path=template,
        admin_permissions=False,
        deployment_role=deployment_role.without_policy_updates(),
        run_order=run_order,
    )
    permissions = stack_permissions(deployment_role, stack_name, role_arn(deployment_role))
    return PipelineAction(action=action, permissions=permissions, outputs=(), namespaces=())


def deploy_to_account_action(
    scope: Construct,
    *,
    stack_name: str,
    template: codepipeline.ArtifactPath,
    target: TargetAccount,
    run_order: int = 1,
    capabilities: Sequence[cdk.CfnCapabilities] = (),
) -> PipelineAction:
    """Creates an action that creates or updates a stack in another account or region.

    The pipeline assumes the role that `DeploymentTarget` creates there. The artifacts must be
    encrypted with a customer managed key, because the AWS managed key cannot be shared across
    accounts. `ArtifactStore` always has a customer managed key.

    Args:
        scope: parent construct of the imported roles.
        stack_name: name of the stack, one of `DeploymentTarget.stack_names`.
        template: the template in an earlier action's artifact.
        target: account and region of the deployment.
        run_order: position among the stage's actions, 1 to 999. Defaults to 1.
        capabilities: CloudFormation capabilities that the template needs, such as
            `cdk.CfnCapabilities.NAMED_IAM` for named roles. Defaults to (): none.

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
    return PipelineAction(
        action=action, permissions=[target.assume()], target=target, outputs=(), namespaces=()
    )


def stack_permissions(scope: IConstruct, stack_name: str, deployment_role: str) -> list[Permission]:
    """Returns the permissions to create or update a stack and to pass its deployment role."""
    stack_arn = environment_of(scope).arn(
        service="cloudformation", resource="stack", name=f"{stack_name}/*"
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
            because="CloudFormation appends a random id to the ARN of a stack",
        ),
        Permission(
            actions=["iam:PassRole"],
            resources=[deployment_role],
            conditions={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
        ),
    ]
