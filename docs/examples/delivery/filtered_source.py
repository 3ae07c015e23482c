"""A release pipeline that only pushes to release branches and version tags start.

Use it for a repository with several branches of which only some are built. The repository is in
CodeCommit, whose events contain the branch or tag, so EventBridge filters them; the pipeline runs
with the pushed commit. The events do not contain file paths: to filter by path, use a connection
(connections.py).
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from constructs import Construct
from stores import Stores

from mlops_constructs.delivery import (
    ArtifactStore,
    BuildProject,
    DeliveryPipeline,
    PipelineStage,
    ProjectResources,
    Source,
    TriggerFilter,
)


class FilteredSource(cdk.Stack):
    """Defines a repository, and a pipeline that release branches and version tags start."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        repository = codecommit.Repository(
            self, "Repository", repository_name="filtered-source-model-build"
        )
        project = ProjectResources(
            project_name="filtered-source",
            project_id="p-filtered-source",
            artifacts=ArtifactStore(bucket=stores.bucket, key=stores.key),
            model_package_group_name="filtered-source",
        )
        code = codepipeline.Artifact("SourceOutput")
        test = BuildProject(
            self,
            "Test",
            project=project,
            build_spec="buildspecs/test.yml",
            description="tests the release",
            inputs=["SourceOutput"],
        )
        delivery = DeliveryPipeline(
            self,
            "Pipeline",
            pipeline_name="filtered-source-release",
            artifacts=project.artifacts,
            source=Source.code_commit(
                repository,
                filters=[
                    TriggerFilter.branches("main", "release/**", excludes=["release/old/**"]),
                    TriggerFilter.tags("v**"),
                ],
            ),
            source_output=code,
            stages=[PipelineStage(name="Test", actions=[test.in_pipeline("Test", source=code)])],
            execution_mode=codepipeline.ExecutionMode.QUEUED,
        )
        cdk.CfnOutput(self, "CloneUrl", value=repository.repository_clone_url_http)
        cdk.CfnOutput(self, "PipelineName", value=delivery.pipeline.pipeline_name)
