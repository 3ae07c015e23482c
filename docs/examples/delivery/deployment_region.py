"""The resources of a region that a pipeline of another region deploys into: a store and two roles.

Use it together with `cross_region_deployment.py`, in the region to which that pipeline deploys.
CodePipeline copies its artifacts to the bucket; the first role reads them there and creates or
updates the named stack, the second role belongs to CloudFormation.
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs.access import Permission
from mlops_constructs.delivery import ArtifactStore, DeploymentTarget, TargetAccount

NAME = "cross-region"


class DeploymentRegion(cdk.Stack):
    """Defines the roles for one pipeline of another region, and one stack."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        parameter = self.format_arn(
            service="ssm", resource="parameter", resource_name="cross-region/*"
        )
        target = DeploymentTarget(
            self,
            "Target",
            target=TargetAccount(account=self.account, region=self.region, pipeline_name=NAME),
            tooling_account=self.account,
            artifacts=ArtifactStore(bucket=stores.bucket, key=stores.key),
            stack_names=[f"{NAME}-prod"],
            permissions=[
                Permission(
                    actions=[
                        "ssm:AddTagsToResource",
                        "ssm:DeleteParameter",
                        "ssm:GetParameters",
                        "ssm:PutParameter",
                    ],
                    resources=[parameter],
                    because="the example's stack has parameters of this path only",
                )
            ],
        )
        cdk.CfnOutput(self, "ActionRoleArn", value=target.action_role.role_arn)
