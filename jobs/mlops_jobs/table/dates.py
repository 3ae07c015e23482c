"""The parts of a date that a model reads."""

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.table.notation import Notation, read_date

Numbers = npt.NDArray[np.float64]

_START = datetime(1970, 1, 1)  # noqa: DTZ001  times of a table have no time zone

PARTS: dict[str, Callable[[datetime], float]] = {
    "days": lambda found: (found - _START).total_seconds() / 86_400,
    "month": lambda found: found.month,
    "day": lambda found: found.day,
    "weekday": lambda found: found.weekday(),
    "hour": lambda found: found.hour,
}
"""Parts: days since 1970 with a fraction, month, day of the month, day of the week from 0 for
Monday, hour."""


def date_parts(
    cells: Sequence[Any],
    notation: Notation,
    parts: Sequence[str],
    is_missing: Callable[[Any], bool],
) -> tuple[Numbers, int | None]:
    """Returns parts of dates.

    Args:
        cells: the cells: strings, or values of JSON.
        notation: notation of the dates.
        parts: names of the parts, of `PARTS`.
        is_missing: returns True if a cell is a missing value.

    Returns:
        One line for each part, and one column for each cell, NaN where a value is missing; and the
        position of the first cell that is neither a date nor missing, None if each
        cell is one of them.
    """
    readers = [PARTS[part] for part in parts]
    missing = [math.nan] * len(parts)
    known: dict[Any, list[float]] = {}
    wrong: int | None = None
    lines = []
    for at, cell in enumerate(cells):
        if isinstance(cell, str) and cell in known:
            lines.append(known[cell])
            continue
        found = None if is_missing(cell) else _read(cell, notation)
        if found is None and not is_missing(cell) and wrong is None:
            wrong = at
        values = missing if found is None else [read(found) for read in readers]
        if isinstance(cell, str):
            known[cell] = values
        lines.append(values)
    return np.array(lines, dtype=np.float64).reshape(len(cells), len(parts)).T, wrong


def _read(cell: Any, notation: Notation) -> datetime | None:
    if isinstance(cell, date):
        return cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001
    return read_date(cell, notation) if isinstance(cell, str) else None
