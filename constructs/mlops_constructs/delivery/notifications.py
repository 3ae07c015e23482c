"""Who is told when a pipeline fails, or waits for a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codestarnotifications as codestarnotifications
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs._content_name import content_hash
from mlops_constructs._problems import Problems
from mlops_constructs._regions import region_problems

from .chat_channel import ChatChannel

_SERVICE = "codestar-notifications.amazonaws.com"
_MOST_TARGETS = 10
_LONGEST_NAME = 64


class PipelineEvent(Enum):
    """What a pipeline can tell of; each value is the id of AWS's event type."""

    APPROVAL_FAILED = "codepipeline-pipeline-manual-approval-failed"
    APPROVAL_NEEDED = "codepipeline-pipeline-manual-approval-needed"
    APPROVAL_SUCCEEDED = "codepipeline-pipeline-manual-approval-succeeded"
    ACTION_FAILED = "codepipeline-pipeline-action-execution-failed"
    STAGE_FAILED = "codepipeline-pipeline-stage-execution-failed"
    STAGE_RESUMED = "codepipeline-pipeline-stage-execution-resumed"
    PIPELINE_CANCELED = "codepipeline-pipeline-pipeline-execution-canceled"
    PIPELINE_FAILED = "codepipeline-pipeline-pipeline-execution-failed"
    PIPELINE_STARTED = "codepipeline-pipeline-pipeline-execution-started"
    PIPELINE_SUCCEEDED = "codepipeline-pipeline-pipeline-execution-succeeded"
    PIPELINE_SUPERSEDED = "codepipeline-pipeline-pipeline-execution-superseded"


WANTED = (PipelineEvent.PIPELINE_FAILED, PipelineEvent.APPROVAL_NEEDED)
"""What someone has to act on."""


class Notifications(Construct):
    """Defines who is told of a pipeline's failures, and of the approvals that it waits for.

    The policy of each topic, and of the key that encrypts it, gets the statement without which AWS
    drops notifications in silence. A topic that is imported keeps the policy that it has: let
    `codestar-notifications.amazonaws.com` publish there, and use its key.

    Source: Developer Tools console User Guide, "Understanding notification contents",
    "Configure Amazon SNS topics for notifications".

    Example:
        ```python
        Notifications(stack, "Notifications", pipeline=pipeline, topics=[topic])
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline: codepipeline.IPipeline,
        topics: Sequence[sns.ITopic] = (),
        channels: Sequence[ChatChannel] = (),
        events: Sequence[PipelineEvent] = WANTED,
    ) -> None:
        """Creates the rule, the configurations of the channels, and the topics' statements.

        Args:
            pipeline: the pipeline.
            topics: topics that get the notification, as JSON. Default: none.
            channels: chat channels that get it. Default: none.
            events: of what is told. Default: the pipeline has failed, an approval is needed.

        Raises ValueError with neither topic nor channel, with more than ten of both, without an
        event, and in a region where CloudFormation knows no notification rules.
        """
        super().__init__(scope, construct_id)
        problems = Problems(f"the notifications {self.node.path}")
        problems.extend(region_problems(self, "AWS::CodeStarNotifications::NotificationRule"))
        number = len(topics) + len(channels)
        if not 1 <= number <= _MOST_TARGETS:
            problems.add(
                f"{number} topics and channels are given; allowed are 1 to {_MOST_TARGETS}"
            )
        if not events:
            problems.add("events is empty; give at least one, or leave it out for the default")
        problems.raise_if_any()
        identifiers = [event.value for event in events]
        targets = [self._topic(topic) for topic in topics]
        targets += [self._channel(index, channel) for index, channel in enumerate(channels, 1)]
        # A rule needs a name, once per account; what replaces the rule is its pipeline.
        suffix = content_hash(self, [self.node.path, pipeline.pipeline_arn])
        title = re.sub(r"[^A-Za-z0-9_ -]", "-", construct_id)
        self.rule = codestarnotifications.CfnNotificationRule(
            self,
            "Resource",
            name=f"{title[: _LONGEST_NAME - len(suffix) - 1]}-{suffix}",
            resource=pipeline.pipeline_arn,
            event_type_ids=list(dict.fromkeys(identifiers)),
            detail_type="FULL",
            targets=targets,
        )
        for topic in topics:
            self._wait_for_policy(topic)

    def _topic(self, topic: sns.ITopic) -> codestarnotifications.CfnNotificationRule.TargetProperty:
        # Conditions on the source are not documented for this service, and a condition that never
        # holds would be silent.
        principal = iam.ServicePrincipal(_SERVICE)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"], principals=[principal], resources=[topic.topic_arn]
            )
        )
        if topic.master_key is not None:
            region = cdk.Stack.of(self).region
            topic.master_key.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                    principals=[principal],
                    resources=["*"],
                    conditions={"StringEquals": {"kms:ViaService": f"sns.{region}.amazonaws.com"}},
                )
            )
        return codestarnotifications.CfnNotificationRule.TargetProperty(
            target_address=topic.topic_arn, target_type="SNS"
        )

    def _channel(
        self, index: int, channel: ChatChannel
    ) -> codestarnotifications.CfnNotificationRule.TargetProperty:
        return codestarnotifications.CfnNotificationRule.TargetProperty(
            target_address=channel.bind(Construct(self, f"Channel{index}")),
            target_type=channel.target_type,
        )

    def _wait_for_policy(self, topic: sns.ITopic) -> None:
        """AWS tries to publish when the rule is made, and refuses the rule when it may not."""
        policy = topic.node.try_find_child("Policy")
        if policy is not None and cdk.Stack.of(policy) is cdk.Stack.of(self):
            self.rule.node.add_dependency(policy)
