"""Two models on the same rows: the area under the ROC curve of each, with intervals.

The intervals are percentiles of a bootstrap whose resamples both models share, so that the interval
of the difference is that of a paired comparison.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 300
_PERCENTILES = (2.5, 97.5)
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def area(positive: NDArray[np.bool_], scores: Numbers) -> float:
    """Returns the area under the ROC curve; 0.5 if all rows have one label.

    Args:
        positive: True for each row with the positive label.
        scores: predicted probability of that label.
    """
    many = int(positive.sum())
    few = len(positive) - many
    if not many or not few:
        return 0.5
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[inverse]  # equal scores share their mean rank
    return float((ranks[positive].sum() - many * (many + 1) / 2) / (many * few))


def estimate(labels: Sequence[bool], scores: Sequence[float], seed: int = 7) -> Estimate:
    """Returns the area under the ROC curve of a model with its interval.

    Args:
        labels: True for each row with the positive label.
        scores: predicted probability of that label.
        seed: seed of the bootstrap. Defaults to 7.
    """
    positive, values = np.asarray(labels, dtype=bool), np.asarray(scores, dtype=float)
    draws = [area(positive[rows], values[rows]) for rows in _resamples(len(positive), seed)]
    return _estimate(area(positive, values), draws)


def difference(
    labels: Sequence[bool], scores: Sequence[float], others: Sequence[float], seed: int = 7
) -> Estimate:
    """Returns how much larger the area of the second model is, with its paired interval.

    Args:
        labels: True for each row with the positive label.
        scores: predictions of the first model.
        others: predictions of the second model for the same rows.
        seed: seed of the bootstrap. Defaults to 7.
    """
    positive = np.asarray(labels, dtype=bool)
    first, second = np.asarray(scores, dtype=float), np.asarray(others, dtype=float)
    draws = [
        area(positive[rows], second[rows]) - area(positive[rows], first[rows])
        for rows in _resamples(len(positive), seed)
    ]
    return _estimate(area(positive, second) - area(positive, first), draws)


def _resamples(count: int, seed: int) -> list[NDArray[np.int64]]:
    draw = np.random.default_rng(seed)
    return [draw.integers(0, count, count) for _ in range(RESAMPLES)]


def _estimate(value: float, draws: Sequence[float]) -> Estimate:
    low, high = np.percentile(np.asarray(draws), _PERCENTILES)
    return Estimate(float(value), float(low), float(high))
