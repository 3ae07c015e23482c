"""Notifications of failed pipelines and pending approvals: a topic, Slack and Microsoft Teams.

Use it for every pipeline that users rely on. The policies of the topic and of its key get the
statements without which AWS drops notifications without an error. For the channels, authorise the
workspace and the team once in the console of Amazon Q Developer in chat applications; the channels
only receive notifications and allow no actions.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from constructs import Construct
from stores import Stores

from mlops_constructs import delivery


class Notifications(cdk.Stack):
    """Defines a pipeline that waits for an approval, and its notifications."""

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
