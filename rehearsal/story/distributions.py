"""Distributions of features before and after, for the features that differ most."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rehearsal.client.drift.traffic import Traffic
from rehearsal.client.predictions import HoldOut
from rehearsal.story.summary import DriftSummary

MAX_FEATURES = 4
_BINS = 24
_TAIL = 0.5  # percent of the values beyond each end of a plot
Numbers = NDArray[np.float64]


def worst(
    phase: str, known: HoldOut, made: Traffic, count: int = MAX_FEATURES
) -> list[DriftSummary]:
    """Returns the columns of numbers whose distributions differ most, the worst first.

    Args:
        phase: name of the phase.
        known: rows as in the training data.
        made: the traffic.
        count: number of columns. Defaults to 4.
    """
    found = []
    for at, name in enumerate(known.columns):
        if name not in made.columns:
            continue
        before = _numbers([row[at] for row in known.rows])
        position = list(made.columns).index(name)
        after = _numbers([row[position] for row in made.rows])
        if before is not None and after is not None:
            found.append(_drift(name, phase, before, after))
    return sorted(found, key=lambda one: -one.distance)[:count]


def distance(before: Numbers, after: Numbers) -> float:
    """Returns the largest difference of the cumulative distributions of two samples."""
    values = np.sort(np.concatenate([before, after]))
    first = np.searchsorted(np.sort(before), values, side="right") / len(before)
    second = np.searchsorted(np.sort(after), values, side="right") / len(after)
    return float(np.abs(first - second).max())


def _numbers(cells: Sequence[str]) -> Numbers | None:
    """Returns the numbers of a column without its empty cells; None if it has others."""
    try:
        found = np.asarray([float(cell) for cell in cells if cell != ""])
    except ValueError:
        return None
    return found if len(found) else None


def _drift(name: str, phase: str, before: Numbers, after: Numbers) -> DriftSummary:
    both = np.concatenate([before, after])
    low, high = np.percentile(both, [_TAIL, 100 - _TAIL])
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    return DriftSummary(
        feature=name,
        phase=phase,
        distance=round(distance(before, after), 4),
        edges=[float(f"{edge:.6g}") for edge in edges],
        before=_shares(before, edges),
        after=_shares(after, edges),
        rows_before=len(before),
        rows_after=len(after),
    )


def _shares(values: Numbers, edges: Numbers) -> list[float]:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return [round(float(count) / len(values), 5) for count in counts]
