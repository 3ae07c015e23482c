"""Distances of two distributions.

The method names are those of a constraints file. `Simple` is the largest difference of the
cumulative shares, from 0 (equal) to 1. `Robust` subtracts the difference that samples of this size
show by chance, which is 1.8 * sqrt((n + m) / (n * m)) of the two-sample Kolmogorov-Smirnov test:
one of 300 pairs of equal distributions would be reported as different. For categories, `LInfinity`
is the largest difference of the shares, and `ChiSquared` is Cramer's V if Pearson's test finds a
difference at 1 %, else 0.

These distances hardly see a changed spread, a few remote values or a value that a broken sensor
repeats. `scale_distance` does: it is the distance of Wasserstein in standard deviations of the
baseline; for categories, `shannon_distance` is that of Jensen and Shannon.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-constraints.html
"""

import math
from collections.abc import Mapping

import numpy as np

from mlops_jobs.monitoring.columns.sketch import Sample, Vector

ROBUST = 1.8
SINGLE_PRECISION = 5e-7  # some units in the last place of 32 bits
NORMAL_QUANTILE = 2.3263  # at 99 %


def numerical_distance(baseline: Sample, current: Sample, method: str = "Robust") -> float:
    """Returns the distance of two numerical distributions.

    Args:
        baseline: sorted values, and the number of values that each represents.
        current: the same for the other distribution.
        method: `Robust` or `Simple`. Defaults to `Robust`.
    """
    difference = np.abs(_differences(baseline, current)[1])
    simple = float(difference.max()) if len(difference) else 0.0
    return simple if method == "Simple" else _robust(simple, baseline[1].sum(), current[1].sum())


def largest_differences(baseline: Sample, current: Sample) -> tuple[float, float]:
    """Returns the largest cumulative difference above and the largest below, each from 0 to 1.

    Args:
        baseline: sorted values, and the number of values that each represents.
        current: the same for the other distribution.
    """
    difference = _differences(baseline, current)[1]
    if not len(difference):
        return 0.0, 0.0
    return max(0.0, float(difference.max())), max(0.0, float(-difference.min()))


def scale_distance(baseline: Sample, current: Sample) -> float:
    """Returns the Wasserstein distance in standard deviations of the baseline.

    A baseline of one value has no standard deviation; the unit is then the size of the value, or 1.

    Args:
        baseline: sorted values, and the number of values that each represents.
        current: the same for the other distribution.
    """
    points, difference = _differences(baseline, current)
    if len(points) < 2:
        return 0.0
    moved = float((np.abs(difference[:-1]) * np.diff(points)).sum())
    values, weights = baseline
    mean = float(np.average(values, weights=weights))
    deviation = math.sqrt(float(np.average((values - mean) ** 2, weights=weights)))
    return moved / (deviation or abs(mean) or 1.0)


def categorical_distance(
    baseline: Mapping[str, float], current: Mapping[str, float], method: str = "LInfinity"
) -> float:
    """Returns the distance of two categorical distributions.

    Args:
        baseline: number of occurrences of each category.
        current: the same for the other distribution.
        method: `LInfinity`, which subtracts chance like `Robust`, `Simple`, which does not, or
            `ChiSquared`. Defaults to `LInfinity`.
    """
    table = counts_of(baseline, current)
    before, now = table.sum(axis=1)
    if not before or not now:
        return 0.0
    if method == "ChiSquared":
        return _cramer(table)
    shares = table / table.sum(axis=1, keepdims=True)
    largest = float(np.abs(shares[0] - shares[1]).max())
    return largest if method == "Simple" else _robust(largest, before, now)


def shannon_distance(baseline: Mapping[str, float], current: Mapping[str, float]) -> float:
    """Returns the Jensen-Shannon distance of two categorical distributions, from 0 to 1.

    Args:
        baseline: number of occurrences of each category.
        current: the same for the other distribution.
    """
    table = counts_of(baseline, current)
    if not table.sum(axis=1).all():
        return 0.0
    shares = table / table.sum(axis=1, keepdims=True)
    middle = shares.mean(axis=0)
    ratios = np.divide(shares, middle, out=np.ones_like(shares), where=shares > 0)
    return math.sqrt(max(0.0, float((shares * np.log2(ratios)).sum()) / 2))


def counts_of(baseline: Mapping[str, float], current: Mapping[str, float]) -> Vector:
    """Returns the counts of all categories: a row for the baseline, and one for the current values.

    Args:
        baseline: number of occurrences of each category.
        current: the same for the other distribution.
    """
    names = sorted({*baseline, *current})
    return np.array(
        [[float(one.get(name, 0.0)) for name in names] for one in (baseline, current)]
    ).reshape(2, len(names))


def _differences(baseline: Sample, current: Sample) -> tuple[Vector, Vector]:
    """Returns all values, and the difference of the cumulative shares at each.

    Values that are equal in 32 bits are one value. A model writes a probability in one of several
    ways, such as p or 1 - (1 - p), whose last digits differ; one with few leaves repeats each, so
    that all of them would lie between two values of the baseline.
    """
    points = np.union1d(baseline[0], current[0])
    if len(points) > 1:
        sizes = np.maximum(np.abs(points[1:]), np.abs(points[:-1]))
        points = points[np.append(np.diff(points) > SINGLE_PRECISION * sizes, True)]
    return points, _cumulative(baseline, points) - _cumulative(current, points)


def _cumulative(sample: Sample, points: Vector) -> Vector:
    values, weights = sample
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    found: Vector = sums[np.searchsorted(values, points, side="right")]
    return found / sums[-1] if sums[-1] else found


def _robust(distance: float, before: float, now: float) -> float:
    if not before or not now:
        return 0.0
    return max(0.0, distance - ROBUST * math.sqrt((before + now) / (before * now)))


def _cramer(table: Vector) -> float:
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    freedom = table.shape[1] - 1
    if not freedom:
        return 0.0
    # Wilson and Hilferty's approximation of the quantile.
    ninth = 2 / (9 * freedom)
    critical = freedom * (1 - ninth + NORMAL_QUANTILE * math.sqrt(ninth)) ** 3
    return math.sqrt(statistic / float(table.sum())) if statistic > critical else 0.0
