"""A pipeline that deploys into another account, with an artifact store for it.

Use it if production is a separate account. The pipeline assumes one role there, whose name is
derived from the pipeline's name; `deployment_target.py` defines the resources of that account. The
two sides can be deployed in any order. The bucket and its key let only that role read artifacts;
the key must be customer managed, because AWS managed keys cannot be shared.
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
