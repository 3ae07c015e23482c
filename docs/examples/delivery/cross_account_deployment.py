"""A pipeline that deploys into another account: its artifacts, key and roles made ready for it.

Want this where production is an account of its own. The pipeline assumes one role over there,
whose name follows from the pipeline's; `deployment_target.py` is what that account holds. Either
side can be deployed first. The bucket and its key let that one role read artifacts, and nobody
else; the key must be one's own, as AWS's keys cannot be shared.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from constructs import Construct
from stores import Stores

from mlops_constructs.delivery import (
    ArtifactStore,
    DeliveryPipeline,
    PipelineStage,
    Source,
    TargetAccount,
    approval_action,
    deploy_to_account_action,
)

NAME = "cross-account"
PRODUCTION = "222222222222"


class CrossAccountDeployment(cdk.Stack):
    """Defines a pipeline that deploys a template of its repository into another account."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        repository = codecommit.Repository(self, "Repository", repository_name=NAME)
        code = codepipeline.Artifact("SourceOutput")
        deploy = deploy_to_account_action(
            self,
            stack_name=f"{NAME}-prod",
            template=code.at_path("prod.template.json"),
            target=TargetAccount(account=PRODUCTION, pipeline_name=NAME),
            run_order=2,
        )
        delivery = DeliveryPipeline(
            self,
            "Pipeline",
            pipeline_name=NAME,
            artifacts=ArtifactStore(bucket=stores.bucket, key=stores.key),
            source=Source.code_commit(repository),
            source_output=code,
            stages=[
                PipelineStage(
                    name="Production",
                    actions=[approval_action(question="Deploy to production?"), deploy],
                )
            ],
            execution_mode=codepipeline.ExecutionMode.SUPERSEDED,
        )
        cdk.CfnOutput(self, "PipelineName", value=delivery.pipeline.pipeline_name)
        cdk.CfnOutput(self, "PipelineRoleArn", value=delivery.role.role_arn)
