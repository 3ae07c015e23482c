"""The action that waits for a person."""

from __future__ import annotations

from aws_cdk import aws_codepipeline_actions as actions

from mlops_constructs._problems import Problems, is_known

from .pipeline_action import PipelineAction

_LONGEST_QUESTION = 1000


def approval_action(*, question: str, run_order: int = 1) -> PipelineAction:
    """Waits until someone approves or rejects; CodePipeline gives up after seven days.

    Parameters:
        question: what the console shows to the person who decides; up to 1000 characters.
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
        action_name="Approval", additional_information=question, run_order=run_order
    )
    return PipelineAction(action=action)
