"""The resources of an account that a pipeline of another account deploys into: two roles.

Use it in production, together with `cross_account_deployment.py` in the tooling account. Only that
pipeline can assume the first role, which can create and update the named stack and passes the
second role to CloudFormation. The second role only has the permissions listed here.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs import delivery
from mlops_constructs.access import Permission

TOOLING = "333333333333"
BUCKET = "deployment-target-artifacts"
KEY_ARN = f"arn:aws:kms:us-east-1:{TOOLING}:key/11111111-2222-3333-4444-555555555555"


class DeploymentTarget(cdk.Stack):
    """Defines the roles for one pipeline and one stack."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        super().__init__(scope, construct_id, **options)
        bucket = s3.Bucket.from_bucket_name(self, "Artifacts", BUCKET)
        key = kms.Key.from_key_arn(self, "Key", KEY_ARN)
        parameter = self.format_arn(
            service="ssm", resource="parameter", resource_name="deployment-target/version"
        )
        target = delivery.DeploymentTarget(
            self,
            "Target",
            target=delivery.TargetAccount(account=self.account, pipeline_name="deployment-target"),
            tooling_account=TOOLING,
            artifacts=delivery.ArtifactStore(bucket=bucket, key=key),
            stack_names=["deployment-target-prod"],
            permissions=[
                Permission(
                    actions=[
                        "ssm:AddTagsToResource",
                        "ssm:DeleteParameter",
                        "ssm:GetParameters",
                        "ssm:PutParameter",
                    ],
                    resources=[parameter],
                )
            ],
        )
        cdk.CfnOutput(self, "ActionRoleArn", value=target.action_role.role_arn)
        cdk.CfnOutput(self, "DeploymentRoleArn", value=target.deployment_role.role_arn)
