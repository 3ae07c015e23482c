"""What a CodePipeline action brings with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from aws_cdk import aws_codepipeline as codepipeline

from mlops_constructs.access.service_role import Permission

from .stage_condition import StageChecks
from .stage_rule import StageRule
from .target_account import TargetAccount

SOURCE_OUTPUT = "SourceOutput"
"""Name of the artifact that holds the repository's files."""

SYNTH_OUTPUT = "SynthOutput"
"""Name of the artifact that holds the synthesised templates."""

CHECKED_OUTPUT = "CheckedTemplates"
"""Name of the artifact that holds the templates that may be deployed.

CodePipeline cuts it to `CheckedTem`; builds that run the team's code may write no such key.
"""

_BUILT_IN_NAMESPACES = ("codepipeline", "variables")


@dataclass(frozen=True, kw_only=True)
class PipelineAction:
    """Defines an action together with what the pipeline's role must be allowed, to run it.

    Args:
        action: the action.
        permissions: what the pipeline's role needs for it. Default: nothing.
        target: another account or region that it works in. Default: the pipeline's.
    """

    action: codepipeline.IAction
    permissions: Sequence[Permission] = ()
    target: TargetAccount | None = None

    @cached_property
    def properties(self) -> codepipeline.ActionProperties:
        """What the CDK knows of the action, asked for once: each member is a call of its own."""
        return self.action.action_properties


@dataclass(frozen=True, kw_only=True)
class PipelineStage:
    """Defines a stage: its name, and its actions; run orders are those of the actions.

    Args:
        name: the stage's name, once in a pipeline.
        actions: what it does.
        checks: what has to hold before and after it, and what follows a failure. Default: no
            checks; an execution stops where an action fails.
    """

    name: str
    actions: Sequence[PipelineAction]
    checks: StageChecks = field(default_factory=StageChecks)

    def properties(self) -> codepipeline.StageProps:
        """The stage as CodePipeline takes it."""
        checks = self.checks
        return codepipeline.StageProps(
            stage_name=self.name,
            actions=[action.action for action in self.actions],
            before_entry=checks.before_entry.conditions() if checks.before_entry else None,
            on_success=checks.on_success.conditions() if checks.on_success else None,
            on_failure=checks.on_failure.conditions() if checks.on_failure else None,
        )

    def permissions(self) -> list[Permission]:
        """What the pipeline's role needs for the actions and the checks."""
        of_actions = [one for action in self.actions for one in action.permissions]
        return [*of_actions, *self.checks.permissions()]

    def namespaces(self) -> set[str]:
        """Namespaces of the variables that its actions give."""
        found = (action.properties.variables_namespace for action in self.actions)
        return {str(one) for one in found if one}


def stage_problems(
    stages: Sequence[PipelineStage], execution_mode: codepipeline.ExecutionMode
) -> list[str]:
    """What AWS refuses of the stages of one pipeline, in their order."""
    problems = []
    known = set(_BUILT_IN_NAMESPACES)
    for stage in stages:
        if stage.checks.roll_back and execution_mode is codepipeline.ExecutionMode.PARALLEL:
            problems.append(
                f"stage {stage.name} rolls back, which CodePipeline does not do in the mode "
                "PARALLEL; use QUEUED or SUPERSEDED"
            )
        entry = stage.checks.before_entry
        problems += _namespace_problems(stage.name, entry.rules if entry else (), known)
        known |= stage.namespaces()
        success = stage.checks.on_success
        problems += _namespace_problems(stage.name, success.rules if success else (), known)
    return problems


def _namespace_problems(stage: str, rules: Sequence[StageRule], known: set[str]) -> list[str]:
    return [
        f"stage {stage} checks a variable of the namespace {namespace}, which no action before has "
        f"given; known there are {', '.join(sorted(known))}"
        for rule in rules
        for namespace in sorted(rule.namespaces() - known)
    ]
