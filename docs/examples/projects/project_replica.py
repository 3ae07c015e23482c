"""Artifact store of the project `abroad` in Ireland, where its stage `prod` is.

Use it in the account of the project, in the region of the stage. The project names the same stage:
`Project(stages=[..., ProjectStage(name="prod", account=..., region="eu-west-1")])`, and the account
of the stage has a `ProjectTarget(project_region=...)`.
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.delivery import ProjectStage
from mlops_constructs.projects import ArtifactReplica

PRODUCTION_ACCOUNT = "333333333333"


class ProjectReplica(cdk.Stack):
    """Defines the bucket and the key of the pipeline's artifacts."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        super().__init__(scope, construct_id, **options)
        production = ProjectStage(name="prod", account=PRODUCTION_ACCOUNT, region=self.region)
        replica = ArtifactReplica(
            self,
            "Replica",
            project_name="abroad",
            project_id="p-abroad",
            stages=[production],
        )
        cdk.CfnOutput(self, "ArtifactBucketName", value=replica.bucket.bucket_name)
