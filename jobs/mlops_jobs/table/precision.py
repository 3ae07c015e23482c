"""Numbers that 32 bits do not represent."""

from collections.abc import Iterable

import numpy as np

from mlops_jobs.table.encoding import MAX_NUMBER, scaled
from mlops_jobs.table.schema import Column, Kind

MAX_LOST = 0.01  # share of the distinct numbers of a column; neighbors of many digits may be equal


def precision_warning(column: Column, cells: Iterable[str]) -> list[str]:
    """Returns a warning if a model, which reads 32 bits, does not distinguish numbers of a column.

    Args:
        column: the fitted column.
        cells: distinct cells of the column.
    """
    if column.kind is not Kind.NUMERIC or column.notation:
        return []
    numbers = np.array([number for cell in cells if np.isfinite(number := _number(cell))])
    if not len(numbers):
        return []
    read = scaled(numbers, column)
    if np.abs(read).max() > MAX_NUMBER:
        largest = numbers[np.abs(read).argmax()]
        return [
            f"has numbers beyond {MAX_NUMBER:.2g}, such as {largest:g}, which are read as the "
            "largest number of 32 bits; correct them, or use another unit"
        ]
    distinct = np.unique(numbers)
    kept = np.unique(scaled(distinct, column).astype(np.float32))
    lost = len(distinct) - len(kept)
    if lost <= MAX_LOST * len(distinct):
        return []
    return [
        f"has {lost} of {len(distinct)} different numbers that are equal in the 32 bits of a "
        "model; split the column, or write identifiers as text"
    ]


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")
