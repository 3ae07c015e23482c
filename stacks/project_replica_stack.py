"""Artifacts of a project's pipeline in the region of some of its stages."""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.delivery import ProjectStage
from mlops_constructs.projects import ArtifactReplica
from stacks.platform_stack import PlatformStack
from stacks.settings.defaults import DefaultSettings


class ProjectReplicaStack(PlatformStack):
    """Defines a stack with the artifact store of a project's pipeline in another region.

    It exports nothing and imports nothing: this stack and that of the project compute the names to
    which they refer.

    Args:
        project_name: name of the project.
        project_id: id of the project.
        stages: stages of the project in the region.
        removal_policy: handling of the key and the bucket when the stack is deleted.
        defaults: settings of every stack.
        env: account of the project, and the region of the stages.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project_name: str,
        project_id: str,
        stages: Sequence[ProjectStage],
        removal_policy: cdk.RemovalPolicy,
        defaults: DefaultSettings,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description=f"Artifacts of the SageMaker project {project_name} in this region",
        )
        replica = ArtifactReplica(
            self,
            "Replica",
            project_name=project_name,
            project_id=project_id,
            stages=stages,
            removal_policy=removal_policy,
        )
        cdk.CfnOutput(self, "ArtifactBucketName", value=replica.bucket.bucket_name)
        cdk.CfnOutput(self, "KeyArn", value=replica.key.key_arn)
