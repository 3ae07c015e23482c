"""A pipeline that deploys into another region of its account, with an artifact store there.

Use it to run an endpoint close to its users, or in a second region. CodePipeline copies the
action's input artifacts to a bucket of that region, encrypted with a key of that region. Deploy the
resources of that region first (`deployment_region.py` and its stores); this stack refers to their
bucket and key by name. For a region of another account, define both in one app with this stack,
which then writes their policies (`cross_region_references=True`).
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct
from stores import Stores

from mlops_constructs.delivery import (
    ArtifactStore,
    DeliveryPipeline,
    PipelineStage,
    Source,
    TargetAccount,
    deploy_to_account_action,
)

NAME = "cross-region"
REGION = "eu-west-1"
BUCKET = "cross-region-artifacts-eu-west-1"
KEY_ARN = f"arn:aws:kms:{REGION}:111111111111:key/11111111-2222-3333-4444-555555555555"


class CrossRegionDeployment(cdk.Stack):
    """Defines a pipeline that deploys a template of its repository into another region."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stores: Stores,
        bucket: str = BUCKET,
        key_arn: str = KEY_ARN,
        **options: Any,
    ) -> None:
        super().__init__(scope, construct_id, **options)
        there = ArtifactStore(
            bucket=s3.Bucket.from_bucket_name(self, "There", bucket),
            key=kms.Key.from_key_arn(self, "KeyThere", key_arn),
        )
        repository = codecommit.Repository(self, "Repository", repository_name=NAME)
        code = codepipeline.Artifact("SourceOutput")
        deploy = deploy_to_account_action(
            self,
            stack_name=f"{NAME}-prod",
            template=code.at_path("prod.template.json"),
            target=TargetAccount(account=self.account, region=REGION, pipeline_name=NAME),
        )
        delivery = DeliveryPipeline(
            self,
            "Pipeline",
            pipeline_name=NAME,
            artifacts=ArtifactStore(bucket=stores.bucket, key=stores.key, replicas={REGION: there}),
            source=Source.code_commit(repository),
            source_output=code,
            stages=[PipelineStage(name="Production", actions=[deploy])],
            execution_mode=codepipeline.ExecutionMode.SUPERSEDED,
        )
        cdk.CfnOutput(self, "PipelineName", value=delivery.pipeline.pipeline_name)
        cdk.CfnOutput(self, "RepositoryName", value=repository.repository_name)
