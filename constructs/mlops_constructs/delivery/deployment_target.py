"""What the account that a pipeline deploys to has to hold."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs._problems import Problems
from mlops_constructs.access import LeastPrivilegeRole
from mlops_constructs.access.service_role import Permission, ServiceRole

from .artifact_store import ArtifactStore
from .deploy_action import stack_permissions
from .target_account import TargetAccount, pipeline_role_name, principal_of, role_arn


class DeploymentTarget(Construct):
    """Defines the roles with which a pipeline of another account deploys into this one.

    The first is assumed by the pipeline's role and by nobody else: it may read the artifacts and
    create or update the named stacks. It hands the second one to CloudFormation, which creates the
    resources. The policies of the artifacts' bucket and key, in the pipeline's account, are the
    pipeline's part: `DeliveryPipeline` writes them.

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
        """Creates both roles.

        Args:
            target: this account, with the pipeline's name, as the pipeline knows it.
            tooling_account: id of the account that the pipeline is in.
            artifacts: the pipeline's bucket and key, imported; those of its replica in another
                region.
            stack_names: stacks that the pipeline deploys.
            permissions: what CloudFormation may do for them.

        Raises ValueError without a stack or permission, and in another account or region than the
        target's.
        """
        super().__init__(scope, construct_id)
        problems = Problems(f"the deployment target {self.node.path}")
        account = cdk.Stack.of(self).account
        if not cdk.Token.is_unresolved(account) and account != target.account:
            problems.add(
                f"the stack is in the account {account}, the target is {target.account}; deploy it "
                "there"
            )
        region = cdk.Stack.of(self).region
        if target.region and not cdk.Token.is_unresolved(region) and region != target.region:
            problems.add(
                f"the stack is in the region {region}, the target is {target.region}; deploy it "
                "there"
            )
        if not stack_names:
            problems.add("stack_names is empty; name what the pipeline deploys")
        if not permissions:
            problems.add("permissions is empty; say what CloudFormation may create")
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
