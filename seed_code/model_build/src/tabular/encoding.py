"""Encoding of raw cells as the numbers that the model reads.

Preprocessing, evaluation and serving all call `encode`, so their encodings are equal.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from mlops_jobs.failure import InputError
from mlops_jobs.table import MISSING, is_missing

from tabular.schema import Column, Kind, Schema

Matrix = npt.NDArray[np.float32]

NAN = math.nan


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


def encode(schema: Schema, columns: Sequence[Sequence[Any]]) -> Matrix:
    """Encodes cells that are given column by column.

    A missing value, a category that training did not see and a number that is too large for 32 bits
    become NaN, which XGBoost supports natively.

    Args:
        schema: the fitted preprocessing.
        columns: for each feature of the schema, in its order, the cells of all rows: strings of a
            CSV file, or values of a JSON document.

    Returns:
        A matrix with one line for each row and one column for each feature.

    Raises:
        CellError: a cell of a numeric column is not a number.
    """
    encoded = [
        encode_numbers(cells, column.name, schema.missing)
        if column.kind is Kind.NUMERIC
        else encode_categories(cells, column)
        for column, cells in zip(schema.features, columns, strict=True)
    ]
    return as_matrix(encoded)


def as_matrix(columns: Sequence[Sequence[float]]) -> Matrix:
    """Returns columns of numbers as a matrix of rows with 32-bit numbers; infinity becomes NaN.

    Args:
        columns: the numbers of each column.
    """
    with np.errstate(over="ignore"):
        matrix = np.ascontiguousarray(np.array(columns, dtype=np.float32).T)
    matrix[np.isinf(matrix)] = NAN
    return matrix


def encode_numbers(
    cells: Sequence[Any], name: str, missing: frozenset[str] = frozenset(MISSING)
) -> list[float]:
    """Returns the cells of a numeric column as numbers, with NaN for missing values.

    Args:
        cells: the cells.
        name: name of the column, for messages.
        missing: spellings of a missing value. Defaults to `MISSING`.

    Raises:
        CellError: a cell is neither a number nor missing.
    """
    # Fast paths first: most columns have only numbers, or numbers and missing values.
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
