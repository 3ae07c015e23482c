"""Judges of what is synthesised: cfn-lint, the packs of cdk-nag, and checkov."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cdk_nag
from cfnlint.config import ConfigMixIn  # type: ignore[import-untyped]
from cfnlint.decode.decode import decode_str  # type: ignore[import-untyped]
from cfnlint.runner import Runner, run_template_by_data  # type: ignore[import-untyped]
from constructs import IConstruct

ROOT = Path(__file__).parents[1]
PACKS: tuple[Any, ...] = (
    cdk_nag.AwsSolutionsChecks,
    cdk_nag.HIPAASecurityChecks,
    cdk_nag.NIST80053R5Checks,
    cdk_nag.PCIDSS321Checks,
    cdk_nag.ServerlessChecks,
)


@cache
def _rules() -> Any:
    """The rules of cfn-lint, whose files take longer to read than most templates to check."""
    return Runner(ConfigMixIn([])).rules


def lint_findings(template: str, regions: Sequence[str]) -> list[str]:
    """What cfn-lint reports of the text of a template in any of the regions."""
    content, found = decode_str(template)
    if not found:
        found = run_template_by_data(content, ConfigMixIn(regions=list(regions)), _rules())
    return sorted({str(one) for one in found})


def open_findings(pack: Any, scope: IConstruct) -> list[str]:
    """What a pack of cdk-nag reports below `scope`, apart from what is acknowledged there."""
    report = pack(scope.node.root).validate_scope(scope)
    return sorted(
        f"{violation.rule_name} {found.construct_path}"
        for violation in report.violations
        for found in violation.violating_resources
    )


def checkov_findings(folder: Path) -> dict[str, list[str]]:
    """What checkov reports of each template in a folder, by the names of the files.

    It is started once for all of them, because that takes most of its time.
    """
    run = subprocess.run(
        [
            *(str(ROOT / ".tools/checkov/bin/python"), str(ROOT / "tests/checkov_program.py")),
            *("--directory", str(folder), "--framework", "cloudformation", "--skip-download"),
            *("--output", "json", "--quiet", "--compact"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(run.stdout)
    # Without any resource that it knows, checkov answers a summary of zeros alone.
    assert report.get("summary", report)["parsing_errors"] == 0
    findings: dict[str, list[str]] = {path.name: [] for path in folder.iterdir()}
    for check in report.get("results", {}).get("failed_checks", []):
        finding = f"{check['check_id']} {check['resource']}: {check['check_name']}"
        findings[Path(check["file_path"]).name].append(finding)
    return findings
