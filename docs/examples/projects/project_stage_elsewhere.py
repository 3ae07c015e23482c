"""Resources of a stage in another account: production of the project `elsewhere`.

Use it in the account of production; the project is in account 333333333333. The project names the
same stage: `Project(stages=[..., ProjectStage(name="prod", account=...)])`. Neither stack reads the
other: the names of roles, bucket and key alias are computed on both sides.
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.delivery import ProjectStage
from mlops_constructs.projects import ProjectTarget

PROJECT_ACCOUNT = "333333333333"


class ProjectStageElsewhere(cdk.Stack):
    """Defines the roles, the key and the bucket of production."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        super().__init__(scope, construct_id, **options)
        target = ProjectTarget(
            self,
            "Production",
            project_name="elsewhere",
            project_id="p-elsewhere",
            project_account=PROJECT_ACCOUNT,
            stage=ProjectStage(name="prod", account=self.account),
        )
        cdk.CfnOutput(self, "ActionRoleArn", value=target.action_role.role_arn)
        cdk.CfnOutput(self, "CaptureBucketName", value=target.bucket.bucket_name)
