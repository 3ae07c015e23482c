"""Stages of a deployment that are skipped until a first model is approved."""

from __future__ import annotations

import dataclasses

from aws_cdk import aws_codepipeline as codepipeline

from .stage_condition import StageChecks, StageCondition
from .stage_rule import StageRule

SYNTH_NAMESPACE = "Synth"
"""Namespace of the variables that `buildspecs/synth.yml` exports."""

_VERSION = f"#{{{SYNTH_NAMESPACE}.MODEL_PACKAGE_VERSION}}"
_NO_VERSION = "none"


def once_approved(checks: StageChecks | None = None) -> StageChecks:
    """The checks of a stage that needs an approved model, and is skipped while there is none.

    A stage has one condition for its entry, with one result. Where `checks` fail the entry, that
    condition stays as it is.

    Args:
        checks: what else has to hold. Default: nothing.

    Raises ValueError when the condition of `checks` for the entry has five rules already.
    """
    checks = checks or StageChecks()
    entry = checks.before_entry
    if entry is not None and entry.result is not codepipeline.Result.SKIP:
        return checks
    approved = StageRule.variable_differs(_VERSION, _NO_VERSION)
    rules = [approved, *(entry.rules if entry else ())]
    return dataclasses.replace(checks, before_entry=StageCondition.skip_unless(*rules))
