"""Notifications of pipeline failures and pending approvals."""

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
_MAX_TARGETS = 10
_MAX_NAME_LENGTH = 64


class PipelineEvent(Enum):
    """Pipeline events that can be notified; each value is the id of AWS's event type."""

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


DEFAULT_EVENTS = (PipelineEvent.PIPELINE_FAILED, PipelineEvent.APPROVAL_NEEDED)
"""Events that require action."""


class Notifications(Construct):
    """Defines a rule that notifies topics and chat channels of a pipeline's events.

    The policy of each topic, and of the key that encrypts it, gets a statement for AWS CodeStar
    Notifications; without it, AWS drops notifications without an error. The policy of an imported
    topic is not changed: allow `codestar-notifications.amazonaws.com` to publish to it and to use
    its key.

    Args:
        pipeline: the pipeline.
        topics: SNS topics that receive the notification as JSON. Defaults to (): none.
        channels: chat channels that receive the notification. Defaults to (): none.
        events: events to notify; at least one. Defaults to failed executions and pending approvals.

    Raises:
        ValueError: if there are no topics and channels or more than 10 of both, no events, or
            CloudFormation does not support notification rules in the region.

    Source: Developer Tools console User Guide, "Understanding notification contents", "Configure
    Amazon SNS topics for notifications".

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
        events: Sequence[PipelineEvent] = DEFAULT_EVENTS,
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems("Notifications", self)
        problems.extend(region_problems(self, "AWS::CodeStarNotifications::NotificationRule"))
        number = len(topics) + len(channels)
        if not 1 <= number <= _MAX_TARGETS:
            problems.add(
                f"topics and channels: got {number} together; allowed are 1 to {_MAX_TARGETS}"
            )
        if not events:
            problems.add("events: got none; add at least one, or omit it for the default")
        problems.raise_if_any()
        identifiers = [event.value for event in events]
        targets = [self._topic(topic) for topic in topics]
        targets += [self._channel(index, channel) for index, channel in enumerate(channels, 1)]
        # The name must be unique in the account, and a change of the pipeline replaces the rule.
        suffix = content_hash(self, [self.node.path, pipeline.pipeline_arn])
        title = re.sub(r"[^A-Za-z0-9_ -]", "-", construct_id)
        self.rule = codestarnotifications.CfnNotificationRule(
            self,
            "Resource",
            name=f"{title[: _MAX_NAME_LENGTH - len(suffix) - 1]}-{suffix}",
            resource=pipeline.pipeline_arn,
            event_type_ids=list(dict.fromkeys(identifiers)),
            detail_type="FULL",
            targets=targets,
        )
        for topic in topics:
            self._wait_for_policy(topic)

    def _topic(self, topic: sns.ITopic) -> codestarnotifications.CfnNotificationRule.TargetProperty:
        # Conditions on the source are not documented for this service; one that is never met would
        # drop notifications without an error.
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
        """Adds a dependency on the policy: AWS publishes to the topic when the rule is created."""
        policy = topic.node.try_find_child("Policy")
        if policy is not None and cdk.Stack.of(policy) is cdk.Stack.of(self):
            self.rule.node.add_dependency(policy)
