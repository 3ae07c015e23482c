"""Confidence intervals of metrics, by resampling of rows.

Source:
    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13: the percentile
    interval.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_jobs.evaluation.resampling import SEED, Draw

LEVEL = 0.95
DRAWS = 300
MAX_DRAWN_ROWS = 4000
MIN_SHARE = 0.5  # of the draws for which a metric must be defined


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An interval that contains the value for all possible rows with a probability of 95 %.

    Args:
        low: lower end.
        high: upper end.
    """

    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """Returns the members for a report."""
        return {"low": self.low, "high": self.high}


def draws(rows: int, count: int = DRAWS) -> Iterator[Draw]:
    """Yields samples of rows with replacement; the same rows give the same samples.

    Args:
        rows: number of rows.
        count: number of samples. Defaults to 300.
    """
    random = np.random.default_rng(SEED)
    for _ in range(count):
        yield random.integers(0, rows, min(rows, MAX_DRAWN_ROWS))


def intervals(
    measure: Callable[[Draw], dict[str, float]],
    values: dict[str, float],
    rows: int,
    *,
    count: int = DRAWS,
) -> dict[str, Interval]:
    """Returns the interval of each metric.

    Samples have at most `MAX_DRAWN_ROWS` rows. The interval of more rows is that of the samples,
    made narrower by the square root of the ratio.

    Args:
        measure: computes the metrics of selected rows; a metric that is undefined for them is not
            finite.
        values: the metrics of all rows.
        rows: number of rows.
        count: number of samples. Defaults to 300.

    Returns:
        The interval of each metric that is defined for all rows and for most samples.
    """
    found: dict[str, list[float]] = {}
    for draw in draws(rows, count):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            measured = measure(draw)
        for name, value in measured.items():
            if math.isfinite(value):
                found.setdefault(name, []).append(value)
    scale = math.sqrt(min(rows, MAX_DRAWN_ROWS) / rows)
    return {
        name: _interval(sample, values[name], scale)
        for name, sample in found.items()
        if len(sample) >= MIN_SHARE * count and math.isfinite(values.get(name, math.nan))
    }


def _interval(sample: list[float], value: float, scale: float) -> Interval:
    low, middle, high = np.quantile(sample, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    if scale == 1:
        return Interval(low=float(low), high=float(high))
    return Interval(
        low=value - scale * float(middle - low), high=value + scale * float(high - middle)
    )


def share_interval(hits: int, rows: int) -> Interval:
    """Returns Wilson's interval of a share.

    Args:
        hits: number of rows that count.
        rows: number of all rows, at least 1.

    Source:
        https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval
    """
    z = 1.959964
    share, square = hits / rows, z * z
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    half = z / (1 + square / rows) * math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    return Interval(low=max(0.0, middle - half), high=min(1.0, middle + half))


def sample_of(rows: int, most: int) -> Any:
    """Returns the indices of a random sample of rows, in their order; all of them if they are few.

    Args:
        rows: number of rows.
        most: maximum number of rows of the sample.
    """
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(SEED).choice(rows, most, replace=False))


def described(sample: int, rows: int) -> str:
    """Returns a text that says of which rows a figure is.

    Args:
        sample: number of rows of the sample.
        rows: number of all rows.
    """
    if sample >= rows:
        return f"all {rows:,} held-out rows"
    return f"a random sample of {sample:,} of {rows:,} held-out rows"
