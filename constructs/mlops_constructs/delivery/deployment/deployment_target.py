"""Roles in an account that a pipeline of another account deploys to."""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs._problems import Problems
from mlops_constructs.access import LeastPrivilegeRole, Permission, ServiceRole
from mlops_constructs.delivery.artifact_store import ArtifactStore

from .deploy_action import stack_permissions
from .target_account import TargetAccount, pipeline_role_name, principal_of, role_arn


class DeploymentTarget(Construct):
    """Defines the roles with which a pipeline of another account deploys into this account.

    Only the pipeline's role can assume the first role, which can read the artifacts and create or
    update the named stacks. It passes the second role to CloudFormation, which creates the
    resources. `DeliveryPipeline` writes the policies of the artifact bucket and key in the
    pipeline's account.

    Args:
        target: this account, with the pipeline's name; the same value as in the pipeline.
        tooling_account: id of the pipeline's account, 12 digits.
        artifacts: the imported bucket and key of the pipeline, or those of its replica in another
            region.
        stack_names: stacks that the pipeline deploys; at least one.
        permissions: permissions of CloudFormation for these stacks; at least one.

    Raises:
        ValueError: if there is no stack or permission, or the construct's stack is not in the
            account and region of the target.

    Source: AWS CodePipeline User Guide, "Create a pipeline that uses resources from another
    account".

    Example:
        ```python
        DeploymentTarget(
            stack,
            "Target",
            target=TargetAccount(account="111111111111", pipeline_name="churn-release"),
            tooling_account="333333333333",
            artifacts=ArtifactStore(bucket=bucket, key=key),
            stack_names=["churn-prod"],
            permissions=[Permission(actions=["sns:CreateTopic"], resources=[topic.topic_arn])],
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        target: TargetAccount,
        tooling_account: str,
        artifacts: ArtifactStore,
        stack_names: Sequence[str],
        permissions: Sequence[Permission],
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems("DeploymentTarget", self)
        account = cdk.Stack.of(self).account
        if not cdk.Token.is_unresolved(account) and account != target.account:
            problems.add(
                f"account: got a stack in {account}; allowed is the target's account "
                f"{target.account}: deploy the stack there"
            )
        region = cdk.Stack.of(self).region
        if target.region and not cdk.Token.is_unresolved(region) and region != target.region:
            problems.add(
                f"region: got a stack in {region}; allowed is the target's region "
                f"{target.region}: deploy the stack there"
            )
        if not stack_names:
            problems.add("stack_names: got none; add the stacks that the pipeline deploys")
        if not permissions:
            problems.add("permissions: got none; add what CloudFormation may create")
        problems.raise_if_any()
        self.deployment_role = ServiceRole(
            self,
            "DeploymentRole",
            service="cloudformation.amazonaws.com",
            description=f"CloudFormation: deploys for the pipeline {target.pipeline_name}",
            role_name=target.deployment_role_name,
            permissions=permissions,
        )
        pipeline_role = role_arn(tooling_account, pipeline_role_name(target.pipeline_name))
        self.action_role = LeastPrivilegeRole(
            self,
            "ActionRole",
            assumed_by=principal_of(tooling_account, pipeline_role),
            description=f"CodePipeline of {tooling_account}: deploys into this account",
            role_name=target.action_role_name,
            permissions=[
                *artifacts.read_all_artifacts(),
                *(
                    one
                    for name in stack_names
                    for one in stack_permissions(self, name, self.deployment_role.role_arn)
                ),
            ],
        )
