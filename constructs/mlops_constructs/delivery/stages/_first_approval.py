"""Entry conditions that skip a deployment stage until the first model is approved."""

import dataclasses

from aws_cdk import aws_codepipeline as codepipeline

from .stage_condition import StageChecks, StageCondition
from .stage_rule import StageRule

SYNTH_NAMESPACE = "Synth"
"""Namespace of the variables that `buildspecs/synth.yml` exports."""

_VERSION = f"#{{{SYNTH_NAMESPACE}.MODEL_PACKAGE_VERSION}}"
_NO_VERSION = "none"


def once_approved(checks: StageChecks | None = None) -> StageChecks:
    """Returns the checks of a stage that needs an approved model and is skipped until there is one.

    A stage has one condition for its entry, with one result. If `checks` fail the entry, that
    condition is kept unchanged.

    Args:
        checks: further checks of the stage. Defaults to None: no further checks.

    Raises:
        ValueError: if the entry condition of `checks` already has five rules.
    """
    checks = checks or StageChecks()
    entry = checks.before_entry
    if entry is not None and entry.result is not codepipeline.Result.SKIP:
        return checks
    approved = StageRule.variable_differs(_VERSION, _NO_VERSION)
    rules = [approved, *(entry.rules if entry else ())]
    return dataclasses.replace(checks, before_entry=StageCondition.skip_unless(*rules))
