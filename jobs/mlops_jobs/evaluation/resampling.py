"""Sampling variation of metrics, by resampling of rows."""

import math
import warnings
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

Draw = npt.NDArray[np.intp]

DRAWS = 100
MAX_DRAWN_ROWS = 20_000
SEED = 7
SAMPLES = 5
SAMPLED_SHARE = 0.8


def standard_deviations(measure: Callable[[Draw], dict[str, float]], rows: int) -> dict[str, float]:
    """Returns the standard deviation of each metric over draws with replacement.

    Of more than `MAX_DRAWN_ROWS` rows, draws have as many rows, and the deviation is scaled.

    Args:
        measure: computes the metrics of selected rows; a metric that is undefined for them is not
            finite.
        rows: number of rows.
    """
    random = np.random.default_rng(SEED)
    drawn = min(rows, MAX_DRAWN_ROWS)
    found = _measured(measure, (random.integers(0, rows, drawn) for _ in range(DRAWS)))
    scale = math.sqrt(drawn / rows)
    return {name: scale * float(np.std(values, ddof=1)) for name, values in found.items()}


def sample_deviations(measure: Callable[[Draw], dict[str, float]], rows: int) -> dict[str, float]:
    """Returns the standard deviation of each metric as Model Monitor defines it.

    It is that of five random samples of 80 % of the rows.

    Args:
        measure: as for `standard_deviations`.
        rows: number of rows.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
    """
    random = np.random.default_rng(SEED)
    size = round(SAMPLED_SHARE * rows)
    samples = (random.choice(rows, size, replace=False) for _ in range(SAMPLES))
    found = _measured(measure, samples)
    return {name: float(np.std(values, ddof=1)) for name, values in found.items()}


def _measured(
    measure: Callable[[Draw], dict[str, float]], draws: Iterable[Draw]
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for draw in draws:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            measured = measure(draw)
        for name, value in measured.items():
            if math.isfinite(value):
                found.setdefault(name, []).append(value)
    return {name: values for name, values in found.items() if len(values) > 1}
