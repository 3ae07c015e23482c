"""Statistics of columns: in pieces, merged, and of what callers send."""

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlops_jobs.monitoring.columns.column import MAX_COUNTED, Column
from mlops_jobs.monitoring.columns.distance import numerical_distance
from mlops_jobs.monitoring.columns.sketch import MAX_LEVEL_VALUES, Sketch
from mlops_jobs.monitoring.columns.summary import Summary
from mlops_jobs.monitoring.traffic.capture import CSV, Body
from mlops_jobs.monitoring.traffic.rows import read_rows
from mlops_jobs.monitoring.traffic.tables import Columns, Piece, add_requests

DICE = np.random.default_rng(11)
CELLS = [
    "1",
    "2.5",
    " 3 ",
    "-4e2",
    "",
    "NA",
    "null",
    "x",
    "1_000",
    "inf",
    "0x10",
    "٣",
    "True",
    "1e400",
]


def strings(cells: list[str]) -> pl.Series:
    return pl.Series(cells, dtype=pl.String)


def test_a_column_counts_the_published_example() -> None:
    """The values are those of a column of numbers with one missing value and one string."""
    found = Column.of("age", ["1", "2", "3", "4", None, "x"])

    assert (found.present, found.missing, found.numbers) == (5, 1, 4)
    assert found.inferred_type == "String"
    assert found.share_of("Integral") == 4 / 5
    assert found.completeness == 5 / 6


def test_cells_are_read_as_python_reads_numbers() -> None:
    found = Column.of("mixed", [*CELLS])

    # 1, 2.5, 3, -400 and the Arabic digit; infinity, underscores and hexadecimals are strings.
    assert (found.numbers, found.integers, found.missing) == (5, 4, 3)
    assert found.sum == pytest.approx(1 + 2.5 + 3 - 400 + 3)
    assert set(found.texts or ()) >= {"x", "1_000", "inf", "0x10", "1e400"}


@pytest.mark.parametrize("cuts", [1, 2, 7])
def test_merged_parts_are_equal_to_the_whole(cuts: int) -> None:
    chosen = random.Random(3)  # noqa: S311  reproducible, not secret
    cells = [chosen.choice(CELLS) for _ in range(500)]
    whole, merged = Column("a"), Column("a")
    whole.add(strings(cells))
    for first in range(0, 500, 500 // cuts + 1):
        part = Column("a")
        part.add(strings(cells[first : first + 500 // cuts + 1]))
        merged.merge(part)

    kept, again = whole.statistics("Fractional"), merged.statistics("Fractional")
    for name in ("mean", "sum", "std_dev", "min", "max"):
        assert again["numerical_statistics"][name] == pytest.approx(
            kept["numerical_statistics"][name], rel=1e-12
        )
    assert (
        again["numerical_statistics"]["distribution"]
        == (kept["numerical_statistics"]["distribution"])
    )
    assert whole.statistics("String") == merged.statistics("String")


def test_a_sketch_does_not_grow_with_the_number_of_values() -> None:
    sketch, values = Sketch(), DICE.normal(size=MAX_LEVEL_VALUES * 12)
    for part in np.array_split(values, 40):
        sketch.add(part)

    kept, weights = sketch.sample()

    assert weights.sum() == len(values)
    assert len(kept) < 5 * MAX_LEVEL_VALUES
    whole = np.sort(values), np.ones(len(values))
    assert numerical_distance(whole, (kept, weights), "Simple") < 1 / 5000


def test_a_sketch_of_one_order_is_always_the_same() -> None:
    values = DICE.normal(size=MAX_LEVEL_VALUES * 3)
    first, second = Sketch(), Sketch()
    for sketch in (first, second):
        sketch.add(values)
    assert (first.sample()[0] == second.sample()[0]).all()


def test_many_distinct_values_are_estimated_and_not_kept() -> None:
    column = Column("id")
    column.add(strings([f"customer-{number}" for number in range(3 * MAX_COUNTED)]))

    assert column.texts is None
    assert column.distinct == pytest.approx(3 * MAX_COUNTED, rel=0.05)


def test_reports_never_have_values_that_identify_rows() -> None:
    rows = [{"id": f"customer-{number}", "city": f"city-{number % 9}"} for number in range(300)]

    summary = Summary.of(rows)
    written = json.dumps([one.statistics("String") for one in summary.columns.values()])

    assert "customer-" not in written
    assert "city-3" in written


def as_texts(rows: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Returns the cells of rows; an empty cell and none are equal, both are missing."""
    return sorted([row[name] or "" for name in ("age", "size", "kind")] for row in rows)


BODIES = [
    "1,2,a\n",
    "3,4,b\n5,6,c",
    '"7",8,"d,e"\n',
    "age,size,kind\n9,10,f\n",
    "kind,size,age\r\ng,11,12\r\n",
    "\ufeff13,14,h\n",
    "\n15,16,i\n\n",
    "1,2\n",
    "1,2,3,4\n",
    '"open',
    "",
    ",,",
]


def test_fast_and_exact_reading_give_equal_tables() -> None:
    names = ["age", "size", "kind"]
    bodies = [body for body in BODIES for _ in range(3)]
    piece = Piece()

    add_requests(piece, bodies, [], Columns(names=names))

    expected = read_rows([Body(content=body.encode(), kind=CSV) for body in bodies], names)
    found = [row for table in piece.requests for row in table.select(names).to_dicts()]
    assert as_texts(found) == as_texts(expected.named)
    assert piece.misfits == expected.misfits
    assert piece.unreadable == expected.unreadable == 3


def test_numbers_of_json_are_the_numbers_of_csv() -> None:
    piece = Piece()
    body = Body(content=b'{"instances": [{"age": 1, "ok": true}, {"age": null}]}', kind="json")

    add_requests(piece, ["1,x"], [body], Columns(names=["age", "ok"]))
    summary = Summary({"age": "Integral", "ok": "String"})
    for table in piece.requests:
        summary.add(table)

    assert summary.rows == 3
    assert (summary.columns["age"].numbers, summary.columns["age"].missing) == (2, 1)
    assert set(summary.columns["ok"].texts or ()) == {"x", "True"}


def test_names_of_columns_that_callers_invent_do_not_fill_the_memory() -> None:
    summary = Summary({"age": "Integral"})
    for number in range(500):
        summary.add(pl.DataFrame({f"other-{number}": ["1"]}))
    assert len(summary.others) == 100


def test_a_dataset_of_data_quality_imports_no_machine_learning_library() -> None:
    code = (
        "import sys; import mlops_jobs.monitoring.job; "
        "print(sorted({'xgboost', 'pandas', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
