"""How far apart two distributions are, from 0 (the same) to 1.

The names are those of a constraints file. `Simple` is the greatest difference of the cumulative
shares. `Robust` takes off what samples of this size differ by chance: the two-sample
Kolmogorov-Smirnov test's 1.8 * sqrt((n + m) / (n * m)), at which one of 300 pairs of equal
distributions would be seen as different. Of categories `LInfinity` is the greatest difference of
the shares, and `ChiSquared` is Cramer's V where Pearson's test sees a difference at 1 %, else 0.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-constraints.html
"""

import math
from collections.abc import Mapping

import numpy as np

from tabular.monitor.sketch import Vector

ROBUST = 1.8
NORMAL_QUANTILE = 2.3263  # of 99 %


def numerical_distance(
    baseline: tuple[Vector, Vector], current: tuple[Vector, Vector], method: str = "Robust"
) -> float:
    """The distance of numbers.

    Args:
        baseline: values in their order, and how many each stands for.
        current: the same of the other distribution.
        method: `Robust` or `Simple`.
    """
    points = np.union1d(baseline[0], current[0])
    difference = np.abs(_cumulative(baseline, points) - _cumulative(current, points))
    simple = float(difference.max()) if len(points) else 0.0
    return simple if method == "Simple" else _robust(simple, baseline[1].sum(), current[1].sum())


def categorical_distance(
    baseline: Mapping[str, float], current: Mapping[str, float], method: str = "LInfinity"
) -> float:
    """The distance of categories.

    Args:
        baseline: how often each was there.
        current: how often each is there.
        method: `LInfinity` or `ChiSquared`; the former takes chance off as `Robust` does.
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
