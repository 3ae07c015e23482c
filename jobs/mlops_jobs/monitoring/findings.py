"""Findings of a run, and the three files that contain them.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-outputs.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlops_jobs.evaluation.report import finite

STATISTICS = "statistics.json"
CONSTRAINTS = "constraints.json"
VIOLATIONS = "constraint_violations.json"
VARIANT = "VariantName"  # dimension of the metrics of one variant


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
        notes: sentences on what was not analyzed. Defaults to none.
        drifts: drift of each feature, for the page. Defaults to none.
        version: version in the violations file. Defaults to None: it has none.
    """

    statistics: dict[str, Any]
    constraints: dict[str, Any]
    violations: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    drifts: Mapping[str, Any] = field(default_factory=dict)
    version: str | None = None

    def with_variants(self, parts: Mapping[str, "Findings"]) -> "Findings":
        """Returns the findings with those of each variant of the endpoint.

        Args:
            parts: findings of the traffic of each variant.
        """
        statistics = {name: part.statistics for name, part in parts.items()}
        return replace(
            self,
            statistics={**self.statistics, "variants": statistics},
            violations=[
                *self.violations,
                *(
                    {**one, "variant_name": name}
                    for name, part in parts.items()
                    for one in part.violations
                ),
            ],
            metrics=[
                *self.metrics,
                *(
                    replace(one, dimensions={**one.dimensions, VARIANT: name})
                    for name, part in parts.items()
                    for one in part.metrics
                ),
            ],
            notes=[
                *self.notes,
                *(f"variant {name}: {note}" for name, part in parts.items() for note in part.notes),
            ],
        )

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
            version = {} if self.version is None else {"version": self.version}
            files[VIOLATIONS] = {**version, "violations": self.violations}
        for name, content in files.items():
            text = json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False)
            (folder / name).write_text(text, encoding="utf-8")
