"""The action that waits for a person."""

from __future__ import annotations

from aws_cdk import aws_codepipeline_actions as actions

from .pipeline_action import PipelineAction


def approval_action(*, question: str, run_order: int = 1) -> PipelineAction:
    """Waits until someone approves or rejects; CodePipeline gives up after seven days.

    Parameters:
        question: what the console shows to the person who decides.
        run_order: place among the stage's actions.
    """
    action = actions.ManualApprovalAction(
        action_name="Approval", additional_information=question, run_order=run_order
    )
    return PipelineAction(action=action)
