"""The platform's pipeline: a push deploys the stacks, after the pipeline has updated itself.

Use it to deploy stacks without `cdk deploy` on a developer's machine. The repository holds this CDK
app; deploy its stack once with `cdk deploy`, after that it updates itself. Production needs an
approval, and a confirmation of changes that broaden permissions.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_ssm as ssm
from constructs import Construct
from stores import Stores

from mlops_constructs.delivery import (
    ArtifactStore,
    Notifications,
    PlatformStage,
    Source,
    Synthesis,
)
from mlops_constructs.delivery import PlatformPipeline as Pipeline


class PlatformPipeline(cdk.Stack):
    """Defines a repository, and the pipeline that deploys its app."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        repository = codecommit.Repository(self, "Repository", repository_name="platform-pipeline")
        platform = Pipeline(
            self,
            "Pipeline",
            pipeline_name="platform-pipeline",
            artifacts=ArtifactStore(bucket=stores.bucket, key=stores.key),
            source=Source.code_commit(repository),
            synthesis=Synthesis(cli_version="2.1148.1"),
            stages=[
                PlatformStage(stage=Greeting(self, "Staging", env=options.get("env"))),
                PlatformStage(
                    stage=Greeting(self, "Production", env=options.get("env")),
                    approval="Deploy to production?",
                    confirm_permissions=True,
                ),
            ],
        )
        Notifications(self, "Told", pipeline=platform.pipeline, topics=[stores.topic])
        cdk.CfnOutput(self, "CloneUrl", value=repository.repository_clone_url_http)
        cdk.CfnOutput(self, "PipelineName", value=platform.pipeline.pipeline_name)


class Greeting(cdk.Stage):
    """Defines the stacks of one environment."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        super().__init__(scope, construct_id, **options)
        stack = cdk.Stack(self, "Greeting")
        ssm.StringParameter(stack, "Parameter", string_value=f"Hello from {construct_id}")
