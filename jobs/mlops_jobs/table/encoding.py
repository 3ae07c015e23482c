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
from mlops_jobs.table.dates import date_parts
from mlops_jobs.table.features import Feature
from mlops_jobs.table.notation import NOTATIONS, read_number
from mlops_jobs.table.raw import MISSING, is_missing
from mlops_jobs.table.schema import Column, Kind, Schema

Matrix = npt.NDArray[np.float32]

NAN = math.nan
MAX_NUMBER = float(np.finfo(np.float32).max)
MAX_EXACT = 2**24  # up to here, 32 bits hold each whole number
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


def encode(schema: Schema, columns: Cells, features: Sequence[Feature] = ()) -> Matrix:
    """Encodes cells that are given column by column.

    A missing value, an infinity and a category that training did not see become NaN, which XGBoost
    supports natively. A number that is too large for 32 bits becomes the largest one of 32 bits.

    Args:
        schema: the fitted preprocessing.
        columns: for each feature of the schema, in its order, the cells of all rows: strings of a
            CSV file, values of a JSON document, or, if all features are numbers, 64-bit numbers.
        features: features that the project computes, in the order of `Schema.computed`. Defaults to
            none.

    Returns:
        A matrix with one line for each row, and one column for each column of `Schema.encoded` and
        each computed feature.

    Raises:
        CellError: a cell of a numeric column is not a number.
    """
    if isinstance(columns, np.ndarray) and not schema.computed:
        return as_matrix(_scaled(schema, columns))
    numbers = np.empty((schema.width, len(columns[0])))
    at = 0
    cells_of: dict[str, Sequence[Any]] = {}
    for column, cells in zip(schema.features, columns, strict=True):
        cells_of[column.name] = cells
        if column.kind is not Kind.INPUT:
            if column.kind is Kind.DATE:
                numbers[at : at + len(column.parts)] = encode_dates(cells, column, schema.missing)
                at += len(column.parts)
                continue
            numbers[at] = (
                encode_numbers(written_as_json(cells, column), column.name, schema.missing)
                if column.kind is Kind.NUMERIC
                else encode_categories(cells, column)
            )
            at += 1
    encoded = {column.name: numbers[place] for place, column in enumerate(schema.encoded)}
    numeric = {column.name for column in schema.columns if column.kind is Kind.NUMERIC}
    for feature in features:
        inputs = [
            encoded[name]
            if name in numeric
            else np.asarray(encode_numbers(cells_of[name], name, schema.missing), dtype=np.float64)
            for name in feature.inputs
        ]
        numbers[at] = feature.numbers(inputs, [cells_of[name] for name in feature.texts])
        at += 1
    return as_matrix(_scaled(schema, numbers))


def _scaled(schema: Schema, numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Subtracts offsets and divides by scales, for the few columns that have them."""
    changed = [
        (at, column)
        for at, column in enumerate(schema.encoded)
        if column.offset != 0 or column.scale != 1
    ]
    if not changed:
        return numbers
    numbers = numbers.copy()
    for at, column in changed:
        numbers[at] = scaled(numbers[at], column)
    return numbers


def scaled(numbers: npt.NDArray[np.float64], column: Column) -> npt.NDArray[np.float64]:
    """Returns numbers of a column so that their differences fit into 32 bits.

    Args:
        numbers: the numbers, in 64 bits.
        column: the column, with its offset and scale.
    """
    with np.errstate(over="ignore"):
        return (numbers - column.offset) / column.scale


def offset_and_scale(numbers: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Returns an offset and a scale with which distinct numbers stay distinct in 32 bits.

    Most columns need neither. Epochs and identifiers beyond 2**24 need an offset; the smallest
    number is taken, so that differences are exact. Numbers beyond 1e38 need a scale, a power of 2.

    Args:
        numbers: the numbers of the training rows.
    """
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    scale = 1.0
    largest = max(abs(low), abs(high))
    if largest > MAX_NUMBER:
        scale = 2.0 ** math.ceil(math.log2(largest) - 127)
    if largest <= MAX_EXACT:
        return 0.0, scale
    distinct = np.unique(finite)
    kept = np.unique((distinct / scale).astype(np.float32))
    moved = np.unique(((distinct - low) / scale).astype(np.float32))
    return (low, scale) if len(moved) > len(kept) else (0.0, scale)


def one_hot(schema: Schema, features: Matrix) -> Matrix:
    """Returns a matrix without categories, for models that know numbers only.

    Args:
        schema: the fitted preprocessing.
        features: result of `encode`.

    Returns:
        The numeric columns, then a column for each category, 1 in its rows; missing values of
        numbers stay NaN.
    """
    kinds = [column.kind for column in schema.encoded] + [Kind.NUMERIC] * len(schema.computed)
    numeric = [at for at, kind in enumerate(kinds) if kind is Kind.NUMERIC]
    columns = [features[:, numeric]]
    for at, column in enumerate(schema.encoded):
        if column.kind is Kind.CATEGORY:
            codes = np.arange(len(column.categories), dtype=np.float32)
            columns.append((features[:, at, np.newaxis] == codes).astype(np.float32))
    return np.hstack(columns)


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
    if isinstance(cells, np.ndarray):
        return cells
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
        for row, cell in enumerate(cells):
            # float() accepts Python's spelling 1_000, which no table means as a number.
            if isinstance(cell, str) and "_" in cell:
                if not _is_missing(cell, missing):
                    raise _not_a_number(cell, row + 1, name)
                numbers[row] = NAN
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


def written_as_json(cells: Sequence[Any], column: Column) -> Sequence[Any]:
    """Returns the cells of a numeric column with numbers instead of strings in its notation.

    Args:
        cells: the cells; values that are no strings, and strings that are no numbers, are kept.
        column: the column.
    """
    if not column.notation or isinstance(cells, np.ndarray):
        return cells
    notation = NOTATIONS[column.notation]
    found = []
    for cell in cells:
        number = read_number(cell, notation) if isinstance(cell, str) else None
        found.append(cell if number is None else number[0])
    return found


def encode_dates(
    cells: Sequence[Any], column: Column, missing: frozenset[str] = frozenset(MISSING)
) -> npt.NDArray[np.float64]:
    """Returns the parts of dates, one line for each part, with NaN for missing values.

    Args:
        cells: the cells.
        column: the column, with its notation and parts.
        missing: spellings of a missing value. Defaults to `MISSING`.

    Raises:
        CellError: a cell is neither a date nor missing.
    """
    notation = NOTATIONS[column.notation]
    found, wrong = date_parts(
        cells, notation, column.parts, lambda cell: _is_missing(cell, missing)
    )
    if wrong is not None:
        raise CellError(
            row=wrong + 1,
            column=column.name,
            got=cells[wrong],
            expected=f"a date such as {notation.example}, or a missing value",
        )
    return found


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
