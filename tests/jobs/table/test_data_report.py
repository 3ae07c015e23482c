"""What preprocessing says about a table."""

import csv
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
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
    found: dict[str, Any] = json.loads((outputs / "report/data_report.json").read_bytes())
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


def sides(folder: Path) -> tuple[set[tuple[str, ...]], int]:
    """Returns the different held-out rows, and the number of training and validation rows."""
    with (folder / "output/test/holdout.csv").open(encoding="utf-8", newline="") as stream:
        held_out = {tuple(row) for row in list(csv.reader(stream))[1:]}
    count = 0
    for part in ("train", "validation"):
        with np.load(folder / "output" / part / f"{part}.npz") as arrays:
            count += len(arrays["target"])
    return held_out, count


def test_equal_rows_are_on_one_side_of_the_split_and_counted(tmp_path: Path) -> None:
    table = rows(100) * 5
    random.Random(2).shuffle(table)  # noqa: S311  reproducible, not secret
    report = report_of(tmp_path, table)
    (warning,) = report["warnings"]
    assert warning.startswith("400 of 500 rows are equal to an earlier row; equal rows are in")
    assert report["repeated_rows"] == 400
    held_out, others = sides(tmp_path)
    copies = [row for row in table if tuple(row) in held_out]
    assert len(copies) + others == len(table)
    assert len(copies) == pytest.approx(100, abs=10)


@pytest.mark.parametrize("identifier", ["customer-{}", "{}"])
def test_copies_under_new_identifiers_are_equal_rows(tmp_path: Path, identifier: str) -> None:
    table = rows(100) * 5
    random.Random(2).shuffle(table)  # noqa: S311  reproducible, not secret
    numbered = [[identifier.format(at), *row] for at, row in enumerate(table)]
    assert report_of(tmp_path, numbered, ["id", *HEADING])["repeated_rows"] == 400
    held_out, others = sides(tmp_path)
    contents = {row[1:] for row in held_out}
    assert sum(tuple(row) in contents for row in table) + others == len(table)


def test_a_table_of_few_possible_rows_is_split_as_usual(tmp_path: Path) -> None:
    dice = random.Random(5)  # noqa: S311  reproducible, not secret
    table = [[dice.choice("xyz"), dice.choice("uv"), dice.choice("ab")] for _ in range(400)]
    report = report_of(tmp_path, table)
    assert report["rows"] == {"train": 240, "validation": 80, "test": 80, "unused": 0}
    (warning,) = report["warnings"]
    assert "80 of 80 held-out rows are equal to a row of training or validation" in warning


@pytest.mark.parametrize(
    ("labels", "warning"),
    [
        (["yes", "YES", "Yes", "no"], "look like one value: 'YES', 'Yes', 'yes'; use one spelling"),
        (["1", "1.0", "2"], "look like one value: '1', '1.0'; use one spelling"),
        (["new  york", "new york"], "look like one value: 'new  york', 'new york'"),
        ([f"c{at}" for at in range(130)], "has 130 labels; more than 100 are rarely learned well"),
    ],
)
def test_unusual_labels_are_reported(
    tmp_path: Path, labels: list[str], warning: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = [[*row[:2], labels[at % len(labels)]] for at, row in enumerate(rows(600))]
    write_csv(tmp_path / "raw", table, HEADING)
    outputs = run_preprocess(tmp_path, "--problem-type=" + kind_of(labels), target="name:y")
    (found,) = json.loads((outputs / "report/data_report.json").read_bytes())["target"]["warnings"]
    assert warning in found
    assert f"warning: target 'y' {found}" in capsys.readouterr().out


def kind_of(labels: list[str]) -> str:
    return "binary" if len(labels) == 2 else "multiclass"


def test_a_label_of_one_row_is_reported(tmp_path: Path) -> None:
    table = rows()
    table[7][2] = "rare"
    (warning,) = report_of(tmp_path, table)["target"]["warnings"]
    assert warning.startswith("has 1 labels with fewer than 3 rows, which only training reads")
    assert "'rare' (1)" in warning


def test_spellings_of_a_category_are_reported_but_never_those_of_an_identifier(
    tmp_path: Path,
) -> None:
    table = [
        [("Rome", "rome", "Oslo")[at % 3], f"User-{at // 2}{'Xx'[at % 2]}", row[2]]
        for at, row in enumerate(rows())
    ]
    report = report_of(tmp_path, table)
    assert "'Rome', 'rome'" in warnings_of(report, "size")[0]
    assert "User-" not in json.dumps(report)


def test_a_label_whose_rows_are_copies_of_one_row_is_rejected(tmp_path: Path) -> None:
    table = [[*row[:2], "a"] for row in rows()] + [["1", "2", "b"]] * 5
    with pytest.raises(InputError) as error:
        report_of(tmp_path, table)
    assert "got 5 rows of label 'b', none of which is in" in str(error.value)


@pytest.mark.parametrize(("count", "got"), [(1, "got 1 row;"), (3, "got 3 rows;")])
def test_a_table_of_a_few_rows_is_rejected_with_their_number(
    tmp_path: Path, count: int, got: str
) -> None:
    with pytest.raises(InputError) as error:
        report_of(tmp_path, rows(count))
    assert str(error.value) == f"{got} allowed: at least 10. Add rows"


def test_a_table_without_faults_has_no_warnings(tmp_path: Path) -> None:
    report = report_of(tmp_path, rows())
    assert report["warnings"] == []
    assert all(not column["warnings"] for column in report["columns"])


def test_empty_names_of_the_heading_are_reported(tmp_path: Path) -> None:
    (warning,) = report_of(tmp_path, rows(), ["", "noise", "y"])["warnings"]
    assert warning.startswith("the heading has 1 empty names; requests must use column_0 instead")


def test_warnings_end_the_job_where_none_is_allowed(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw", rows(100) * 2, HEADING)
    with pytest.raises(InputError) as error:
        run_preprocess(tmp_path, "--warnings=none", target="name:y")
    assert str(error.value).startswith("data.warnings: got 1 warnings, which the log lists")
    assert (tmp_path / "output/report/data_report.json").is_file()


def test_a_table_without_warnings_passes_where_none_is_allowed(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw", rows(), HEADING)
    output = run_preprocess(tmp_path, "--warnings=none", target="name:y")
    assert (output / "train/schema.json").is_file()


def test_each_folder_is_an_output_of_the_job(tmp_path: Path) -> None:
    report_of(tmp_path, rows())
    assert preprocess.OUTPUT.name == "output"
    output = tmp_path / "output"
    assert {path.relative_to(output).as_posix() for path in output.rglob("*.*")} == {
        "report/data_report.html",
        "report/data_report.json",
        "rows/train.csv",
        "test/holdout.csv",
        "train/schema.json",
        "train/train.npz",
        "validation/validation.npz",
    }
