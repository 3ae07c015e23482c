"""Findings of a run, and the three files that contain them.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-outputs.html
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STATISTICS = "statistics.json"
CONSTRAINTS = "constraints.json"
VIOLATIONS = "constraint_violations.json"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric for CloudWatch.

    Args:
        name: name of the metric.
        value: value. Defaults to None: the metric has `statistics`.
        statistics: SampleCount, Sum, Minimum and Maximum. Defaults to none.
        dimensions: dimensions in addition to those of all metrics of the monitor. Defaults to none.
    """

    name: str
    value: float | None = None
    statistics: Mapping[str, float] = field(default_factory=dict)
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Findings of a run.

    Args:
        statistics: statistics of the traffic.
        constraints: constraints that the traffic satisfies.
        violations: violations of the baseline's constraints. Defaults to none.
        metrics: metrics for CloudWatch. Defaults to none.
    """

    statistics: dict[str, Any]
    constraints: dict[str, Any]
    violations: list[dict[str, str]] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)

    def write(self, folder: Path, *, compared: bool) -> None:
        """Writes the files.

        Args:
            folder: folder of the files.
            compared: True if the run had a baseline; only such a run writes violations.
        """
        folder.mkdir(parents=True, exist_ok=True)
        files: dict[str, dict[str, Any]] = {
            STATISTICS: self.statistics,
            CONSTRAINTS: self.constraints,
        }
        if compared:
            files[VIOLATIONS] = {"violations": self.violations}
        for name, content in files.items():
            text = json.dumps(_finite(content), indent=1, ensure_ascii=False, allow_nan=False)
            (folder / name).write_text(text, encoding="utf-8")


def _finite(value: Any) -> Any:
    """Replaces NaN, which JSON does not support, by a string, as Model Monitor does."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
