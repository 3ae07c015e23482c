"""The processing job that splits and encodes the raw table."""

import csv
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.table import preprocess
from mlops_jobs.table.schema import Kind, Schema
from seed_code.model_build.tests.conftest import (
    HEADING,
    Fitted,
    raw_rows,
    run_preprocess,
    write_csv,
)


def schema_of(outputs: Path) -> Schema:
    return Schema.from_json((outputs / "train/schema.json").read_bytes())


def test_columns_are_recognized(fit: Callable[[str], Fitted]) -> None:
    schema = schema_of(fit("binary").outputs)
    kinds = {column.name: column.kind for column in schema.columns}
    assert kinds == {
        "age": Kind.NUMERIC,
        "city": Kind.CATEGORY,
        "member": Kind.CATEGORY,
        "joined": Kind.DATE,
        "balance": Kind.NUMERIC,
        "empty": Kind.IGNORED,
        "always": Kind.IGNORED,
        "number": Kind.IGNORED,
    }
    reasons = {column.name: column.reason for column in schema.columns if column.reason}
    assert reasons == {
        "empty": "it is empty",
        "always": "it is always 'same'",
        "number": "none of its categories occurs in two training rows",
    }
    assert schema.columns[1].categories == ("Zürich, CH", 'the "old" town', "Łódź")
    assert schema.labels == ("churned", "stays")


def test_rows_are_divided_by_share_and_class(fit: Callable[[str], Fitted]) -> None:
    fitted = fit("multiclass")
    held_out = [row["answer"] for row in fitted.holdout()]
    with np.load(fitted.outputs / "train/train.npz") as train:
        assert len(train["target"]) == pytest.approx(180, abs=3)
    all_rows = [row[-1] for row in fitted.raw]
    for label in ("3", "7", "20"):
        assert held_out.count(label) == pytest.approx(all_rows.count(label) * 0.2, abs=1)


def test_held_out_rows_are_raw(binary: Fitted) -> None:
    raw = {tuple(row) for row in binary.raw}
    assert all(tuple(row.values()) in raw for row in binary.holdout())
    assert list(binary.holdout()[0]) == HEADING


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_csv(tmp_path / name / "raw", raw_rows("binary"))
        run_preprocess(tmp_path / name)
    for file in ("train/schema.json", "test/holdout.csv", "train/train.npz"):
        one, two = (tmp_path / name / "output" / file for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes(), file


def test_a_table_without_a_heading_is_addressed_by_position(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw", raw_rows("regression"), heading=None)
    outputs = run_preprocess(tmp_path, "--header=false", target="index:-1")
    schema = schema_of(outputs)
    assert schema.target == "column_8"
    assert [column.name for column in schema.features] == [
        "column_0",
        "column_1",
        "column_2",
        "column_3",
        "column_4",
    ]


def test_dropped_columns_are_ignored(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw", raw_rows("binary"))
    schema = schema_of(run_preprocess(tmp_path, "--drop=city", "--drop=joined"))
    assert [column.name for column in schema.features] == ["age", "member", "balance"]
    assert schema.columns[1].reason == "data.drop names it"


def test_rows_without_a_target_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = raw_rows("regression")
    for row in rows[:7]:
        row[-1] = "NaN"
    write_csv(tmp_path / "raw", rows)
    run_preprocess(tmp_path)
    assert "7 without a target" in capsys.readouterr().out


def test_a_number_that_is_too_large_for_32_bits_is_not_missing(tmp_path: Path) -> None:
    rows = raw_rows("binary")
    for row in rows:
        row[0] = "1e300" if row[0] == "NA" else "5" if row[0] in ("", "?") else row[0]
    write_csv(tmp_path / "raw", rows)
    with np.load(run_preprocess(tmp_path) / "train/train.npz") as train:
        assert train["features"][:, 0].max() > 1e30
        assert not np.isinf(train["features"]).any()


@pytest.mark.parametrize(
    ("arguments", "target", "message"),
    [
        ([], "name:price", "data.target: got 'price'; allowed: age, city"),
        ([], "index:9", "got position 9 in a table of 9 columns; allowed: 0 to 8"),
        (["--drop=colour"], "name:answer", "data.drop: got 'colour'; allowed: age"),
        (["--drop=answer"], "name:answer", "got 'answer', which is the target"),
        (["--problem-type=regression"], "name:answer", "allowed: numbers for a regression"),
        ([], "name:always", "got a column with the values ['same']"),
        (
            [f"--drop={name}" for name in ("age", "city", "member", "joined", "balance")],
            "name:answer",
            "got no usable column",
        ),
    ],
)
def test_what_does_not_fit_is_rejected(
    tmp_path: Path, arguments: list[str], target: str, message: str
) -> None:
    write_csv(tmp_path / "raw", raw_rows("binary", 60))
    with pytest.raises(InputError) as error:
        run_preprocess(tmp_path, *arguments, target=target)
    assert message in str(error.value)


def test_a_table_of_only_a_heading_is_rejected(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw", [])
    with pytest.raises(InputError, match="got a table without rows"):
        run_preprocess(tmp_path)


def test_the_job_ends_with_one_line_for_its_owner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "raw", raw_rows("binary", 60))
    with pytest.raises(SystemExit, match="1"):
        preprocess.main(
            ["--target=name:price", f"--input={tmp_path / 'raw'}", f"--output={tmp_path}"]
        )
    error = capsys.readouterr().err
    assert error.startswith("error: data.target: got 'price'")
    assert error.count("\n") == 1


def held_out(output: Path, column: str) -> tuple[list[str], list[str]]:
    """Returns a column of the training rows, and of the held-out rows."""
    found = []
    for file in ("rows/train.csv", "test/holdout.csv"):
        with (output / file).open(encoding="utf-8", newline="") as stream:
            found.append([row[column] for row in csv.DictReader(stream)])
    return found[0], found[1]


@pytest.mark.parametrize(
    "spelling", ["2026-{1:02d}-{0:02d}", "{0:02d}.{1:02d}.2026", "17{1:02d}{0:02d}0000"]
)
def test_a_split_by_time_holds_out_the_newest_rows(tmp_path: Path, spelling: str) -> None:
    days = [(day, month) for month in range(1, 8) for day in range(1, 29)]
    rows = [[spelling.format(*day), str(day[0] % 7), str(sum(day))] for day in days]
    order = np.random.default_rng(1).permutation(len(rows))
    write_csv(tmp_path / "raw", [rows[at] for at in order], ["when", "a", "y"])
    arguments = ("--time=when", "--problem-type=regression", "--drop=when")
    output = run_preprocess(tmp_path, *arguments, target="name:y")
    place = {row[0]: at for at, row in enumerate(rows)}
    train, test = held_out(output, "when")
    assert max(place[time] for time in train) < min(place[time] for time in test)
    assert len(test) == pytest.approx(0.2 * len(rows), abs=1)


def test_a_split_by_group_keeps_customers_together(tmp_path: Path) -> None:
    rows = [[f"c{at % 40}", str(at % 7), str(at)] for at in range(400)]
    write_csv(tmp_path / "raw", rows, ["customer", "a", "y"])
    arguments = ("--group=customer", "--problem-type=regression", "--drop=customer")
    train, test = held_out(run_preprocess(tmp_path, *arguments, target="name:y"), "customer")
    assert train
    assert test
    assert not set(train) & set(test)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--time=when"], "split.time: got 'when'; allowed: a, b, y"),
        (["--time=b"], "split.time: got 'b' with cells such as 'x'; allowed: a column of dates"),
        (["--group=when"], "split.group: got 'when'; allowed: a, b, y"),
        (["--group=b"], "split.group: got 2 values of 'b'; allowed: at least three"),
        (["--time=a", "--group=b"], "split: got time and group; allowed: one of them"),
    ],
)
def test_a_column_that_cannot_split_is_rejected(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    rows = [[str(at), "xy"[at % 2], str(at * 1.5)] for at in range(60)]
    write_csv(tmp_path / "raw", rows, ["a", "b", "y"])
    with pytest.raises(InputError, match=re.escape(message)):
        run_preprocess(tmp_path, *arguments, "--problem-type=regression", target="name:y")


def test_another_process_holds_out_the_same_rows_of_a_table_that_has_grown(tmp_path: Path) -> None:
    """A deployed model has then not learned from the rows on which it is compared."""
    rows = raw_rows("regression", 600)
    for name, count in (("before", 300), ("after", 600)):
        write_csv(tmp_path / name / "raw", rows[:count])
        program = (
            "import sys; from mlops_jobs.table import preprocess; preprocess.main(sys.argv[1:])"
        )
        folder = tmp_path / name
        arguments = [f"--input={folder / 'raw'}", f"--output={folder / 'output'}"]
        subprocess.run(
            [sys.executable, "-c", program, "--target=name:answer", *arguments], check=True
        )
    learned, _ = held_out(tmp_path / "before/output", "number")
    _, tested = held_out(tmp_path / "after/output", "number")
    assert len(set(learned) & set(tested)) <= 4
