"""Distributions small enough for a file: samples with weights, in the layout of a KLL sketch."""

from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

MOST_VALUES = 2048
BUCKETS = 10
SHAPE = 0.64  # KLL's parameter c; readers of the file expect it


def compress(values: Vector) -> list[list[float]]:
    """The values as levels: one of level h stands for 2**h of them, and no weight is lost.

    Up to 2048 values are kept as they are. Of more, every 2**h-th in their order is, and what is
    left at the end goes to lower levels, so a cumulative share is off by 1/2048 at most.
    """
    ordered = np.sort(values)
    height = 0
    while len(ordered) >> height > MOST_VALUES:
        height += 1
    levels: list[list[float]] = [[] for _ in range(height + 1)]
    first = 0
    for level in range(height, -1, -1):
        weight = 1 << level
        whole = (len(ordered) - first) // weight
        # The middle of each group stands for it.
        chosen = first + weight // 2 + weight * np.arange(whole)
        levels[level] = ordered[chosen].tolist()
        first += whole * weight
    return levels


def expand(levels: list[list[float]]) -> tuple[Vector, Vector]:
    """The values of levels in their order, and how many each stands for."""
    values = np.array([value for level in levels for value in level], dtype=np.float64)
    weights = np.array([float(1 << height) for height, level in enumerate(levels) for _ in level])
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def distribution(values: Vector) -> dict[str, Any]:
    """The distribution of numbers, as Model Monitor writes it."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    counts, edges = np.histogram(values, bins=BUCKETS, range=(low, high) if low < high else None)
    return {
        "kll": {
            "buckets": [
                {"lower_bound": float(low), "upper_bound": float(high), "count": float(count)}
                for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
            ],
            "sketch": {
                "parameters": {"c": SHAPE, "k": float(MOST_VALUES)},
                "data": compress(values),
            },
        }
    }
