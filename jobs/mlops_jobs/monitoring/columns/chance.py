"""Probability that a difference of two samples is chance.

A report has several checks of several columns. Each may raise a false alarm with a share of
`REPORT_ERROR`, so that at most 1 % of the reports without drift have one (Bonferroni).
"""

import math
from statistics import NormalDist

import numpy as np

from mlops_jobs.monitoring.columns.sketch import Vector

REPORT_ERROR = 0.007
METRICS_ERROR = 0.003  # the same for metrics of predictions, whose spread is estimated
MAX_EXACT = 2000  # occurrences up to which a tail is summed
MIN_EXPECTED = 5.0
TERMS = 20
MIN_ARGUMENT = 0.4  # below it, the series of both distributions are 1
_NORMAL = NormalDist()


def excess_probability(count: int, rows: int, before: int, rows_before: int) -> float:
    """Returns the probability of at least this many occurrences if the rates are equal.

    It is the one-sided test of Fisher; of many occurrences, its normal approximation.

    Args:
        count: occurrences among the current rows.
        rows: number of current rows.
        before: occurrences among the rows of the baseline.
        rows_before: number of rows of the baseline.
    """
    total, occurrences = rows + rows_before, count + before
    if not count or not rows or not rows_before:
        return 1.0
    if occurrences <= MAX_EXACT:
        whole = _choose(total, occurrences)
        most = min(occurrences, rows)
        return min(
            1.0,
            math.fsum(
                math.exp(_choose(rows, one) + _choose(rows_before, occurrences - one) - whole)
                for one in range(count, most + 1)
                if occurrences - one <= rows_before
            ),
        )
    share = occurrences / total
    error = math.sqrt(share * (1 - share) * (1 / rows + 1 / rows_before))
    difference = count / rows - before / rows_before - 0.5 * (1 / rows + 1 / rows_before)
    return 1 - _NORMAL.cdf(difference / error) if error else 1.0


def _choose(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)


def distribution_probability(above: float, below: float, before: float, now: float) -> float:
    """Returns the probability of at least these cumulative differences by chance.

    Two tests, of Kolmogorov and Smirnov for one-sided changes and of Kuiper for a changed spread,
    have one half of the error each. Both hold for any distribution.

    Args:
        above: largest difference above.
        below: largest difference below.
        before: number of values of the baseline.
        now: number of current values.

    Source: M. A. Stephens, "Use of the Kolmogorov-Smirnov, Cramer-Von Mises and Related Statistics
    Without Extensive Tables", Journal of the Royal Statistical Society B 32, 1970.
    """
    if not before or not now:
        return 1.0
    root = math.sqrt(before * now / (before + now))
    smirnov = _smirnov((root + 0.12 + 0.11 / root) * max(above, below))
    kuiper = _kuiper((root + 0.155 + 0.24 / root) * (above + below))
    return min(1.0, 2 * min(smirnov, kuiper))


def _smirnov(argument: float) -> float:
    if argument < MIN_ARGUMENT:
        return 1.0
    terms = range(1, TERMS + 1)
    series = math.fsum(
        (1 if term % 2 else -1) * math.exp(-2 * (term * argument) ** 2) for term in terms
    )
    return min(1.0, max(0.0, 2 * series))


def _kuiper(argument: float) -> float:
    if argument < MIN_ARGUMENT:
        return 1.0
    squares = [(term * argument) ** 2 for term in range(1, TERMS + 1)]
    series = math.fsum((4 * one - 1) * math.exp(-2 * one) for one in squares)
    return min(1.0, max(0.0, 2 * series))


def independence_probability(before: Vector, now: Vector) -> float:
    """Returns the probability of at least this difference of two rows of counts by chance.

    It is Pearson's test; categories with an expected count below 5 are one category.

    Args:
        before: counts of the categories in the baseline.
        now: current counts of the same categories.
    """
    table = np.stack([before, now])
    total = table.sum()
    if not total or not before.sum() or not now.sum():
        return 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    rare = expected.min(axis=0) < MIN_EXPECTED
    pooled = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)]) if rare.any() else table
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    freedom = pooled.shape[1] - 1
    if freedom < 1:
        return 1.0
    expected = np.outer(pooled.sum(axis=1), pooled.sum(axis=0)) / total
    if expected.min() < 1:
        return 1.0  # too few values for the test
    statistic = float(((pooled - expected) ** 2 / expected).sum())
    ninth = 2 / (9 * freedom)  # Wilson and Hilferty's approximation
    return 1 - _NORMAL.cdf(((statistic / freedom) ** (1 / 3) - (1 - ninth)) / math.sqrt(ninth))
