"""A pipeline that scans code and image for known vulnerabilities before it trains a model.

Use it for models that process personal data. Amazon Inspector, which must be activated in the
account, scans the dependencies of the source and of the image; one critical or high vulnerability
fails the stage. ruff and bandit check the code itself in the seed's `buildspecs/test.yml`.
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
    ScanThresholds,
    Source,
    image_scan_action,
    source_scan_action,
)

NAME = "code-scan"


class CodeScan(cdk.Stack):
    """Defines a pipeline with a stage of two scans."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        repository = codecommit.Repository(self, "Repository", repository_name=NAME)
        code = codepipeline.Artifact("SourceOutput")
        delivery = DeliveryPipeline(
            self,
            "Pipeline",
            pipeline_name=NAME,
            execution_mode=codepipeline.ExecutionMode.QUEUED,
            source=Source.code_commit(repository),
            source_output=code,
            artifacts=ArtifactStore(bucket=stores.bucket, key=stores.key),
            stages=[
                PipelineStage(
                    name="Scan",
                    actions=[
                        source_scan_action(self, pipeline_name=NAME, source=code),
                        image_scan_action(
                            repository=stores.repository,
                            tag="1",
                            pipeline_name=NAME,
                            thresholds=ScanThresholds(high=None),
                        ),
                    ],
                )
            ],
        )
        cdk.CfnOutput(self, "PipelineName", value=delivery.pipeline.pipeline_name)
        cdk.CfnOutput(self, "RepositoryName", value=repository.repository_name)
