"""Stage of a project in another account or region than that of the project."""

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.delivery import ProjectStage
from mlops_constructs.projects import ProjectTarget
from stacks.platform_stack import PlatformStack
from stacks.settings.defaults import DefaultSettings


class ProjectTargetStack(PlatformStack):
    """Defines a stack with what one stage of a project needs in its account and region.

    It exports nothing and imports nothing: this stack and that of the project compute the names to
    which they refer.

    Args:
        project_name: name of the project.
        project_id: id of the project.
        project_account: account id of the project.
        project_region: region of the project.
        stage: the stage.
        network: stack of the account's network, which publishes what `stage` names. Defaults to
            None: the stage has no network, or an existing one.
        feature_store: True if models look up features of the project. Defaults to False.
        removal_policy: handling of the key, the bucket and the endpoint when the stack is deleted.
        defaults: settings of every stack.
        env: account and region of the stage.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project_name: str,
        project_id: str,
        project_account: str,
        project_region: str,
        stage: ProjectStage,
        removal_policy: cdk.RemovalPolicy,
        defaults: DefaultSettings,
        env: cdk.Environment,
        network: cdk.Stack | None = None,
        feature_store: bool = False,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description=f"Stage {stage.name} of the SageMaker project {project_name}",
        )
        if network is not None:
            self.add_stack_dependency(network)
        target = ProjectTarget(
            self,
            "Target",
            project_name=project_name,
            project_id=project_id,
            project_account=project_account,
            project_region=project_region,
            stage=stage,
            feature_store=feature_store,
            removal_policy=removal_policy,
        )
        cdk.CfnOutput(self, "EndpointName", value=target.target.stack_name)
        cdk.CfnOutput(self, "CaptureBucketName", value=target.bucket.bucket_name)
        cdk.CfnOutput(self, "KeyArn", value=target.key.key_arn)
