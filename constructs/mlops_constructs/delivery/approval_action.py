"""The action that waits for a person."""

from __future__ import annotations

from typing import cast

from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access.service_role import Permission

from .pipeline_action import PipelineAction

_LONGEST_QUESTION = 1000


def approval_action(
    *,
    question: str,
    topic: sns.ITopic | None = None,
    link: str | None = None,
    run_order: int = 1,
) -> PipelineAction:
    """Waits until someone approves or rejects; CodePipeline gives up after seven days.

    Args:
        question: what the console shows to the person who decides; up to 1000 characters. It may
            hold variables of the pipeline.
        topic: what gets the question, and the link to the decision, when it is asked. Left out:
            nobody is told; the console shows it.
        link: what to look at before the decision; may be a variable of the pipeline. Left out:
            nothing.
        run_order: place among the stage's actions.

    Raises ValueError for an empty question, and for a longer one.
    """
    problems = Problems("the approval")
    if is_known(question) and not 1 <= len(question) <= _LONGEST_QUESTION:
        problems.add(
            f"question has {len(question)} characters; allowed are 1 to {_LONGEST_QUESTION}"
        )
    problems.raise_if_any()
    action = actions.ManualApprovalAction(
        action_name="Approval",
        additional_information=question,
        external_entity_link=link,
        # The CDK would let the pipeline's role publish by a policy of its own.
        notification_topic=None if topic is None else _fixed(topic),
        run_order=run_order,
    )
    return PipelineAction(action=action, permissions=_publish(topic) if topic else ())


def _fixed(topic: sns.ITopic) -> sns.ITopic:
    return sns.Topic.from_topic_arn(cast(Construct, topic), "OfApproval", topic.topic_arn)


def _publish(topic: sns.ITopic) -> list[Permission]:
    allowed = [Permission(actions=["sns:Publish"], resources=[topic.topic_arn])]
    if topic.master_key is not None:
        actions = ["kms:Decrypt", "kms:GenerateDataKey"]
        allowed.append(Permission(actions=actions, resources=[topic.master_key.key_arn]))
    return allowed
