"""Stages of a CDK app, as the platform's pipeline deploys them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import pipelines

CHECK = "Permissions"
"""Name of the step that looks for broader permissions."""

_TAKEN = ("Source", "Build", "UpdatePipeline", "Assets")


@dataclass(frozen=True, kw_only=True)
class PlatformStage:
    """Defines a stage of the app, and what has to happen before the pipeline deploys it.

    Args:
        stage: the stage: stacks that belong together, for one account or several.
        approval: what a person is asked before; who is told of it, `Notifications` says. Default:
            nobody is asked.
        confirm_permissions: whether a person has to confirm changes that widen permissions or
            open networks, and only these. Default: no.
    """

    stage: cdk.Stage
    approval: str | None = None
    confirm_permissions: bool = False

    def before(self) -> list[pipelines.Step]:
        """The steps before the stage's stacks are touched."""
        steps: list[pipelines.Step] = []
        if self.confirm_permissions:
            steps.append(pipelines.ConfirmPermissionsBroadening(CHECK, stage=self.stage))
        if self.approval is not None:
            steps.append(pipelines.ManualApprovalStep("Approval", comment=self.approval))
        return steps


def stage_problems(stages: Sequence[cdk.Stage]) -> list[str]:
    """What CDK Pipelines, or AWS, would refuse of the stages."""
    if not stages:
        return ["stages is empty; give at least one, or there is nothing to deploy"]
    names = [stage.node.id for stage in stages]
    problems = [
        f"stage {name} is given {names.count(name)} times; give each once"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    problems += [
        f"stage {name} is named as a stage of CDK Pipelines itself ({', '.join(_TAKEN)}); choose "
        "another name"
        for name in names
        if name in _TAKEN
    ]
    problems += [
        f"stage {stage.node.id} has no stacks; define them before the pipeline"
        for stage in stages
        if not any(isinstance(child, cdk.Stack) for child in stage.node.find_all())
    ]
    return problems
