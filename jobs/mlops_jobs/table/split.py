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
    keys: npt.NDArray[np.uint64] | None = None,
) -> Parts:
    """Draws the part of each row; the same input gives the same parts.

    With keys, a row keeps its part when other rows are added to the table, except for a few at the
    borders of the shares. So a model that was trained on fewer rows of the same table has hardly
    learned from a row that is held out now.

    Classes have the same shares in every part. A class with at least three groups of rows is in all
    parts.

    Args:
        target: target of each row.
        validation: share of rows that decide when training stops and which trial is best.
        test: share of rows that only the evaluation reads.
        seed: seed of the random generator.
        groups: number of the group of each row; the rows of a group are in the same part, and have
            the same class. Defaults to None: each row is a group.
        keys: number of each row that is the same in every run. Defaults to None: the parts depend
            on the number of rows.

    Returns:
        The `Part` of each row.
    """
    random = np.random.default_rng(seed)
    order = None if keys is None else _mixed(keys + _repetitions(keys), seed)
    values = np.array([np.nan if value is None else value for value in target.values])
    parts = np.full(len(values), Part.UNUSED, dtype=np.uint8)
    for rows in _strata(values, target.labels):
        if len(rows):
            members = rows if groups is None else groups[rows]
            parts[rows] = _draw(
                members,
                random,
                validation=validation,
                test=test,
                order=None if order is None else order[rows],
            )
    return parts


def _repetitions(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Returns how often the key of each row has occurred before, so that equal rows differ."""
    order = np.argsort(keys, kind="stable")
    starts = np.append(0, np.flatnonzero(np.diff(keys[order])) + 1)
    runs = np.diff(np.append(starts, len(keys)))
    found = np.empty(len(keys), dtype=np.uint64)
    found[order] = np.arange(len(keys)) - np.repeat(starts, runs)
    return found


def _mixed(keys: npt.NDArray[np.uint64], seed: int) -> npt.NDArray[np.uint64]:
    """Returns numbers whose order depends on the seed.

    Source:
        https://prng.di.unimi.it/splitmix64.c
    """
    with np.errstate(over="ignore"):
        mixed = keys + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found: npt.NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return found


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
    order: npt.NDArray[np.uint64] | None = None,
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
    if order is None:
        drawn = random.permutation(count)
    else:
        first = np.full(count, np.iinfo(np.uint64).max, dtype=np.uint64)
        np.minimum.at(first, places, order)
        drawn = np.argsort(first, kind="stable")
    for group in drawn.tolist():
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
