"""Data quality: completeness, types and distributions of requests, compared with a baseline.

The checks and their names are those of Model Monitor.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-violations.html
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.constraints import Constraint, suggested
from mlops_jobs.monitoring.distance import categorical_distance, numerical_distance
from mlops_jobs.monitoring.features import FRACTIONAL, INTEGRAL, STRING, Feature, features
from mlops_jobs.monitoring.findings import Findings, Metric
from mlops_jobs.monitoring.rows import Row, Rows
from mlops_jobs.monitoring.sketch import expand

Violation = dict[str, str]

# Not a metric of Model Monitor: one alarm on it covers all features.
MAX_DRIFT_METRIC = "greatest_feature_baseline_drift"
MAX_STANDARD_ERRORS = 3  # by which a share may be below the baseline


def describe(rows: Sequence[Row], names: Sequence[str]) -> Findings:
    """Returns statistics and constraints of a baseline.

    Args:
        rows: rows of the baseline.
        names: its columns, in their order.
    """
    found = features(rows, names)
    return Findings(
        statistics=_statistics(found, len(rows), [one.inferred_type for one in found]),
        constraints=suggested(found),
        metrics=[metric for one in found for metric in _metrics(one, None)],
    )


def compare(
    rows: Rows, constraints: Sequence[Constraint], baseline: Mapping[str, dict[str, Any]]
) -> Findings:
    """Compares requests with a baseline.

    Args:
        rows: the requests.
        constraints: constraints of the baseline.
        baseline: statistics of the baseline, by feature.
    """
    names = [one.name for one in constraints]
    found = features(rows.named, names)
    pairs = list(zip(found, constraints, strict=True))
    violations = list(_column_violations(rows, names))
    metrics: list[Metric] = []
    highest: float | None = None
    for one, constraint in pairs:
        distance = _distance(one, constraint, baseline.get(one.name))
        if constraint.comparison.evaluate and rows.named:
            violations += _violations(one, constraint, distance)
        if constraint.comparison.emit:
            metrics += _metrics(one, distance)
            if distance is not None:
                highest = max(distance, highest or 0.0)
    if highest is not None:
        metrics.append(Metric(name=MAX_DRIFT_METRIC, value=highest))
    types = [constraint.inferred_type for constraint in constraints]
    return Findings(
        statistics=_statistics(found, len(rows.named), types),
        constraints=suggested(found),
        violations=violations,
        metrics=metrics,
    )


def read_statistics(content: bytes) -> dict[str, dict[str, Any]]:
    """Returns the entries of a statistics file by feature.

    Args:
        content: content of the file.

    Raises:
        InputError: the file is not a statistics file.
    """
    try:
        return {entry["name"]: entry for entry in json.loads(content)["features"]}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"baseline_statistics: cannot be read as a statistics file: {error!r}"
        ) from error


def _statistics(found: Sequence[Feature], count: int, types: Sequence[str]) -> dict[str, Any]:
    entries = [one.statistics(kind) for one, kind in zip(found, types, strict=True)]
    return {"version": 0.0, "dataset": {"item_count": count}, "features": entries}


def _column_violations(rows: Rows, names: Sequence[str]) -> Iterator[Violation]:
    total = len(rows.named) + rows.short + rows.long
    seen = {name for row in rows.named for name in row}
    for name in names:
        if rows.named and name not in seen:
            yield _violation(name, "missing_column_check", "no request has the column")
    for name in sorted(seen - set(names)):
        yield _violation(name, "extra_column_check", "the baseline does not have the column")
    if rows.short:
        text = f"{rows.short} of {total} rows have fewer than {len(names)} columns"
        yield _violation("Missing columns", "missing_column_check", text)
    if rows.long:
        text = f"{rows.long} of {total} rows have more than {len(names)} columns"
        yield _violation("Extra columns", "extra_column_check", text)


def _violations(
    found: Feature, constraint: Constraint, distance: float | None
) -> Iterator[Violation]:
    comparison = constraint.comparison
    other = 1 - found.share_of(constraint.inferred_type)
    if other > comparison.type_threshold:
        text = (
            f"{other:.2%} of the values are not {constraint.inferred_type}; allowed are "
            f"{comparison.type_threshold:.2%}"
        )
        yield _violation(found.name, "data_type_check", text)
    if found.completeness < _min_completeness(
        constraint.completeness, found.present + found.missing
    ):
        text = f"completeness is {found.completeness:.2%}, expected {constraint.completeness:.2%}"
        yield _violation(found.name, "completeness_check", text)
    if constraint.domains is not None and found.present:
        known = sum(count for value, count in found.texts.items() if value in constraint.domains)
        unknown = 1 - known / found.present
        if unknown > comparison.domain_threshold:
            text = (
                f"{unknown:.2%} of the values are unknown; allowed are "
                f"{comparison.domain_threshold:.2%}"
            )
            yield _violation(found.name, "categorical_values_check", text)
    categorical = constraint.inferred_type == STRING
    threshold = comparison.categorical_threshold if categorical else comparison.threshold
    if distance is not None and comparison.compare and distance > threshold:
        text = f"baseline drift distance is {distance:.4f}, which exceeds {threshold}"
        yield _violation(found.name, "baseline_drift_check", text)


def _min_completeness(completeness: float, rows: int) -> float:
    """Returns the completeness of the baseline, less the sampling error of this number of rows."""
    error = math.sqrt(completeness * (1 - completeness) / rows) if rows else 0.0
    return completeness - MAX_STANDARD_ERRORS * error


def _violation(feature: str, check: str, description: str) -> Violation:
    return {
        "feature_name": feature,
        "constraint_check_type": check,
        "description": description,
    }


def _distance(
    found: Feature, constraint: Constraint, baseline: Mapping[str, Any] | None
) -> float | None:
    """Returns the distance of a feature from its baseline; None if they cannot be compared."""
    if baseline is None or not found.present:
        return None
    comparison = constraint.comparison
    if constraint.inferred_type in (INTEGRAL, FRACTIONAL):
        if not len(found.numbers) or "numerical_statistics" not in baseline:
            return None
        sketch = baseline["numerical_statistics"]["distribution"]["kll"]["sketch"]
        current = np.sort(found.numbers), np.ones(len(found.numbers))
        return numerical_distance(expand(sketch["data"]), current, comparison.method)
    if constraint.domains is None or "string_statistics" not in baseline:
        # Strings with many values, such as identifiers, have no stable distribution.
        return None
    buckets = baseline["string_statistics"]["distribution"]["categorical"]["buckets"]
    before = {bucket["value"]: float(bucket["count"]) for bucket in buckets}
    return categorical_distance(before, found.texts, comparison.categorical_method)


def _metrics(found: Feature, distance: float | None) -> Iterator[Metric]:
    yield Metric(name=f"feature_non_null_{found.name}", value=found.completeness)
    if distance is not None:
        yield Metric(name=f"feature_baseline_drift_{found.name}", value=distance)
    if len(found.numbers):
        yield Metric(
            name=f"feature_data_{found.name}",
            statistics={
                "SampleCount": float(len(found.numbers)),
                "Sum": float(found.numbers.sum()),
                "Minimum": float(found.numbers.min()),
                "Maximum": float(found.numbers.max()),
            },
        )
