"""Sampling variation of metrics, by resampling of rows."""

import math
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Draw = npt.NDArray[np.intp]

DRAWS = 60
SEED = 7


def standard_deviations(measure: Callable[[Draw], dict[str, float]], rows: int) -> dict[str, float]:
    """Returns the standard deviation of each metric over draws with replacement.

    Args:
        measure: computes the metrics of selected rows; a metric that is undefined for them is not
            finite.
        rows: number of rows, which is also the size of a draw.
    """
    random = np.random.default_rng(SEED)
    found: dict[str, list[float]] = {}
    for _ in range(DRAWS):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            measured = measure(random.integers(0, rows, rows))
        for name, value in measured.items():
            if math.isfinite(value):
                found.setdefault(name, []).append(value)
    return {name: float(np.std(values)) for name, values in found.items()}
