"""Data quality: completeness, types and distributions of requests, compared with a baseline.

The checks, their names and their descriptions are those of Model Monitor.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-violations.html
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.columns.chance import REPORT_ERROR, excess_probability
from mlops_jobs.monitoring.columns.column import STRING, Column
from mlops_jobs.monitoring.columns.summary import Summary
from mlops_jobs.monitoring.constraints import Constraint, suggested
from mlops_jobs.monitoring.drift import Drift, category_counts, drift_of
from mlops_jobs.monitoring.findings import Findings, Metric

Violation = dict[str, str]
Statistics = Mapping[str, Mapping[str, Any]]
"""Entries of a statistics file, by feature."""

# Not metrics of Model Monitor: one alarm on them covers all features.
MAX_DRIFT_METRIC = "greatest_feature_baseline_drift"
MAX_DISTANCE_METRIC = "greatest_feature_baseline_distance"
MANY_ROWS = 10_000_000
MIN_FREQUENT = 10  # occurrences in the baseline from which a value is not rare


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A baseline of columns.

    Args:
        constraints: constraints of the columns.
        statistics: their statistics. Defaults to none: distributions are not compared.
    """

    constraints: Sequence[Constraint]
    statistics: Statistics

    @property
    def types(self) -> dict[str, str]:
        """Type of each column."""
        return {one.name: one.inferred_type for one in self.constraints}


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Columns that were compared with a baseline.

    Args:
        violations: violations of its constraints.
        metrics: metrics for CloudWatch.
        drifts: drift of each column that could be compared.
    """

    violations: list[Violation]
    metrics: list[Metric]
    drifts: dict[str, Drift]


def describe(found: Summary) -> Findings:
    """Returns statistics and constraints of a baseline.

    Args:
        found: columns of the baseline.
    """
    columns = list(found.columns.values())
    return Findings(
        statistics=statistics_of(found),
        constraints=suggested(columns),
        metrics=[metric for one in columns for metric in metrics_of(one, None)],
    )


def compare(
    found: Summary, baseline: Baseline, *, tests: int | None = None, prefix: str = "feature"
) -> Compared:
    """Compares columns with a baseline.

    Args:
        found: the columns.
        baseline: the baseline.
        tests: number of all checks of the report that could fail by chance. Defaults to None: those
            of these columns.
        prefix: prefix of the names of metrics. Defaults to `feature`.
    """
    error = REPORT_ERROR / (tests or tests_of(baseline))
    violations = list(_column_violations(found, baseline)) if found.rows else []
    metrics: list[Metric] = []
    drifts: dict[str, Drift] = {}
    for constraint in baseline.constraints:
        column = found.columns[constraint.name]
        entry = baseline.statistics.get(constraint.name)
        drift = drift_of(column, constraint, entry)
        if drift is not None:
            drifts[constraint.name] = drift
        if constraint.comparison.evaluate and found.rows:
            violations += _violations(column, constraint, entry, drift, error)
        if constraint.comparison.emit:
            metrics += metrics_of(column, drift, prefix)
    emitted = [
        one.name for one in baseline.constraints if one.comparison.emit and one.name in drifts
    ]
    if emitted:
        distances = [drifts[name].distance for name in emitted]
        raw = [drifts[name].raw for name in emitted]
        metrics.append(
            Metric(name=MAX_DRIFT_METRIC.replace("feature", prefix), value=max(distances))
        )
        metrics.append(Metric(name=MAX_DISTANCE_METRIC.replace("feature", prefix), value=max(raw)))
    return Compared(violations=violations, metrics=metrics, drifts=drifts)


def tests_of(baseline: Baseline) -> int:
    """Returns the number of checks that could fail by chance.

    They are the completeness and the distribution of each feature that is compared, and the domain
    of those with one.

    Args:
        baseline: the baseline.
    """
    compared = [one for one in baseline.constraints if one.comparison.evaluate]
    return max(1, sum(2 + (one.domains is not None) for one in compared))


def read_statistics(content: bytes) -> dict[str, dict[str, Any]]:
    """Returns the entries of a statistics file by feature.

    Args:
        content: content of the file.

    Raises:
        InputError: the file is not a statistics file.
    """
    return _by_name(_document(content))


def read_prediction_statistics(content: bytes) -> dict[str, dict[str, Any]]:
    """Returns the entries of predictions in a statistics file, which it has if it had a model.

    Args:
        content: content of the file.

    Raises:
        InputError: the file is not a statistics file.
    """
    return _by_name(_document(content).get("predictions") or {"features": []})


def read_segment_statistics(content: bytes) -> dict[str, dict[str, dict[str, Any]]]:
    """Returns the entries of each segment in a statistics file, by its value and by feature.

    Args:
        content: content of the file.

    Raises:
        InputError: the file is not a statistics file.
    """
    segments = _document(content).get("segments") or {}
    return {value: _by_name(part) for value, part in segments.items()}


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise InputError(f"baseline_statistics: is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputError("baseline_statistics: got no JSON object; allowed: a statistics file")
    return document


def _by_name(part: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    try:
        return {entry["name"]: entry for entry in part["features"]}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"baseline_statistics: cannot be read as a statistics file: {error!r}"
        ) from error


def statistics_of(found: Summary, types: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Returns the content of a statistics file.

    Args:
        found: the columns.
        types: type of each column. Defaults to None: that of its values.
    """
    chosen = types or {}
    entries = [
        one.statistics(chosen.get(one.name, one.inferred_type)) for one in found.columns.values()
    ]
    return {"version": 0.0, "dataset": {"item_count": found.rows}, "features": entries}


def misfit_violations(misfits: Mapping[int, int], rows: int, columns: int) -> Iterator[Violation]:
    """Yields the violations of rows with another number of cells than there are columns.

    Args:
        misfits: number of such rows, by the number of their cells.
        rows: number of the other rows.
        columns: number of columns.
    """
    total = rows + sum(misfits.values())
    sides = (
        ("missing", "fewer", [width for width in sorted(misfits) if width < columns]),
        ("extra", "more", [width for width in sorted(misfits) if width > columns]),
    )
    for kind, word, widths in sides:
        if widths:
            count = sum(misfits[width] for width in widths)
            text = (
                f"{_columns_text(kind, widths[0], columns)} {count} of {total} rows have {word} "
                f"than {columns} columns"
            )
            yield _violation(f"{kind.title()} columns", f"{kind}_column_check", text)


def _columns_text(kind: str, current: int, columns: int) -> str:
    return (
        f"There are {kind} columns in current dataset. Number of columns in current dataset: "
        f"{current}, Number of columns in baseline constraints: {columns}."
    )


def _column_violations(found: Summary, baseline: Baseline) -> Iterator[Violation]:
    names = [one.name for one in baseline.constraints]
    current = len(found.seen) + len(found.others)
    for name in [one.name for one in baseline.constraints if one.comparison.evaluate]:
        if name not in found.seen:
            text = f"{_columns_text('missing', current, len(names))} No request has the column"
            yield _violation(name, "missing_column_check", text)
    for name in found.others:
        text = f"{_columns_text('extra', current, len(names))} The baseline lacks the column"
        yield _violation(name, "extra_column_check", text)


def _violations(
    found: Column,
    constraint: Constraint,
    baseline: Mapping[str, Any] | None,
    drift: Drift | None,
    error: float,
) -> Iterator[Violation]:
    comparison = constraint.comparison
    fitting = found.share_of(constraint.inferred_type)
    if 1 - fitting > comparison.type_threshold:
        kind = constraint.inferred_type
        expected, observed = _percent(1 - comparison.type_threshold), _percent(fitting)
        yield _violation(
            found.name,
            "data_type_check",
            f"Data type match requirement is not met. Expected data type: {kind}, Expected match: "
            f"{expected}. Observed: Only {observed} of data is {kind}.",
        )
    if _is_less_complete(found, constraint, baseline, error):
        yield _violation(
            found.name,
            "completeness_check",
            "Data completeness requirement is not met. Expected completeness: "
            f"{_percent(constraint.completeness)}. Observed: Only "
            f"{_percent(found.completeness)} of data is complete.",
        )
    unknown = _unknown(found, constraint)
    if unknown and _is_outside(unknown, found, constraint, baseline, error):
        known = 1 - unknown / found.present
        yield _violation(
            found.name,
            "categorical_values_check",
            "Domain match requirement is not met. Expected match: "
            f"{_percent(1 - comparison.domain_threshold)}. Observed: Only {_percent(known)} of "
            "data is in the domain of the baseline.",
        )
    if drift is not None and comparison.compare:
        yield from _drift_violation(found.name, constraint, drift, error)


def _drift_violation(
    name: str, constraint: Constraint, drift: Drift, error: float
) -> Iterator[Violation]:
    comparison = constraint.comparison
    categorical = constraint.inferred_type == STRING
    threshold = comparison.categorical_threshold if categorical else comparison.threshold
    if drift.distance > threshold:
        text = f"Baseline drift distance: {drift.distance} exceeds threshold: {threshold}"
        yield _violation(name, "baseline_drift_check", text)
    elif drift.scale > comparison.scale_threshold and drift.probability < error:
        measure = "Jensen-Shannon" if categorical else "Wasserstein"
        text = (
            f"Baseline drift distance: {drift.scale} exceeds threshold: "
            f"{comparison.scale_threshold} ({measure})"
        )
        yield _violation(name, "baseline_drift_check", text)


def _is_less_complete(
    found: Column, constraint: Constraint, baseline: Mapping[str, Any] | None, error: float
) -> bool:
    """Returns True if more values are missing than in the baseline, and more than by chance."""
    if not found.rows or found.completeness >= constraint.completeness:
        return False
    # Without statistics, the size of the baseline is unknown, and its completeness is exact.
    before = _rows(baseline) or MANY_ROWS
    missing = round(before * (1 - constraint.completeness))
    return excess_probability(found.missing, found.rows, missing, before) < error


def _rows(baseline: Mapping[str, Any] | None) -> int:
    entry = baseline or {}
    for kind in ("numerical_statistics", "string_statistics"):
        common = (entry.get(kind) or {}).get("common") or {}
        if common:
            return int(common.get("num_present", 0)) + int(common.get("num_missing", 0))
    return 0


def _unknown(found: Column, constraint: Constraint) -> int:
    """Returns the number of values outside of the domain."""
    if constraint.domains is None or not found.present:
        return 0
    if found.texts is None:
        return found.present  # far more values than a domain has
    known = sum(count for value, count in found.texts.items() if value in constraint.domains)
    return found.present - known


def _is_outside(
    unknown: int,
    found: Column,
    constraint: Constraint,
    baseline: Mapping[str, Any] | None,
    error: float,
) -> bool:
    tolerated = constraint.comparison.domain_threshold
    if unknown <= tolerated * found.present:
        return False
    counts = category_counts(baseline or {}) if not tolerated else None
    occurrences = (counts or {}).values()
    rarest = min(occurrences, default=MIN_FREQUENT)
    if rarest >= MIN_FREQUENT:
        return True
    # Where the baseline has rare values, others were not seen by chance: their share is about that
    # of the values that occur once (Good, Turing), or that of the rarest one.
    similar = round(sum(count for count in occurrences if count == 1) + rarest)
    rows = round(sum(occurrences))
    return excess_probability(unknown, found.present, similar, rows) < error


def _percent(share: float) -> str:
    """Returns a share as Model Monitor writes it, such as `99.71751412429379%` or `100.0%`."""
    return f"{round(share * 100, 12)}%"


def _violation(feature: str, check: str, description: str) -> Violation:
    return {
        "feature_name": feature,
        "constraint_check_type": check,
        "description": description,
    }


def metrics_of(found: Column, drift: Drift | None, prefix: str = "feature") -> Iterator[Metric]:
    """Yields the metrics of a column.

    Args:
        found: the column.
        drift: its drift; None if it was not compared.
        prefix: prefix of the names of metrics. Defaults to `feature`.
    """
    name = found.name
    yield Metric(name=f"{prefix}_non_null_{name}", value=found.completeness)
    if drift is not None:
        yield Metric(name=f"{prefix}_baseline_drift_{name}", value=drift.distance)
        yield Metric(name=f"{prefix}_baseline_distance_{name}", value=drift.raw)
        yield Metric(name=f"{prefix}_scale_distance_{name}", value=drift.scale)
    if found.numbers:
        yield Metric(
            name=f"{prefix}_data_{name}",
            statistics={
                "SampleCount": float(found.numbers),
                "Sum": found.sum,
                "Minimum": found.minimum,
                "Maximum": found.maximum,
            },
        )
