"""Manual approval action of a pipeline."""

from typing import cast

from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import Permission
from mlops_constructs.delivery.pipeline_action import PipelineAction

_MAX_QUESTION_LENGTH = 1000


def approval_action(
    *,
    question: str,
    topic: sns.ITopic | None = None,
    link: str | None = None,
    run_order: int = 1,
    action_name: str = "Approval",
) -> PipelineAction:
    """Creates an action that waits for a manual approval; CodePipeline times out after seven days.

    Args:
        question: text that the console shows to the reviewer, 1 to 1000 characters. It can contain
            pipeline variables.
        topic: SNS topic that receives the question and the link to the approval. Defaults to None:
            no notification; only the console shows the question.
        link: URL for the reviewer to open first; can be a pipeline variable. Defaults to None: no
            link.
        run_order: position among the stage's actions, 1 to 999; actions with the same number run in
            parallel. Defaults to 1.
        action_name: name of the action, unique in its stage. Defaults to "Approval".

    Returns:
        The action and the permissions that it needs.

    Raises:
        ValueError: if the question is empty or too long.
    """
    problems = Problems("approval_action")
    if is_known(question) and not 1 <= len(question) <= _MAX_QUESTION_LENGTH:
        problems.add(
            f"question: got {len(question)} characters; allowed are 1 to {_MAX_QUESTION_LENGTH}"
        )
    problems.raise_if_any()
    action = actions.ManualApprovalAction(
        action_name=action_name,
        additional_information=question,
        external_entity_link=link,
        # For an owned topic the CDK would add a separate policy to the pipeline's role.
        notification_topic=None if topic is None else _fixed(topic),
        run_order=run_order,
    )
    return PipelineAction(
        action=action,
        permissions=_publish(topic) if topic else (),
        outputs=(),
        namespaces=(),
    )


def _fixed(topic: sns.ITopic) -> sns.ITopic:
    scope, name = cast(Construct, topic), "OfApproval"
    known = scope.node.try_find_child(name)
    if known is not None:
        return cast(sns.ITopic, known)
    return sns.Topic.from_topic_arn(scope, name, topic.topic_arn)


def _publish(topic: sns.ITopic) -> list[Permission]:
    allowed = [Permission(actions=["sns:Publish"], resources=[topic.topic_arn])]
    if topic.master_key is not None:
        actions = ["kms:Decrypt", "kms:GenerateDataKey"]
        allowed.append(Permission(actions=actions, resources=[topic.master_key.key_arn]))
    return allowed
