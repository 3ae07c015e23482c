"""A project from its parts: the same resources as `Project`, with custom settings.

Use it if `Project` nearly fits: this project scans the dependencies of the code before it trains
(Amazon Inspector must be activated), and uses an existing bucket, image repository and key. Every
part is a construct of the library, so each can be removed or changed.
"""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs.access import ModelExecutionRole
from mlops_constructs.delivery import (
    ArtifactStore,
    ModelBuildPipeline,
    ModelDeployPipeline,
    ProjectResources,
    ScanThresholds,
    Source,
)
from mlops_constructs.model_registry import ModelPackageGroup
from mlops_constructs.projects import Seed, SeedRepository
from mlops_constructs.validation import acknowledge

# `extra_files` of a seed adds the wheels that its code imports: stacks/seeds.py builds them.
SEED_CODE = Path(__file__).parents[3] / "seed_code"
NAME = "by-parts"


class ProjectByParts(cdk.Stack):
    """Defines repositories, registry, and pipelines of one project."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        artifacts = ArtifactStore(bucket=stores.bucket, key=stores.key)
        project = ProjectResources(
            project_name=NAME,
            project_id=f"p-{NAME}",
            artifacts=artifacts,
            model_package_group_name=NAME,
        )
        group = ModelPackageGroup(self, "Models", model_package_group_name=NAME)
        build = ModelBuildPipeline(
            self,
            "Build",
            project=project,
            source=self._source("model-build"),
            image_repository=stores.repository,
            scan=ScanThresholds(high=None),  # only critical vulnerabilities fail
        )
        deploy = ModelDeployPipeline(
            self,
            "Deploy",
            project=project,
            source=self._source("model-deploy"),
            model_execution_role=ModelExecutionRole(
                self,
                "ModelExecutionRole",
                model_data_bucket=stores.bucket,
                capture_bucket=stores.bucket,
                image_repository=stores.repository,
                encryption_keys=[stores.key],
            ),
        )
        approved = group.on_approval_status_change("Approved", target=deploy.start())
        acknowledge(
            approved,
            {"Serverless-EventBusDLQ": "the next approval or push makes up for a lost start"},
        )
        cdk.Tags.of(self).add("sagemaker:project-name", NAME)

        cdk.CfnOutput(self, "ModelBuildPipelineName", value=build.pipeline.pipeline_name)
        cdk.CfnOutput(self, "ModelDeployPipelineName", value=deploy.pipeline.pipeline_name)

    def _source(self, kind: str) -> Source:
        """Returns a repository with the seed of its kind."""
        repository = SeedRepository(
            self,
            f"{kind}-repository",
            repository_name=f"{NAME}-{kind}",
            description=f"Code of {NAME}: {kind}",
            seed=Seed(folder=SEED_CODE / kind.replace("-", "_")),
        )
        return Source.code_commit(repository.repository, SeedRepository.BRANCH)
