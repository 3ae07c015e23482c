"""Distances of two distributions, from 0 (equal) to 1.

The method names are those of a constraints file. `Simple` is the largest difference of the
cumulative shares. `Robust` subtracts the difference that samples of this size show by chance, which
is 1.8 * sqrt((n + m) / (n * m)) of the two-sample Kolmogorov-Smirnov test: one of 300 pairs of
equal distributions would be reported as different. For categories, `LInfinity` is the largest
difference of the shares, and `ChiSquared` is Cramer's V if Pearson's test finds a difference at 1
%, else 0.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-constraints.html
"""

import math
from collections.abc import Mapping

import numpy as np

from mlops_jobs.monitoring.sketch import Vector

ROBUST = 1.8
NORMAL_QUANTILE = 2.3263  # at 99 %


def numerical_distance(
    baseline: tuple[Vector, Vector], current: tuple[Vector, Vector], method: str = "Robust"
) -> float:
    """Returns the distance of two numerical distributions.

    Args:
        baseline: sorted values, and the number of values that each represents.
        current: the same for the other distribution.
        method: `Robust` or `Simple`. Defaults to `Robust`.
    """
    points = np.union1d(baseline[0], current[0])
    difference = np.abs(_cumulative(baseline, points) - _cumulative(current, points))
    simple = float(difference.max()) if len(points) else 0.0
    return simple if method == "Simple" else _robust(simple, baseline[1].sum(), current[1].sum())


def categorical_distance(
    baseline: Mapping[str, float], current: Mapping[str, float], method: str = "LInfinity"
) -> float:
    """Returns the distance of two categorical distributions.

    Args:
        baseline: number of occurrences of each category.
        current: the same for the other distribution.
        method: `LInfinity`, which subtracts chance like `Robust`, or `ChiSquared`. Defaults to
            `LInfinity`.
    """
    before, now = sum(baseline.values()), sum(current.values())
    if not before or not now:
        return 0.0
    names = sorted({*baseline, *current})
    table = np.array([[one.get(name, 0.0) for name in names] for one in (baseline, current)])
    if method == "ChiSquared":
        return _cramer(table)
    shares = table / table.sum(axis=1, keepdims=True)
    return _robust(float(np.abs(shares[0] - shares[1]).max()), before, now)


def _cumulative(sample: tuple[Vector, Vector], points: Vector) -> Vector:
    values, weights = sample
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    found: Vector = sums[np.searchsorted(values, points, side="right")]
    return found / sums[-1] if sums[-1] else found


def _robust(distance: float, before: float, now: float) -> float:
    if not before or not now:
        return 0.0
    return max(0.0, distance - ROBUST * math.sqrt((before + now) / (before * now)))


def _cramer(table: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    freedom = table.shape[1] - 1
    if not freedom:
        return 0.0
    # Wilson and Hilferty's approximation of the quantile.
    ninth = 2 / (9 * freedom)
    critical = freedom * (1 - ninth + NORMAL_QUANTILE * math.sqrt(ninth)) ** 3
    return math.sqrt(statistic / float(table.sum())) if statistic > critical else 0.0
