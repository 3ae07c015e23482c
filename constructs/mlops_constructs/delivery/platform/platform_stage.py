"""Stages of a CDK app in the platform pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import pipelines

CHECK = "Permissions"
"""Name of the step that checks for broadened permissions."""

_RESERVED_NAMES = ("Source", "Build", "UpdatePipeline", "Assets")


@dataclass(frozen=True, kw_only=True)
class PlatformStage:
    """Defines a stage of the app, and the steps before its deployment.

    Args:
        stage: the CDK stage: stacks of one or several accounts.
        approval: question of a manual approval before the deployment; `Notifications` notifies
            reviewers. Defaults to None: no approval.
        confirm_permissions: True if changes that broaden permissions or open networks, and only
            these, need a manual confirmation. Defaults to False.
    """

    stage: cdk.Stage
    approval: str | None = None
    confirm_permissions: bool = False

    def before(self) -> list[pipelines.Step]:
        """Returns the steps that run before the stage's stacks are deployed."""
        steps: list[pipelines.Step] = []
        if self.confirm_permissions:
            steps.append(pipelines.ConfirmPermissionsBroadening(CHECK, stage=self.stage))
        if self.approval is not None:
            steps.append(pipelines.ManualApprovalStep("Approval", comment=self.approval))
        return steps


def stage_problems(stages: Sequence[cdk.Stage]) -> list[str]:
    """Validates the stages; returns one message per problem."""
    if not stages:
        return ["stages: got none; add at least one"]
    names = [stage.node.id for stage in stages]
    problems = [
        f"stages: got {name} {names.count(name)} times; add each stage once"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    problems += [
        f"stages: got {name}, a name that CDK Pipelines uses itself "
        f"({', '.join(_RESERVED_NAMES)}); choose another name"
        for name in names
        if name in _RESERVED_NAMES
    ]
    problems += [
        f"stages: {stage.node.id} has no stacks; define them before the pipeline"
        for stage in stages
        if not any(isinstance(child, cdk.Stack) for child in stage.node.find_all())
    ]
    return problems
