"""Actions and stages of a pipeline, with the permissions that they need."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from aws_cdk import aws_codepipeline as codepipeline

from mlops_constructs.access import Permission

from .deployment.target_account import TargetAccount
from .stages.stage_condition import StageChecks
from .stages.stage_rule import StageRule

SOURCE_OUTPUT = "SourceOutput"
"""Name of the artifact that holds the repository's files."""

SYNTH_OUTPUT = "SynthOutput"
"""Name of the artifact that holds the synthesised templates."""

CHECKED_OUTPUT = "CheckedTemplates"
"""Name of the artifact that holds the templates that may be deployed.

CodePipeline truncates it to `CheckedTem`; builds that run the team's code cannot write such a key.
"""

_BUILT_IN_NAMESPACES = ("codepipeline", "variables")


@dataclass(frozen=True, kw_only=True)
class PipelineAction:
    """Defines an action and the permissions that the pipeline's role needs to run it.

    Args:
        action: the action.
        permissions: permissions that the pipeline's role needs. Defaults to (): none.
        target: account or region of the action. Defaults to None: those of the pipeline.
        outputs: artifacts that the action writes. Defaults to None: read from the action.
        namespaces: namespaces of the variables that the action sets. Defaults to None: read from
            the action.
    """

    action: codepipeline.IAction
    permissions: Sequence[Permission] = ()
    target: TargetAccount | None = None
    outputs: Sequence[codepipeline.Artifact] | None = None
    namespaces: Sequence[str] | None = None

    @cached_property
    def properties(self) -> codepipeline.ActionProperties:
        """Properties of the action, cached because an access is 22 calls to the jsii process."""
        return self.action.action_properties

    def output_names(self) -> list[str]:
        """Returns the names of the artifacts that the action writes."""
        outputs = self.properties.outputs if self.outputs is None else self.outputs
        return [str(one.artifact_name) for one in outputs or ()]

    def variable_namespaces(self) -> set[str]:
        """Returns the namespaces of the variables that the action sets."""
        if self.namespaces is not None:
            return set(self.namespaces)
        found = self.properties.variables_namespace
        return {str(found)} if found else set()


@dataclass(frozen=True, kw_only=True)
class PipelineStage:
    """Defines a stage: its name, actions and checks.

    Args:
        name: name of the stage, unique in the pipeline.
        actions: actions of the stage, in the order of their run orders.
        checks: conditions before and after the stage, and the response to a failure. Defaults to no
            checks: an execution stops where an action fails.
    """

    name: str
    actions: Sequence[PipelineAction]
    checks: StageChecks = field(default_factory=StageChecks)

    def properties(self) -> codepipeline.StageProps:
        """Returns the stage as CDK's `StageProps`."""
        checks = self.checks
        return codepipeline.StageProps(
            stage_name=self.name,
            actions=[action.action for action in self.actions],
            before_entry=checks.before_entry.conditions() if checks.before_entry else None,
            on_success=checks.on_success.conditions() if checks.on_success else None,
            on_failure=checks.on_failure.conditions() if checks.on_failure else None,
        )

    def permissions(self) -> list[Permission]:
        """Returns the permissions that the pipeline's role needs for the actions and the checks."""
        of_actions = [one for action in self.actions for one in action.permissions]
        return [*of_actions, *self.checks.permissions()]

    def namespaces(self) -> set[str]:
        """Returns the namespaces of the variables that the actions set."""
        return {one for action in self.actions for one in action.variable_namespaces()}


def stage_problems(
    stages: Sequence[PipelineStage], execution_mode: codepipeline.ExecutionMode
) -> list[str]:
    """Validates the stages of one pipeline, in their order; returns one message per problem."""
    problems = []
    known = set(_BUILT_IN_NAMESPACES)
    for stage in stages:
        if stage.checks.roll_back and execution_mode is codepipeline.ExecutionMode.PARALLEL:
            problems.append(
                f"stages: {stage.name} rolls back, which CodePipeline does not support in the mode "
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
        f"stages: {stage} checks a variable of the namespace {namespace}, which no earlier action "
        f"sets; allowed are {', '.join(sorted(known))}"
        for rule in rules
        for namespace in sorted(rule.namespaces() - known)
    ]
