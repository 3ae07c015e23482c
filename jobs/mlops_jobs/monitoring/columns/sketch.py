"""Mergeable samples of distributions, in the layout of a KLL sketch.

A sketch has levels; a value of level h represents 2**h values. The first 65,536 values are kept
unchanged. A level that is full is sorted, and every second of its values goes to the next level,
the first and the second of each pair in turn. That is deterministic, as reports must be: the
compactors of KLL libraries draw random numbers.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Sample = tuple[Vector, Vector]
"""Sorted values, and the number of values that each represents."""

MAX_VALUES = 2048
MAX_LEVEL_VALUES = 65_536
BUCKETS = 10
SHAPE = 0.64  # parameter c of KLL, required by readers of the file


class Sketch:
    """A sample whose memory does not grow with the number of values.

    The error of a cumulative share is 0 up to `MAX_LEVEL_VALUES` values, and at most 1/5,000 up to
    a thousand times as many.
    """

    def __init__(self) -> None:
        self._levels: list[list[Vector]] = [[]]
        self._takes_second: list[bool] = [False]

    def add(self, values: Vector, level: int = 0) -> None:
        """Adds values.

        Args:
            values: finite numbers.
            level: level of the values; each represents 2**level values. Defaults to 0.
        """
        while len(self._levels) <= level:
            self._levels.append([])
            self._takes_second.append(False)
        if len(values):
            self._levels[level].append(values)
            if sum(map(len, self._levels[level])) > MAX_LEVEL_VALUES:
                self._compact(level)

    def merge(self, other: "Sketch") -> None:
        """Adds the values of another sketch.

        Args:
            other: the other sketch.
        """
        for level, parts in enumerate(other._levels):
            for part in parts:
                self.add(part, level)

    def _compact(self, level: int) -> None:
        ordered = np.sort(np.concatenate(self._levels[level]))
        # An odd value remains, so that the weights stay the number of values.
        paired = len(ordered) // 2 * 2
        self._levels[level] = [ordered[paired:]] if paired < len(ordered) else []
        second = self._takes_second[level]
        self._takes_second[level] = not second
        self.add(ordered[int(second) : paired : 2].copy(), level + 1)

    def sample(self) -> Sample:
        """Returns the sorted values with their weights."""
        parts = [
            (np.concatenate(values), float(1 << level))
            for level, values in enumerate(self._levels)
            if values
        ]
        if not parts:
            return np.empty(0), np.empty(0)
        values = np.concatenate([part for part, _ in parts])
        weights = np.concatenate([np.full(len(part), weight) for part, weight in parts])
        order = np.argsort(values, kind="stable")
        return values[order], weights[order]


def compress(sample: Sample) -> list[list[float]]:
    """Compresses a sample to levels; a value of level h represents 2**h values.

    Samples of up to 2048 values are kept unchanged. Of more values, every 2**h-th in sorted order
    is kept and the remainder goes to lower levels: the sum of the weights is the number of values,
    and the error of a cumulative share is at most 1/2048.

    Args:
        sample: the sample.
    """
    values, weights = sample
    ends = np.cumsum(weights)
    count = int(ends[-1]) if len(ends) else 0
    height = 0
    while count >> height > MAX_VALUES:
        height += 1
    levels: list[list[float]] = [[] for _ in range(height + 1)]
    first = 0
    for level in range(height, -1, -1):
        weight = 1 << level
        whole = (count - first) // weight
        # The middle value represents the group.
        places = first + weight // 2 + weight * np.arange(whole)
        levels[level] = values[np.searchsorted(ends, places, side="right")].tolist()
        first += whole * weight
    return levels


def expand(levels: Sequence[Sequence[float]]) -> Sample:
    """Returns the sample of levels.

    Args:
        levels: result of `compress`, or the data of a sketch that Model Monitor wrote.
    """
    values = np.array([value for level in levels for value in level], dtype=np.float64)
    weights = np.array([float(1 << height) for height, level in enumerate(levels) for _ in level])
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def histogram(sample: Sample, edges: Iterable[float]) -> Vector:
    """Returns the number of values between edges; the last interval includes its upper edge.

    Args:
        sample: the sample.
        edges: increasing edges of the intervals.
    """
    values, weights = sample
    counts, _ = np.histogram(values, bins=np.array(list(edges)), weights=weights)
    return counts.astype(np.float64)


def distribution(sample: Sample) -> dict[str, Any]:
    """Returns the distribution of numbers, in the format of Model Monitor.

    Args:
        sample: the numbers.
    """
    values, weights = sample
    low, high = (float(values[0]), float(values[-1])) if len(values) else (0.0, 0.0)
    counts, edges = np.histogram(
        values, bins=BUCKETS, range=(low, high) if low < high else None, weights=weights
    )
    return {
        "kll": {
            "buckets": [
                {"lower_bound": float(low), "upper_bound": float(high), "count": float(count)}
                for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
            ],
            "sketch": {
                "parameters": {"c": SHAPE, "k": float(MAX_VALUES)},
                "data": compress(sample),
            },
        }
    }
