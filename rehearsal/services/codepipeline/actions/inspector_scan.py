"""Invoke action InspectorScan: valid in a pipeline, but it fails when it runs.

Amazon Inspector evaluates a bill of materials by a database of vulnerabilities that only AWS has.
The rehearsal does not replace it by another scan, as a success would be misleading.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-InspectorScan.html
"""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionProvider,
    ActionResult,
    ActionRun,
)

_MODES = ("SourceCodeScan", "ECRImageScan")
_THRESHOLDS = ("CriticalThreshold", "HighThreshold", "MediumThreshold", "LowThreshold")


def run(action: ActionRun) -> ActionResult:
    """Fails, as Amazon Inspector is not available."""
    raise ActionFailedError(
        f"The rehearsal cannot run {action.configuration['InspectorRunMode']} of Amazon Inspector: "
        "its database of vulnerabilities is not public. Remove the scan from a rehearsal, or "
        "expect this action to fail.",
        code="SystemUnavailable",
    )


def _check(configuration: Mapping[str, str]) -> list[str]:
    mode = configuration["InspectorRunMode"]
    if mode not in _MODES:
        return [f"InspectorRunMode must be one of {', '.join(_MODES)}, got {mode}"]
    problems = []
    if mode == "ECRImageScan" and "ECRRepositoryName" not in configuration:
        problems.append("InspectorRunMode ECRImageScan needs ECRRepositoryName")
    problems += [
        f"{name} is a number, got {configuration[name]}"
        for name in _THRESHOLDS
        if name in configuration and not configuration[name].isdigit()
    ]
    return problems


INSPECTOR_SCAN = ActionProvider(
    category="Invoke",
    provider="InspectorScan",
    run=run,
    required=frozenset({"InspectorRunMode"}),
    optional=frozenset({"ECRRepositoryName", "ImageTag", *_THRESHOLDS}),
    inputs=(0, 1),
    outputs=(0, 1),
    v2_only=True,
    check=_check,
)
