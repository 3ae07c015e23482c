"""Weighted samples of distributions, in the layout of a KLL sketch."""

from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

MAX_VALUES = 2048
BUCKETS = 10
SHAPE = 0.64  # parameter c of KLL, required by readers of the file


def compress(values: Vector) -> list[list[float]]:
    """Compresses values to levels; a value of level h represents 2**h values.

    Up to 2048 values are kept unchanged. Of more values, every 2**h-th in sorted order is kept and
    the remainder goes to lower levels: the sum of the weights is the number of values, and the
    error of a cumulative share is at most 1/2048.

    Args:
        values: the values.
    """
    ordered = np.sort(values)
    height = 0
    while len(ordered) >> height > MAX_VALUES:
        height += 1
    levels: list[list[float]] = [[] for _ in range(height + 1)]
    first = 0
    for level in range(height, -1, -1):
        weight = 1 << level
        whole = (len(ordered) - first) // weight
        # The middle value represents the group.
        chosen = first + weight // 2 + weight * np.arange(whole)
        levels[level] = ordered[chosen].tolist()
        first += whole * weight
    return levels


def expand(levels: list[list[float]]) -> tuple[Vector, Vector]:
    """Returns the sorted values of levels, and the number of values that each represents.

    Args:
        levels: result of `compress`.
    """
    values = np.array([value for level in levels for value in level], dtype=np.float64)
    weights = np.array([float(1 << height) for height, level in enumerate(levels) for _ in level])
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def distribution(values: Vector) -> dict[str, Any]:
    """Returns the distribution of numbers, in the format of Model Monitor.

    Args:
        values: the numbers.
    """
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    counts, edges = np.histogram(values, bins=BUCKETS, range=(low, high) if low < high else None)
    return {
        "kll": {
            "buckets": [
                {"lower_bound": float(low), "upper_bound": float(high), "count": float(count)}
                for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
            ],
            "sketch": {
                "parameters": {"c": SHAPE, "k": float(MAX_VALUES)},
                "data": compress(values),
            },
        }
    }
