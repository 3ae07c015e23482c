"""Columns by which the rows of a table are split: a time, or a group."""

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError
from mlops_jobs.table.dates import date_parts
from mlops_jobs.table.encoding import encode_numbers, written_as_json
from mlops_jobs.table.fitting import TablePasses
from mlops_jobs.table.notation import NOTATIONS
from mlops_jobs.table.observation import Observation
from mlops_jobs.table.raw import is_missing
from mlops_jobs.table.schema import Kind


def times_of(passes: TablePasses, column: str) -> npt.NDArray[np.float64]:
    """Returns the time of each row: days since 1970, or the number that the column has.

    Args:
        passes: reads the raw table.
        column: name of a column of dates, or of numbers such as epochs.

    Returns:
        The times; NaN where a value is missing.

    Raises:
        InputError: the column does not exist, or has neither dates nor numbers.
    """
    cells = _cells(passes, column, "time")
    observation = Observation(column)
    observation.add(cells)
    found = observation.column()
    if found.kind is Kind.DATE:
        parts, _ = date_parts(
            cells, NOTATIONS[found.notation], ["days"], lambda cell: is_missing(str(cell))
        )
        days: npt.NDArray[np.float64] = parts[0]
        return days
    if found.kind is Kind.NUMERIC:
        numbers = encode_numbers(written_as_json(cells, found), column)
        return np.asarray(numbers, dtype=np.float64)
    raise InputError(
        f"split.time: got {column!r} with cells such as {cells[0][:30]!r}; allowed: a column of "
        "dates, or of numbers"
    )


def groups_of(passes: TablePasses, column: str) -> npt.NDArray[np.int64]:
    """Returns the number of the group of each row; a row without a value is a group.

    Args:
        passes: reads the raw table.
        column: name of the column whose equal values are a group.

    Raises:
        InputError: the column does not exist, or has fewer than three values.
    """
    cells = _cells(passes, column, "group")
    codes: dict[str, int] = {}
    groups = [
        -1 - row if is_missing(cell) else codes.setdefault(cell.strip(), len(codes))
        for row, cell in enumerate(cells)
    ]
    if len(set(groups)) < 3:
        raise InputError(
            f"split.group: got {len(codes)} values of {column!r}; allowed: at least three, for "
            "training, validation and test"
        )
    return np.array(groups, dtype=np.int64)


def _cells(passes: TablePasses, column: str, key: str) -> list[str]:
    names = passes.table.columns()
    if column not in names:
        raise InputError(f"split.{key}: got {column!r}; allowed: {', '.join(names)}")
    return passes.cells(names.index(column))
