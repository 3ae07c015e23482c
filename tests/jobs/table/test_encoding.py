"""Encoding of raw cells as numbers."""

import json
import math
from typing import Any

import numpy as np
import pytest

from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.encoding import CellError, encode, offset_and_scale, one_hot
from mlops_jobs.table.schema import Column, Kind, Schema

SCHEMA = Schema(
    problem_type=ProblemType.REGRESSION,
    target="price",
    columns=(
        Column(name="size", kind=Kind.NUMERIC),
        Column(name="unused", kind=Kind.IGNORED, reason="data.drop names it"),
        Column(name="kind", kind=Kind.CATEGORY, categories=("2", "True", "flat")),
    ),
)


def encoded(size: Any, kind: Any) -> list[float]:
    row: list[float] = encode(SCHEMA, [[size], [kind]])[0].tolist()
    return row


@pytest.mark.parametrize(
    ("size", "expected"),
    [("1.5", 1.5), (" 1e3 ", 1000), (7, 7), (2.5, 2.5), (True, 1), ("-.5", -0.5)],
)
def test_numbers(size: Any, expected: float) -> None:
    assert encoded(size, "flat") == [expected, 2]


@pytest.mark.parametrize(
    "size", ["", " ", "NA", "n/a", "NaN", "NULL", "None", "?", "-", None, math.nan, "inf"]
)
def test_missing_values(size: Any) -> None:
    assert math.isnan(encoded(size, "flat")[0])


@pytest.mark.parametrize(("size", "expected"), [("1e39", 1), (10**60, 1), (-1e300, -1)])
def test_numbers_beyond_32_bits_are_the_largest_ones(size: Any, expected: int) -> None:
    assert encoded(size, "flat")[0] == expected * float(np.finfo(np.float32).max)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("flat", 2), (" flat ", 2), (2, 0), (2.0, 0), ("2", 0), (True, 1)],
)
def test_categories(kind: Any, expected: float) -> None:
    assert encoded(1, kind) == [1, expected]


@pytest.mark.parametrize("kind", ["castle", "", "NA", None, 3, 2.5, False])
def test_unknown_and_missing_categories_are_missing(kind: Any) -> None:
    assert math.isnan(encoded(1, kind)[1])


@pytest.mark.parametrize("size", ["abc", "1_000", "1,5", "0x10", [1], {"a": 1}])
def test_other_texts_in_a_numeric_column_are_rejected(size: Any) -> None:
    with pytest.raises(CellError) as error:
        encode(SCHEMA, [["1", size], ["flat", "flat"]])
    expected = f"row 2, column 'size': got {size!r}; allowed: a number or a missing value"
    assert str(error.value) == expected


def test_a_list_in_a_category_column_is_rejected() -> None:
    with pytest.raises(CellError, match=r"row 1, column 'kind': got \[1\]; allowed: a string"):
        encoded(1, [1])


def test_a_schema_reads_back_as_it_was_written() -> None:
    assert Schema.from_json(SCHEMA.to_json()) == SCHEMA


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}'])
def test_what_is_no_schema_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"schema\.json: cannot be read as a schema"):
        Schema.from_json(text)


@pytest.mark.parametrize(
    ("numbers", "differences"),
    [
        ([1_700_000_000, 1_700_000_001, 1_700_000_007], [0, 1, 7]),
        ([2**53 - 3, 2**53 - 2, 2**53 - 1], [0, 1, 2]),
        ([-(2**40) - 5, -(2**40), -(2**40) + 1], [0, 5, 6]),
    ],
)
def test_differences_of_large_numbers_are_kept(
    numbers: list[int], differences: list[float]
) -> None:
    offset, scale = offset_and_scale(np.array(numbers, dtype=float))
    column = Column(name="at", kind=Kind.NUMERIC, offset=offset, scale=scale)
    schema = Schema(problem_type=ProblemType.REGRESSION, target="y", columns=(column,))
    for cells in (numbers, [str(number) for number in numbers], np.array([numbers], dtype=float)):
        columns = cells if isinstance(cells, np.ndarray) else [cells]
        assert encode(schema, columns)[:, 0].tolist() == differences
    assert Schema.from_json(schema.to_json()) == schema


@pytest.mark.parametrize("numbers", [[1e40, 2e40, 3e300], [-1e39, 1e39, 1e45]])
def test_numbers_beyond_32_bits_are_scaled(numbers: list[float]) -> None:
    offset, scale = offset_and_scale(np.array(numbers))
    column = Column(name="at", kind=Kind.NUMERIC, offset=offset, scale=scale)
    schema = Schema(problem_type=ProblemType.REGRESSION, target="y", columns=(column,))
    found = encode(schema, [numbers])[:, 0]
    assert np.isfinite(found).all()
    assert (np.diff(found) >= 0).all()
    assert abs(found[-1]) < np.finfo(np.float32).max


@pytest.mark.parametrize("numbers", [[0.1, 2.5], [1e6, 3e6 + 0.5], [1e20, 2e20], [], [np.nan]])
def test_most_columns_are_neither_moved_nor_scaled(numbers: list[float]) -> None:
    assert offset_and_scale(np.array(numbers)) == (0, 1)


def test_a_schema_of_version_1_has_no_scales() -> None:
    document = json.loads(SCHEMA.to_json()) | {"version": 1}
    for name in ("computed", "target_offset", "target_scale"):
        del document[name]
    for column in document["columns"]:
        del column["offset"], column["scale"]
    assert Schema.from_json(json.dumps(document)) == SCHEMA


def test_categories_become_columns_for_models_of_numbers() -> None:
    matrix = encode(SCHEMA, [[1, "", 3], ["flat", "2", "castle"]])
    np.testing.assert_array_equal(
        one_hot(SCHEMA, matrix), [[1, 0, 0, 1], [np.nan, 1, 0, 0], [3, 0, 0, 0]]
    )
