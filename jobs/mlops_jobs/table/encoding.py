"""Encoding of raw cells as the numbers that the model reads.

Preprocessing, evaluation and serving all call `encode`, so their encodings are equal.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from mlops_jobs.failure import InputError
from mlops_jobs.model import Cells
from mlops_jobs.table.raw import MISSING, is_missing
from mlops_jobs.table.schema import Column, Kind, Schema

Matrix = npt.NDArray[np.float32]

NAN = math.nan
MAX_NUMBER = np.finfo(np.float32).max
MIN_CELLS_TO_PARSE = 8  # below, Python's float() is faster than a parser for all cells

_NUMERIC = b"0123456789+-.eE, "


class CellError(InputError):
    """A cell that the model cannot read.

    Args:
        row: number of its row, counted from 1.
        column: name of its column.
        got: value of the cell.
        expected: values that are allowed.
    """

    def __init__(self, *, row: int, column: str, got: object, expected: str) -> None:
        self.row, self.column, self.got, self.expected = row, column, got, expected
        super().__init__(f"row {row}, column {column!r}: got {got!r}; allowed: {expected}")


def encode(schema: Schema, columns: Cells) -> Matrix:
    """Encodes cells that are given column by column.

    A missing value, an infinity and a category that training did not see become NaN, which XGBoost
    supports natively. A number that is too large for 32 bits becomes the largest one of 32 bits.

    Args:
        schema: the fitted preprocessing.
        columns: for each feature of the schema, in its order, the cells of all rows: strings of a
            CSV file, values of a JSON document, or, if all features are numbers, 64-bit numbers.

    Returns:
        A matrix with one line for each row and one column for each feature.

    Raises:
        CellError: a cell of a numeric column is not a number.
    """
    if isinstance(columns, np.ndarray):
        numbers = columns
    else:
        numbers = np.array(
            [
                encode_numbers(cells, column.name, schema.missing)
                if column.kind is Kind.NUMERIC
                else encode_categories(cells, column)
                for column, cells in zip(schema.features, columns, strict=True)
            ],
            dtype=np.float64,
        )
    return as_matrix(numbers)


def as_matrix(columns: npt.NDArray[np.float64]) -> Matrix:
    """Returns columns of numbers as a matrix of rows with 32-bit numbers.

    Args:
        columns: the numbers of each column; infinity becomes NaN.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = np.ascontiguousarray(columns.T, dtype=np.float32)
        total = float(matrix.sum())  # finite if there is neither infinity nor NaN
    if not math.isfinite(total):
        too_large = np.isinf(matrix)
        matrix[too_large] = np.where(
            np.isinf(columns.T[too_large]), NAN, np.copysign(MAX_NUMBER, matrix[too_large])
        )
    return matrix


def encode_numbers(
    cells: Sequence[Any], name: str, missing: frozenset[str] = frozenset(MISSING)
) -> Sequence[float] | npt.NDArray[np.float64]:
    """Returns the cells of a numeric column as numbers, with NaN for missing values.

    Args:
        cells: the cells.
        name: name of the column, for messages.
        missing: spellings of a missing value. Defaults to `MISSING`.

    Raises:
        CellError: a cell is neither a number nor missing.
    """
    # Fast paths first: most columns have only numbers, or numbers and missing values.
    if len(cells) >= MIN_CELLS_TO_PARSE:
        parsed = _parsed(cells)
        if parsed is not None:
            return parsed
    try:
        numbers = list(map(float, cells))
    except (ValueError, TypeError, OverflowError):
        known = [NAN if _is_missing(cell, missing) else cell for cell in cells]
        try:
            numbers = list(map(float, known))
        except (ValueError, TypeError, OverflowError):
            numbers = [_number(cell, row, name) for row, cell in enumerate(known, start=1)]
    if _has_underscore(cells):
        _reject_underscores(cells, name)
    return numbers


def _parsed(cells: Sequence[Any]) -> npt.NDArray[np.float64] | None:
    """Parses numbers, and strings that are numbers of JSON or empty; None for anything else."""
    types = set(map(type, cells))
    try:
        if types <= {int, float}:
            return np.array(cells, dtype=np.float64)
        if types != {str}:
            return None
        text = ",".join([cell or "null" for cell in cells])
        if text.replace("null", "").encode("ascii").translate(None, _NUMERIC):
            return None
        numbers = np.array(orjson.loads(f"[{text}]"), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    # A cell with a comma would be two numbers.
    return numbers if numbers.shape == (len(cells),) else None


def _has_underscore(cells: Sequence[Any]) -> bool:
    try:
        return "_" in "".join(cells)
    except TypeError:  # not all cells are strings
        return True


def _reject_underscores(cells: Sequence[Any], name: str) -> None:
    """Rejects Python's spelling 1_000, which float() accepts but no table means as a number."""
    for row, cell in enumerate(cells, start=1):
        if isinstance(cell, str) and "_" in cell:
            raise _not_a_number(cell, row, name)


def _is_missing(cell: Any, missing: frozenset[str]) -> bool:
    return cell is None or (isinstance(cell, str) and is_missing(cell, missing))


def _number(cell: Any, row: int, name: str) -> float:
    try:
        return float(cell)
    except OverflowError:
        return math.inf
    except (ValueError, TypeError):
        raise _not_a_number(cell, row, name) from None


def _not_a_number(cell: Any, row: int, name: str) -> CellError:
    return CellError(row=row, column=name, got=cell, expected="a number or a missing value")


def encode_categories(cells: Sequence[Any], column: Column) -> list[float]:
    """Returns the cells of a category column as codes, with NaN for missing and unknown categories.

    Args:
        cells: the cells.
        column: the column, with its categories.

    Raises:
        CellError: a cell is a list or an object of JSON.
    """
    codes = column.codes
    return [
        codes.get(cell.strip(), NAN) if type(cell) is str else _code(cell, row, column)
        for row, cell in enumerate(cells, start=1)
    ]


def _code(cell: Any, row: int, column: Column) -> float:
    """Returns the code of a JSON value that is not a string, in any of its spellings in CSV."""
    if isinstance(cell, list | dict):
        expected = "a string or a missing value"
        raise CellError(row=row, column=column.name, got=cell, expected=expected)
    spellings = [str(cell)]
    if isinstance(cell, bool):
        spellings += [str(cell).lower(), str(cell).upper(), str(int(cell))]
    elif isinstance(cell, float) and cell.is_integer():
        spellings.append(str(int(cell)))
    elif isinstance(cell, int):
        spellings.append(f"{cell}.0")
    return next((column.codes[text] for text in spellings if text in column.codes), NAN)
