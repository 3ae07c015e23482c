"""Who is told that a pipeline has failed, or waits for an approval: a topic, Slack and Teams.

Want this for every pipeline that someone relies on. The topic's policy, and its key's, get the
statements without which AWS drops notifications in silence. For the channels, a person authorises
the workspace and the team once in the console of Amazon Q Developer in chat applications; the
channels can read what they are told, and do nothing.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from constructs import Construct
from stores import Stores

from mlops_constructs import delivery


class Notifications(cdk.Stack):
    """Defines a pipeline that waits for a person, and who is told of it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        repository = codecommit.Repository(self, "Repository", repository_name="notifications")
        pipeline = delivery.DeliveryPipeline(
            self,
            "Pipeline",
            pipeline_name="notifications",
            artifacts=delivery.ArtifactStore(bucket=stores.bucket, key=stores.key),
            source=delivery.Source.code_commit(repository),
            source_output=codepipeline.Artifact("SourceOutput"),
            stages=[
                delivery.PipelineStage(
                    name="Ask", actions=[delivery.approval_action(question="Release it?")]
                )
            ],
            execution_mode=codepipeline.ExecutionMode.SUPERSEDED,
        ).pipeline
        delivery.Notifications(
            self,
            "Notifications",
            pipeline=pipeline,
            topics=[stores.topic],
            channels=[
                delivery.ChatChannel.slack(
                    "notifications-slack", workspace_id="T0123ABCD", channel_id="C0123ABCD"
                ),
                delivery.ChatChannel.teams(
                    "notifications-teams",
                    team_id="11111111-2222-3333-4444-555555555555",
                    tenant_id="66666666-7777-8888-9999-000000000000",
                    channel_id="19%3aabc%40thread.tacv2",
                ),
            ],
        )
        cdk.CfnOutput(self, "PipelineName", value=pipeline.pipeline_name)
        cdk.CfnOutput(self, "RepositoryName", value=repository.repository_name)
