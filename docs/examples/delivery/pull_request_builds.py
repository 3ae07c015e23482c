"""Builds that check pull requests, for a repository at a git provider and for one in CodeCommit.

Use it to check changes before they are merged: each pull request into `main`, opened or updated,
runs `buildspecs/test.yml` with a role that can only read the code and write its log. The first
repository gets a small pipeline with a trigger for pull requests, the second an EventBridge rule.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from constructs import Construct
from stores import Stores

from mlops_constructs.delivery import (
    ArtifactStore,
    Connection,
    GitProvider,
    ProjectResources,
    PullRequestBuild,
    Source,
)


class PullRequestBuilds(cdk.Stack):
    """Defines two builds of pull requests."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        project = ProjectResources(
            project_name="pull-requests",
            project_id="p-pull-requests",
            artifacts=ArtifactStore(bucket=stores.bucket, key=stores.key),
            model_package_group_name="pull-requests",
        )
        connection = Connection(
            self, "Connection", provider=GitProvider.GITLAB, connection_name="pull-requests"
        )
        elsewhere = PullRequestBuild(
            self,
            "Elsewhere",
            name="pull-requests-elsewhere",
            project=project,
            source=Source.connection(connection, "my-group", "models"),
        )
        repository = codecommit.Repository(self, "Repository", repository_name="pull-requests")
        here = PullRequestBuild(
            self,
            "Here",
            name="pull-requests-here",
            project=project,
            source=Source.code_commit(repository),
        )
        if elsewhere.pipeline is not None:
            cdk.CfnOutput(self, "PipelineName", value=elsewhere.pipeline.pipeline_name)
        cdk.CfnOutput(self, "BuildProjectName", value=here.build.project.project_name)
        cdk.CfnOutput(self, "RepositoryName", value=repository.repository_name)
