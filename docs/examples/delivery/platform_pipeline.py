"""The platform's own pipeline: a push deploys the stacks, and the pipeline changes itself first.

Want this when `cdk deploy` from somebody's machine is no longer how stacks get into an account. The
repository is this CDK app; its stack is deployed once by hand, and from then on by itself. A person
approves before production, and has to confirm there what widens permissions.
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
    """Defines a repository, and the pipeline that deploys what it holds."""

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
    """Defines what one environment gets; a platform's stacks stand here."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        super().__init__(scope, construct_id, **options)
        stack = cdk.Stack(self, "Greeting")
        ssm.StringParameter(stack, "Parameter", string_value=f"Hello from {construct_id}")
