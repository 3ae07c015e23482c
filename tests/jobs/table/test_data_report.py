"""What preprocessing says about a table."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.table import preprocess
from mlops_jobs.table.schema import Kind, Schema
from seed_code.model_build.tests.conftest import run_preprocess, write_csv

HEADING = ["size", "noise", "y"]
Rows = list[list[str]]


def rows(count: int = 400) -> Rows:
    dice = random.Random(3)  # noqa: S311  reproducible, not secret
    return [
        [f"{dice.gauss(50, 9):.3f}", f"{dice.random():.4f}", dice.choice("ab")]
        for _ in range(count)
    ]


def report_of(folder: Path, table: Rows, heading: list[str] = HEADING) -> dict[str, Any]:
    write_csv(folder / "raw", table, heading)
    outputs = run_preprocess(folder, target="name:y")
    found: dict[str, Any] = json.loads((outputs / "train/data_report.json").read_bytes())
    return found


def warnings_of(report: dict[str, Any], name: str) -> list[str]:
    (column,) = [column for column in report["columns"] if column["name"] == name]
    found: list[str] = column["warnings"]
    return found


def test_each_column_has_its_kind_and_counts(tmp_path: Path) -> None:
    table = rows()
    table[3][0] = ""
    report = report_of(
        tmp_path, [[*row[:2], "same", row[2]] for row in table], ["size", "noise", "k", "y"]
    )
    assert report["rows"] == {"train": 240, "validation": 80, "test": 80, "unused": 0}
    assert report["warnings"] == []
    size, _, constant = report["columns"]
    assert (size["kind"], size["missing"], size["warnings"]) == ("numeric", 1, [])
    assert constant["reason"] == "it is always 'same'"


@pytest.mark.parametrize("cell", ["12 000", "oops", "1,5", "\0", "1_000"])
def test_one_bad_cell_among_numbers_is_a_missing_value(
    tmp_path: Path, cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = rows()
    table[6][0] = cell
    report = report_of(tmp_path, table)

    (warning,) = warnings_of(report, "size")
    assert warning == f"1 other cells, first {cell!r} (row 7), are read as missing values"
    assert f"warning: column 'size' {warning}" in capsys.readouterr().out
    schema = Schema.from_json((tmp_path / "output/train/schema.json").read_bytes())
    assert schema.columns[0].kind is Kind.NUMERIC
    assert cell.strip().lower() in schema.missing


def test_several_bad_cells_among_numbers_are_rejected_with_their_rows(tmp_path: Path) -> None:
    table = rows()
    for row in range(12):
        table[row * 5][1] = "n.b."
    with pytest.raises(InputError) as error:
        report_of(tmp_path, table)
    assert str(error.value).startswith(
        "column 'noise': got 97.0% numbers and 12 other cells, first 'n.b.' (row 1); correct"
    )


def test_codes_of_numbers_and_letters_are_categories(tmp_path: Path) -> None:
    table = [["1" if at % 9 else "X", *row[1:]] for at, row in enumerate(rows())]
    (size, _) = report_of(tmp_path, table)["columns"]
    assert size["kind"] == "category"


def test_a_number_of_the_row_is_reported(tmp_path: Path) -> None:
    table = rows()
    numbers = list(range(1000, 1000 + len(table)))
    random.Random(1).shuffle(numbers)  # noqa: S311  reproducible, not secret
    report = report_of(
        tmp_path, [[str(n), *row[1:]] for n, row in zip(numbers, table, strict=True)]
    )
    (warning,) = warnings_of(report, "size")
    assert warning.startswith("numbers the rows, as an identifier does")


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_a_column_that_gives_the_target_away_is_reported(tmp_path: Path, kind: str) -> None:
    table = rows()
    for at, row in enumerate(table):
        row[2] = row[2] if kind == "binary" else f"{at * 1.37:.2f}"
        row[1] = str(ord(row[2]) + at % 5 / 10) if kind == "binary" else f"{at * -3 + 0.25}"
    report = report_of(tmp_path, table)
    (warning,) = warnings_of(report, "noise")
    assert "of 1.000 with the target alone" in warning
    assert warnings_of(report, "size") == []


def test_rows_on_both_sides_of_the_split_are_counted(tmp_path: Path) -> None:
    (warning,) = report_of(tmp_path, rows(100) * 5)["warnings"]
    assert "held-out rows are equal to a row of training or validation" in warning


def test_a_table_without_faults_has_no_warnings(tmp_path: Path) -> None:
    report = report_of(tmp_path, rows())
    assert report["warnings"] == []
    assert all(not column["warnings"] for column in report["columns"])


def test_the_report_is_beside_the_training_rows(tmp_path: Path) -> None:
    report_of(tmp_path, rows())
    assert preprocess.OUTPUT.name == "output"
    assert sorted(path.name for path in (tmp_path / "output/train").iterdir()) == [
        "data_report.json",
        "schema.json",
        "train.npz",
    ]
