"""Fast reading and writing change no bit.

The expected values are those of the plain way: Python's `float` for each cell, one cast to 32 bits,
XGBoost's own prediction, numpy's text of the number.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest
import xgboost

from mlops_jobs.model import Values
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.serving.invocations import Invocations
from mlops_jobs.serving.requests import RowReader
from mlops_jobs.serving.responses import ResponseWriter
from mlops_jobs.table.encoding import encode
from mlops_jobs.table.model import TabularModel
from mlops_jobs.table.schema import Column, Kind, Schema
from seed_code.model_build.tests.conftest import Fitted

NAMES = ("a", "b", "c", "d")
Matrix = npt.NDArray[np.float32]


def model(
    problem_type: ProblemType = ProblemType.REGRESSION, labels: tuple[str, ...] = ()
) -> TabularModel:
    columns = tuple(Column(name=name, kind=Kind.NUMERIC) for name in NAMES)
    schema = Schema(problem_type=problem_type, target="y", columns=columns, labels=labels)
    return TabularModel(schema=schema, predict_encoded=lambda features: features[:, 0])


def plain(rows: Sequence[Sequence[str]]) -> Matrix:
    """Returns the encoding of rows, cell by cell."""
    return np.array([[np.float32(float(cell)) for cell in row] for row in rows], dtype=np.float32)


def spellings(seed: int) -> list[list[str]]:
    """Returns rows with numbers as programs write them."""
    dice = np.random.default_rng(seed)
    forms: list[Callable[[float], str]] = [
        repr,
        lambda number: f"{number:.3f}",
        lambda number: f"{number:.17e}",
        lambda number: f"{number:g}",
        lambda number: f" {number:.5E} ",
        lambda number: str(int(number * 1000)),
        lambda number: f"+{abs(number)!r}",
        lambda number: f"0{abs(number)!r}",
        lambda number: repr(number * 1e-40),
        lambda number: repr(number * 1e36),
        lambda number: f"{int(abs(number) * 1e6)}." if abs(number) > 1 else "2.",
        lambda number: str(int(number * 1e20)),
    ]
    # Bodies of one form take the fast way; bodies of many forms the way of Python.
    chosen = [forms[seed % len(forms)]] if seed % 3 else forms
    return [
        [chosen[dice.integers(len(chosen))](float(dice.normal() * 10)) for _ in NAMES]
        for _ in range(int(dice.integers(1, 30)))
    ]


@pytest.mark.parametrize("seed", range(60))
def test_a_csv_body_is_read_exactly(seed: int) -> None:
    rows = spellings(seed)
    body = "\n".join(",".join(row) for row in rows)
    served = model()
    found = encode(served.schema, RowReader(served).csv(body.encode()))
    assert found.tobytes() == plain(rows).tobytes() or _equal_but_for_zeros(found, plain(rows))


def _equal_but_for_zeros(found: Matrix, expected: Matrix) -> bool:
    """JSON reads -0 as an integer, which has no sign; no comparison distinguishes the zeros."""
    zeros = expected == 0
    return bool((found[zeros] == 0).all()) and (
        found[~zeros].tobytes() == expected[~zeros].tobytes()
    )


@pytest.mark.parametrize("seed", range(20))
def test_all_forms_of_a_request_are_read_alike(seed: int) -> None:
    dice = np.random.default_rng(seed)
    rows = (dice.normal(size=(12, 4)) * 10.0 ** dice.integers(-5, 12, (12, 4))).tolist()
    served = model()
    reader = RowReader(served)
    named = [dict(zip(NAMES, row, strict=True)) for row in rows]
    bodies = [
        reader.csv("\n".join(",".join(map(repr, row)) for row in rows).encode()),
        reader.csv(("b,a,c,d\n" + _lines(rows, (1, 0, 2, 3))).encode()),
        reader.json(json.dumps(rows).encode()),
        reader.json(json.dumps({"instances": rows}).encode()),
        reader.json(json.dumps({"instances": named}).encode()),
        reader.json(json.dumps([[str(cell) for cell in row] for row in rows]).encode()),
        reader.json_lines("\n".join(map(json.dumps, rows)).encode()),
        reader.json_lines("\n".join(map(json.dumps, named)).encode()),
    ]
    expected = np.array(rows, dtype=np.float64).astype(np.float32)
    for cells in bodies:
        assert encode(served.schema, cells).tobytes() == expected.tobytes()


def _lines(rows: list[list[float]], order: Sequence[int]) -> str:
    return "\n".join(",".join(repr(row[at]) for at in order) for row in rows)


@pytest.mark.parametrize("kind", ["null", "NaN", '""'])
def test_missing_values_are_read_alike(kind: str) -> None:
    served = model()
    reader = RowReader(served)
    body = f"[[1, {kind}, 3, 4], [5, 6, 7, {kind}]]"
    found = encode(served.schema, reader.json(body.encode()))
    np.testing.assert_array_equal(found, [[1, math.nan, 3, 4], [5, 6, 7, math.nan]])
    np.testing.assert_array_equal(
        encode(served.schema, reader.csv(b"1,,3,4\n5,6,7,NA")), np.array(found)
    )


@pytest.mark.parametrize("cell", ['"5"', "[5]", "true", "1_000", "0x10", "5 6", "5,6", "null5"])
def test_what_only_a_parser_of_json_would_accept_is_no_number(cell: str) -> None:
    served = model()
    text = io.StringIO()
    csv.writer(text).writerows([["1", "2", "3", cell]] * 10)
    with pytest.raises(ValueError, match="row 1, column 'd': got "):
        served.predict(RowReader(served).csv(text.getvalue().encode()))


def numbers(dtype: type[np.floating[npt.NBitBase]]) -> Values:
    dice = np.random.default_rng(3)
    exponents = 10.0 ** dice.uniform(-30, 30, 3000) * dice.choice([-1, 1], 3000)
    special = [0.0, -0.0, 1.0, 1e-4, 1e-5, 1e16, 123456789, 16777217, 0.1, 5e-324]
    values = np.concatenate([dice.random(3000), exponents, special])
    found: Values = values.astype(dtype)
    return found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_are_written_as_numpy_writes_them(dtype: type[np.floating[npt.NBitBase]]) -> None:
    values = numbers(dtype)
    lines = ResponseWriter(model()).csv(values).decode().splitlines()
    assert lines == [str(value) for value in values]
    found = json.loads(ResponseWriter(model()).json(values))["predictions"]
    assert [dtype(one["value"]).tobytes() for one in found] == [one.tobytes() for one in values]


def test_what_is_no_number_is_written_as_before() -> None:
    values = np.array([math.nan, math.inf, -math.inf], dtype=np.float32)
    assert ResponseWriter(model()).csv(values) == b"nan\ninf\n-inf\n"
    assert ResponseWriter(model()).json_lines(values) == (
        b'{"value":NaN}\n{"value":Infinity}\n{"value":-Infinity}\n'
    )


@pytest.mark.parametrize(
    ("problem_type", "labels"),
    [(ProblemType.BINARY, ("no, never", "yes")), (ProblemType.MULTICLASS, ("3", "é", 'a "b"'))],
)
def test_labels_and_probabilities_are_written_as_the_csv_and_json_modules_do(
    problem_type: ProblemType, labels: tuple[str, ...]
) -> None:
    dice = np.random.default_rng(1)
    shares = dice.dirichlet(np.full(len(labels), 0.05), 200).astype(np.float32)
    writer = ResponseWriter(model(problem_type, labels))
    binary = problem_type is ProblemType.BINARY
    chosen = (shares[:, 1] >= 0.5).astype(int) if binary else shares.argmax(axis=1)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [labels[label], *map(str, row[1:] if binary else row)]
        for label, row in zip(chosen, shares, strict=True)
    )
    assert writer.csv(shares).decode() == text.getvalue()
    expected = [
        {
            "label": 3 if labels[label] == "3" else labels[label],
            "probabilities": {
                name: float(str(share)) for name, share in zip(labels, row, strict=True)
            },
        }
        for label, row in zip(chosen, shares, strict=True)
    ]
    assert json.loads(writer.json(shares))["predictions"] == expected
    assert [json.loads(line) for line in writer.json_lines(shares).splitlines()] == expected


def test_the_endpoint_predicts_what_xgboost_predicts(fitted: Fitted) -> None:
    held_out = fitted.holdout()
    text = io.StringIO()
    csv.writer(text).writerows(list(row.values())[:-1] for row in held_out)
    served = Invocations(fitted.predictor)

    lines = served.respond(text.getvalue().encode(), "text/csv", "text/csv").decode().splitlines()

    cells = [[row[name] for row in held_out] for name in fitted.predictor.features]
    encoded = encode(fitted.predictor.schema, cells)
    expected = xgboost.Booster(model_file=fitted.model / "model.ubj").inplace_predict(encoded)
    last = expected if expected.ndim == 1 else expected[:, -1]
    if fitted.kind == "regression":
        schema = fitted.predictor.schema
        last = last.astype(np.float64) * schema.target_scale + schema.target_offset
    assert [line.rpartition(",")[2] for line in lines] == [str(value) for value in last]
