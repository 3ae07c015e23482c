"""Drift of one column: its distances from the baseline, and the chance of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops_jobs.monitoring.columns.chance import distribution_probability, independence_probability
from mlops_jobs.monitoring.columns.column import NUMERIC, Column
from mlops_jobs.monitoring.columns.distance import (
    categorical_distance,
    counts_of,
    largest_differences,
    numerical_distance,
    scale_distance,
    shannon_distance,
)
from mlops_jobs.monitoring.columns.sketch import Sample, expand
from mlops_jobs.monitoring.constraints import Comparison, Constraint


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Distances of a column from its baseline.

    Args:
        distance: distance by the method of the constraints, less chance, which depends on the
            number of rows.
        raw: largest difference of the (cumulative) shares, which does not depend on it.
        scale: distance of Wasserstein in standard deviations, or of Jensen and Shannon.
        probability: probability that equal distributions differ as much.
    """

    distance: float
    raw: float
    scale: float
    probability: float


def drift_of(
    found: Column, constraint: Constraint, baseline: Mapping[str, Any] | None
) -> Drift | None:
    """Returns the drift of a column; None if it cannot be compared.

    Args:
        found: the column.
        constraint: its constraints.
        baseline: its entry in the statistics of the baseline; None if it has none.
    """
    if baseline is None or not found.present:
        return None
    if constraint.inferred_type in NUMERIC:
        before = numerical_sample(baseline)
        if before is None or not found.numbers:
            return None
        return _numerical(before, found.sample, constraint.comparison)
    before_counts, now = category_counts(baseline), found.texts
    if constraint.domains is None or before_counts is None or now is None:
        # Strings with many values, such as identifiers, have no stable distribution.
        return None
    return _categorical(before_counts, now, constraint.comparison)


def numerical_sample(entry: Mapping[str, Any]) -> Sample | None:
    """Returns the sample in an entry of a statistics file; None without one.

    Args:
        entry: the entry of a feature.
    """
    numbers = entry.get("numerical_statistics") or {}
    sketch = ((numbers.get("distribution") or {}).get("kll") or {}).get("sketch") or {}
    sample = expand(sketch.get("data") or [])
    return sample if len(sample[0]) else None


def category_counts(entry: Mapping[str, Any]) -> dict[str, float] | None:
    """Returns the counts of categories in an entry of a statistics file; None without them.

    Args:
        entry: the entry of a feature.
    """
    strings = entry.get("string_statistics") or {}
    buckets = ((strings.get("distribution") or {}).get("categorical") or {}).get("buckets")
    if not buckets:
        return None
    return {str(bucket["value"]): float(bucket["count"]) for bucket in buckets}


def _numerical(before: Sample, now: Sample, comparison: Comparison) -> Drift:
    counts = float(before[1].sum()), float(now[1].sum())
    return Drift(
        distance=numerical_distance(before, now, comparison.method),
        raw=numerical_distance(before, now, "Simple"),
        scale=scale_distance(before, now),
        probability=distribution_probability(*largest_differences(before, now), *counts),
    )


def _categorical(
    before: Mapping[str, float], now: Mapping[str, float], comparison: Comparison
) -> Drift:
    table = counts_of(before, now)
    return Drift(
        distance=categorical_distance(before, now, comparison.categorical_method),
        raw=categorical_distance(before, now, "Simple"),
        scale=shannon_distance(before, now),
        probability=independence_probability(table[0], table[1]),
    )
