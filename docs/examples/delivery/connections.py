"""Connections to every git provider that AWS supports, and a pipeline with one as its source.

Use it if your code is not in AWS. CloudFormation creates connections with the status PENDING: after
the deployment, open Developer Tools > Settings > Connections in the console and authorise each
connection that you use. Self-hosted servers need a host first, which has their URL.

The pipeline belongs to one part of a repository with several parts: only changes below `churn/`
start it.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codeconnections as codeconnections
from aws_cdk import aws_codepipeline as codepipeline
from constructs import Construct
from stores import Stores

from mlops_constructs.delivery import (
    ArtifactStore,
    Connection,
    DeliveryPipeline,
    GitProvider,
    PipelineStage,
    Source,
    TriggerFilter,
    approval_action,
)


class Connections(cdk.Stack):
    """Defines a connection for each provider, two hosts, and a pipeline behind GitHub."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        github = Connection(
            self, "GitHub", provider=GitProvider.GITHUB, connection_name="connections-github"
        )
        for provider in (GitProvider.GITLAB, GitProvider.BITBUCKET, GitProvider.AZURE_DEVOPS):
            name = f"connections-{provider.value.lower()}"
            Connection(self, provider.value, provider=provider, connection_name=name)
        self._self_hosted(GitProvider.GITHUB_ENTERPRISE_SERVER, "connections-ghes", "github")
        self._self_hosted(GitProvider.GITLAB_SELF_MANAGED, "connections-own-gitlab", "gitlab")
        delivery = DeliveryPipeline(
            self,
            "Pipeline",
            pipeline_name="connections-churn",
            artifacts=ArtifactStore(bucket=stores.bucket, key=stores.key),
            source=Source.connection(
                github,
                "my-organisation",
                "models",
                filters=[TriggerFilter.branches("main", paths=["churn/**"])],
            ),
            source_output=codepipeline.Artifact("SourceOutput"),
            stages=[PipelineStage(name="Ask", actions=[approval_action(question="Release it?")])],
            execution_mode=codepipeline.ExecutionMode.QUEUED,
        )
        cdk.CfnOutput(self, "ConnectionArn", value=github.connection_arn)
        cdk.CfnOutput(self, "PipelineName", value=delivery.pipeline.pipeline_name)

    def _self_hosted(self, provider: GitProvider, name: str, server: str) -> None:
        host = codeconnections.CfnHost(
            self,
            f"{provider.value}Host",
            name=name,
            provider_type=provider.value,
            provider_endpoint=f"https://{server}.example.com",
        )
        Connection(
            self,
            provider.value,
            provider=provider,
            connection_name=name,
            host_arn=host.attr_host_arn,
        )
