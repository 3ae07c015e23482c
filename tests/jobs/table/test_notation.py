"""Notations of numbers and dates."""

import json
import random
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlops_jobs.table.encoding import CellError, Matrix, encode
from mlops_jobs.table.notation import (
    COMMA,
    DAY_FIRST,
    ISO,
    MONTH_FIRST,
    NAMED,
    POINT,
    YEAR_FIRST,
    Notation,
    read_date,
    read_number,
)
from mlops_jobs.table.schema import Kind, Schema
from seed_code.model_build.tests.conftest import run_preprocess, write_csv

ROWS = 300


def moment(*parts: int) -> datetime:
    """Returns a time without a time zone, as tables have it."""
    year, month, day, hour, minute = (*parts, 0, 0)[:5]
    return datetime.combine(date(year, month, day), time(hour, minute))


def preprocessed(folder: Path, cells: list[str]) -> tuple[dict[str, Any], Schema, Matrix]:
    """Preprocesses a table with one column of the cells; returns report, schema and rows."""
    dice = random.Random(3)  # noqa: S311  reproducible, not secret
    rows = [[cell, f"{dice.gauss(5, 2):.4f}", dice.choice("ab")] for cell in cells]
    write_csv(folder / "raw", rows, ["x", "noise", "y"])
    output = run_preprocess(folder, target="name:y")
    train = output / "train"
    report = json.loads((output / "report/data_report.json").read_bytes())
    with np.load(train / "train.npz") as arrays:
        features = arrays["features"]
    return report["columns"][0], Schema.from_json((train / "schema.json").read_bytes()), features


@pytest.mark.parametrize(
    ("text", "notation", "expected"),
    [
        ("1,234", POINT, (1234, "")),
        ("-1,234,567.5", POINT, (-1234567.5, "")),
        ("12 000", POINT, (12000, "")),
        ("12.5 %", POINT, (12.5, "%")),
        ("EUR 9.90", POINT, (9.9, "EUR")),
        ("$1,200", POINT, (1200, "$")),
        ("9,90 €", COMMA, (9.9, "€")),
        ("1.234,5", COMMA, (1234.5, "")),
        ("1\u202f234,5", COMMA, (1234.5, "")),
        ("1,5", POINT, None),
        ("1,23,456", POINT, None),
        ("12,34.5", COMMA, None),
        ("ABC123", POINT, None),
        ("$5 EUR", POINT, None),
        ("1_000", POINT, None),
        ("", POINT, None),
    ],
)
def test_numbers_are_read_in_their_notation(
    text: str, notation: Notation, expected: tuple[float, str] | None
) -> None:
    assert read_number(text, notation) == expected


@pytest.mark.parametrize(
    ("text", "notation", "expected"),
    [
        ("2026-02-28", ISO, moment(2026, 2, 28)),
        ("2026-02-28T10:30:00Z", ISO, moment(2026, 2, 28, 10, 30)),
        ("2026-02-28 01:30:00+02:00", ISO, moment(2026, 2, 27, 23, 30)),
        ("28.2.2026", DAY_FIRST, moment(2026, 2, 28)),
        ("28/02/2026 07:05", DAY_FIRST, moment(2026, 2, 28, 7, 5)),
        ("2/28/2026", MONTH_FIRST, moment(2026, 2, 28)),
        ("2026/02/28", YEAR_FIRST, moment(2026, 2, 28)),
        ("28 February 2026", NAMED, moment(2026, 2, 28)),
        ("Feb 28, 2026", NAMED, moment(2026, 2, 28)),
        ("2026-02-30", ISO, None),
        ("20260228", ISO, None),
        ("30.02.2026", DAY_FIRST, None),
        ("28.02.26", DAY_FIRST, None),
        ("28.02/2026", DAY_FIRST, None),
        ("28 Sunday 2026", NAMED, None),
        ("9999-12-31T23:59:59-23:00", ISO, None),
    ],
)
def test_dates_are_read_in_their_notation(
    text: str, notation: Notation, expected: datetime | None
) -> None:
    assert read_date(text, notation) == expected


def days(pattern: str) -> list[str]:
    return [moment(2025, 1 + at % 12, 1 + at % 28, at % 24).strftime(pattern) for at in range(ROWS)]


@pytest.mark.parametrize(
    ("pattern", "notation", "parts"),
    [
        ("%Y-%m-%d", "ISO 8601", ("days", "month", "day", "weekday")),
        ("%Y-%m-%dT%H:%M:%SZ", "ISO 8601", ("days", "month", "day", "weekday", "hour")),
        ("%d.%m.%Y", "day first", ("days", "month", "day", "weekday")),
        ("%m/%d/%Y %H:%M", "month first", ("days", "month", "day", "weekday", "hour")),
        ("%d %b %Y", "month by name", ("days", "month", "day", "weekday")),
        ("2025-%m-01", "ISO 8601", ("days", "month", "weekday")),
    ],
)
def test_dates_become_the_parts_that_differ(
    tmp_path: Path, pattern: str, notation: str, parts: tuple[str, ...]
) -> None:
    cells = days(pattern)
    report, schema, features = preprocessed(tmp_path, cells)
    assert report["kind"] == "date"
    assert report["notes"] == [
        f"dates, {notation}; the model reads these parts: {', '.join(parts)}"
    ]
    assert (schema.columns[0].kind, schema.columns[0].parts) == (Kind.DATE, parts)
    assert features.shape[1] == len(parts) + 1


def test_a_request_with_a_date_is_encoded_as_in_training(tmp_path: Path) -> None:
    cells = days("%Y-%m-%dT%H:%M")
    _, schema, features = preprocessed(tmp_path, cells)
    encoded = encode(schema, [cells, ["1"] * ROWS])
    known = {tuple(row) for row in encoded[:, :-1].tolist()}
    assert {tuple(row) for row in features[:, :-1].tolist()} <= known
    (row,) = encode(schema, [[None], [1.5]])
    assert np.isnan(row[:-1]).all()
    with pytest.raises(CellError, match="allowed: a date such as 2026-11-30, or a missing value"):
        encode(schema, [["yesterday"], [1.5]])


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y"])
def test_dates_that_may_be_exchanged_are_reported_and_not_guessed(
    tmp_path: Path, pattern: str
) -> None:
    cells = [moment(2025, 1 + at % 12, 1 + at % 11).strftime(pattern) for at in range(ROWS)]
    report, _, _ = preprocessed(tmp_path, cells)
    (warning,) = report["warnings"]
    assert report["kind"] == "category"
    assert f"first {cells[0]!r} (row 1)" in warning
    assert "day and month may be exchanged" in warning


def test_a_cell_that_is_no_date_is_a_missing_value(tmp_path: Path) -> None:
    cells = days("%Y-%m-%d")
    cells[4] = "2025-02-31"
    report, schema, _ = preprocessed(tmp_path, cells)
    assert report["warnings"] == [
        "1 other cells, first '2025-02-31' (row 5), are read as missing values"
    ]
    assert "2025-02-31" in schema.missing


@pytest.mark.parametrize(
    ("factor", "unit"), [(1, "seconds"), (1_000, "milliseconds"), (1_000_000, "microseconds")]
)
def test_epochs_are_reported(tmp_path: Path, factor: int, unit: str) -> None:
    cells = [str((1_700_000_000 + at * 7_919) * factor) for at in range(ROWS)]
    report, _, _ = preprocessed(tmp_path, cells)
    assert report["kind"] == "numeric"
    assert report["warnings"][0].startswith(f"looks like {unit} since 1970 and is used as a number")


def test_dates_of_eight_digits_are_reported(tmp_path: Path) -> None:
    report, _, _ = preprocessed(tmp_path, days("%Y%m%d"))
    assert report["warnings"][0].startswith("looks like dates written as 20261130")


@pytest.mark.parametrize(
    ("written", "note"),
    [
        ("{:.2f}", None),
        ("{:,.2f}", "numbers with a decimal point"),
        ("{:.1f} %", "numbers in % with a decimal point"),
        ("EUR {:.2f}", "numbers in EUR with a decimal point"),
        ("comma", "numbers with a decimal comma"),
        ("comma €", "numbers in € with a decimal comma"),
    ],
)
def test_written_numbers_are_numbers(tmp_path: Path, written: str, note: str | None) -> None:
    dice = random.Random(9)  # noqa: S311  reproducible, not secret
    numbers = [round(dice.uniform(-5000, 5000), 1) for _ in range(ROWS)]
    exchange = str.maketrans(",.", ".,")
    cells = [
        f"{number:,.1f}".translate(exchange) + written[5:]
        if written.startswith("comma")
        else written.format(number)
        for number in numbers
    ]
    report, schema, features = preprocessed(tmp_path, cells)
    assert (report["kind"], report["notes"]) == ("numeric", [note] if note else [])
    assert report["warnings"] == []
    assert set(features[:, 0].tolist()) <= set(np.array(numbers, dtype=np.float32).tolist())
    # A request may have the number in the notation of the table, or as a number of JSON.
    encoded = encode(schema, [[cells[0], numbers[0]], ["1", 1]])
    assert encoded[0, 0] == encoded[1, 0] == np.float32(numbers[0])


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["1,234", "5,678", "9,012"], "a decimal point or a group of thousands"),
        (["EUR 5.10", "USD 7.90", "EUR 9.30"], "different units: EUR (row 1), USD (row 2)"),
        (["12 %", "0.5", "7 %"], "different units: % (row 1), none (row 2)"),
    ],
)
def test_numbers_with_two_meanings_are_reported_and_not_guessed(
    tmp_path: Path, cells: list[str], reason: str
) -> None:
    report, _, _ = preprocessed(tmp_path, cells * 100)
    (warning,) = report["warnings"]
    assert report["kind"] == "category"
    assert reason in warning
    assert f"{cells[0]!r} (row 1)" in warning


def test_codes_of_letters_and_numbers_are_no_numbers(tmp_path: Path) -> None:
    report, _, _ = preprocessed(tmp_path, [f"ABC{at % 7}" for at in range(ROWS)])
    assert (report["kind"], report["warnings"]) == ("category", [])
