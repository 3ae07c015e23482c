"""How much a measure varies by chance: it is taken of random draws from the same rows."""

import math
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Draw = npt.NDArray[np.intp]

DRAWS = 60
SEED = 7


def standard_deviations(measure: Callable[[Draw], dict[str, float]], rows: int) -> dict[str, float]:
    """The standard deviation of each measure over draws of as many rows with replacement.

    Args:
        measure: gives the measures of chosen rows; one that does not exist for them is not finite.
        rows: how many there are.
    """
    dice = np.random.default_rng(SEED)
    found: dict[str, list[float]] = {}
    for _ in range(DRAWS):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            measured = measure(dice.integers(0, rows, rows))
        for name, value in measured.items():
            if math.isfinite(value):
                found.setdefault(name, []).append(value)
    return {name: float(np.std(values)) for name, values in found.items()}
