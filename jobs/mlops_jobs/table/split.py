"""Split of rows into training, validation and held-out test rows."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from mlops_jobs.table.target import Target

Parts = npt.NDArray[np.uint8]


class Part(IntEnum):
    """Use of a row."""

    TRAIN = 0
    VALIDATION = 1
    TEST = 2
    UNUSED = 3  # it has no target


def split(target: Target, *, validation: float, test: float, seed: int) -> Parts:
    """Draws the part of each row; the same input gives the same parts.

    Classes have the same shares in every part. A class with at least three rows is in all parts.

    Args:
        target: target of each row.
        validation: share of rows that decide when training stops and which trial is best.
        test: share of rows that only the evaluation reads.
        seed: seed of the random generator.

    Returns:
        The `Part` of each row.
    """
    random = np.random.default_rng(seed)
    values = np.array([np.nan if value is None else value for value in target.values])
    parts = np.full(len(values), Part.UNUSED, dtype=np.uint8)
    for rows in _strata(values, target.labels):
        drawn = random.permutation(rows)
        held_out = _share(len(drawn), test)
        # Two rounded shares could include every row of a small class.
        stop = min(held_out + _share(len(drawn), validation), len(drawn) - 1)
        parts[drawn[:held_out]] = Part.TEST
        parts[drawn[held_out:stop]] = Part.VALIDATION
        parts[drawn[stop:]] = Part.TRAIN
    return parts


def _strata(values: npt.NDArray[np.float64], labels: Sequence[str]) -> list[npt.NDArray[np.intp]]:
    if not labels:
        return [np.flatnonzero(~np.isnan(values))]
    return [np.flatnonzero(values == code) for code in range(len(labels))]


def _share(rows: int, share: float) -> int:
    """Returns a number of rows: at least one of three, so that small classes are in every part."""
    return max(round(rows * share), 1 if rows >= 3 else 0)
