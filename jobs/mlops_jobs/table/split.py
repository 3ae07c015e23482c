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


def split(
    target: Target,
    *,
    validation: float,
    test: float,
    seed: int,
    groups: npt.NDArray[np.int64] | None = None,
) -> Parts:
    """Draws the part of each row; the same input gives the same parts.

    Classes have the same shares in every part. A class with at least three groups of rows is in all
    parts.

    Args:
        target: target of each row.
        validation: share of rows that decide when training stops and which trial is best.
        test: share of rows that only the evaluation reads.
        seed: seed of the random generator.
        groups: number of the group of each row; the rows of a group are in the same part, and have
            the same class. Defaults to None: each row is a group.

    Returns:
        The `Part` of each row.
    """
    random = np.random.default_rng(seed)
    values = np.array([np.nan if value is None else value for value in target.values])
    parts = np.full(len(values), Part.UNUSED, dtype=np.uint8)
    for rows in _strata(values, target.labels):
        if len(rows):
            members = rows if groups is None else groups[rows]
            parts[rows] = _draw(members, random, validation=validation, test=test)
    return parts


def split_by_time(
    target: Target, times: npt.NDArray[np.float64], *, validation: float, test: float
) -> Parts:
    """Returns the part of each row: the newest rows are held out, the oldest are for training.

    Rows of the same time are in the same part. A row without a time is for training.

    Args:
        target: target of each row.
        times: time of each row, in any unit; NaN if it is unknown.
        validation: share of rows that decide when training stops and which trial is best.
        test: share of rows that only the evaluation reads.
    """
    used = np.array([value is not None for value in target.values])
    parts = np.where(used, Part.TRAIN, Part.UNUSED).astype(np.uint8)
    known = used & ~np.isnan(times)
    if not known.any():
        return parts
    ends = np.quantile(times[known], [1 - test - validation, 1 - test], method="higher")
    parts[known & (times >= ends[0])] = Part.VALIDATION
    parts[known & (times >= ends[1])] = Part.TEST
    return parts


def split_by_group(
    target: Target, groups: npt.NDArray[np.int64], *, validation: float, test: float, seed: int
) -> Parts:
    """Draws the part of each group, whose rows are all in it; the same input gives the same parts.

    Args:
        target: target of each row.
        groups: number of the group of each row.
        validation: share of rows that decide when training stops and which trial is best.
        test: share of rows that only the evaluation reads.
        seed: seed of the random generator.
    """
    used = np.flatnonzero([value is not None for value in target.values])
    parts = np.full(len(target.values), Part.UNUSED, dtype=np.uint8)
    if len(used):
        random = np.random.default_rng(seed)
        parts[used] = _draw(groups[used], random, validation=validation, test=test)
    return parts


def _draw(
    groups: npt.NDArray[np.int64],
    random: np.random.Generator,
    *,
    validation: float,
    test: float,
) -> Parts:
    """Returns the part of each row of a class."""
    _, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    rows, count = len(groups), len(sizes)
    part_of = np.full(count, Part.TRAIN, dtype=np.uint8)
    held_out = _share(rows, count, test)
    # Two rounded shares could include every row of a small class.
    wanted = {
        Part.TEST: held_out,
        Part.VALIDATION: min(_share(rows, count, validation), rows - 1 - held_out),
    }
    taken = dict.fromkeys(wanted, 0)
    for group in random.permutation(count).tolist():
        size = int(sizes[group])
        for part, most in wanted.items():
            # The middle of a group decides, so that large groups do not make a part twice as large.
            if taken[part] + size / 2 < most:
                taken[part] += size
                part_of[group] = part
                break
    for part in (Part.TRAIN, *wanted):
        if part in part_of or count < (1 if part is Part.TRAIN else 3):
            continue
        # A large group has displaced all others: the part with most groups gives one.
        donors = np.flatnonzero(part_of == np.bincount(part_of).argmax())
        given = np.argmax if part is Part.TRAIN else np.argmin
        part_of[donors[given(sizes[donors])]] = part
    parts: Parts = part_of[places]
    return parts


def _strata(values: npt.NDArray[np.float64], labels: Sequence[str]) -> list[npt.NDArray[np.intp]]:
    if not labels:
        return [np.flatnonzero(~np.isnan(values))]
    return [np.flatnonzero(values == code) for code in range(len(labels))]


def _share(rows: int, groups: int, share: float) -> int:
    """Returns a number of rows: at least one of three, so that small classes are in every part."""
    return max(round(rows * share), 1 if groups >= 3 else 0)
