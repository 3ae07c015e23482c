"""What a run finds, and the three files that it writes.

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
    """A value for CloudWatch.

    Args:
        name: of the metric.
        value: a number; None where `statistics` has several.
        statistics: SampleCount, Sum, Minimum and Maximum.
        dimensions: beside those that all metrics of the monitor have.
    """

    name: str
    value: float | None = None
    statistics: Mapping[str, float] = field(default_factory=dict)
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a run found out.

    Args:
        statistics: of the traffic.
        constraints: that the traffic satisfies.
        violations: of the baseline's constraints.
        metrics: for CloudWatch.
    """

    statistics: dict[str, Any]
    constraints: dict[str, Any]
    violations: list[dict[str, str]] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)

    def write(self, folder: Path, *, compared: bool) -> None:
        """Writes the files.

        Args:
            folder: where they go.
            compared: whether there was a baseline; a baseline itself violates nothing.
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
    """JSON has no NaN; Model Monitor writes the text."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
