"""Traffic of a kind of drift: rows for a project's endpoint, and the labels that come later."""

import csv
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from rehearsal.client.errors import RehearsalError
from rehearsal.client.predictions import HoldOut

_FLIGHTS, _TARGET = "pipeline/flights.py", "late"
_SHIFT = 1.0  # of a constructed covariate drift, in ranges of the column
_FLIPPED = 0.5  # share of the labels that a label drift changes
UNKNOWN_COLUMN = "column_of_a_newer_client"


class Kind(StrEnum):
    """A difference between traffic and training data."""

    NONE = "none"
    COVARIATE = "covariate"
    LABEL = "label"
    SCHEMA = "schema"
    STUCK = "stuck"


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Rows to send, in the order of the columns, and the label of each, which comes later.

    Args:
        kind: the difference from the training data.
        description: the difference in words.
        columns: names of the columns that requests have.
        rows: the rows.
        labels: the actual value of the target of each row.
    """

    kind: Kind
    description: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    labels: Sequence[str]


def make(
    kind: Kind, known: HoldOut, count: int, *, later: HoldOut | None = None, seed: int = 7
) -> Traffic:
    """Returns a random sample of rows with a kind of drift.

    Args:
        kind: the difference from the training data.
        known: rows with the distribution of the training data.
        count: number of rows.
        later: rows that were observed later. Defaults to None: covariate drift is constructed.
        seed: seed of the sample. Defaults to 7.

    Raises:
        RehearsalError: the rows have no column for such a drift.
    """
    draw = random.Random(seed)  # noqa: S311 - traffic, not a secret
    if kind is Kind.COVARIATE and later is not None:
        sample = _sample(_with_columns(later, known), count, draw)
        return replace(sample, kind=kind, description=f"{count} rows that were observed later")
    sample = _sample(known, count, draw)
    if kind is Kind.NONE:
        return sample
    if kind is Kind.LABEL:
        return _labels_changed(sample, known, draw)
    numeric = _numeric(known)
    if not numeric:
        raise RehearsalError(
            f"The data has no column of numbers, which drift {kind} changes.",
            f"Columns: {', '.join(known.columns)}.",
            f"Pass --kind {Kind.LABEL}.",
        )
    if kind is Kind.COVARIATE:
        return _shifted(sample, numeric)
    column = max(numeric, key=lambda name: len(set(numeric[name])))
    if kind is Kind.STUCK:
        return _stuck(sample, column)
    return _other_schema(sample, column)


def _sample(known: HoldOut, count: int, draw: random.Random) -> Traffic:
    chosen = draw.choices(range(len(known.rows)), k=count)
    return Traffic(
        kind=Kind.NONE,
        description=f"{count} rows as in the training data",
        columns=known.columns,
        rows=[known.rows[index] for index in chosen],
        labels=[known.actual[index] for index in chosen],
    )


def _with_columns(later: HoldOut, known: HoldOut) -> HoldOut:
    """Returns rows with the columns of others, in their order."""
    missing = [name for name in known.columns if name not in later.columns]
    if missing:
        raise RehearsalError(
            f"The later rows have no column {missing[0]!r}.",
            f"Columns: {', '.join(later.columns)}.",
            "Push the code with which the deployed model was trained.",
        )
    positions = [later.columns.index(name) for name in known.columns]
    rows = [[row[at] for at in positions] for row in later.rows]
    return replace(later, columns=known.columns, rows=rows)


def _labels_changed(sample: Traffic, known: HoldOut, draw: random.Random) -> Traffic:
    if known.problem_type == "regression":
        numbers = [float(value) for value in known.actual]
        by = max(numbers) - min(numbers)
        labels = [f"{float(label) + by:g}" for label in sample.labels]
        words = f"the target is {by:g} higher"
    else:
        others = sorted(set(known.actual))
        labels = [
            draw.choice([one for one in others if one != label] or others)
            if draw.random() < _FLIPPED
            else label
            for label in sample.labels
        ]
        words = f"{_FLIPPED:.0%} of the labels have another value"
    description = f"{len(sample.rows)} rows as in the training data; {words}"
    return replace(sample, kind=Kind.LABEL, description=description, labels=labels)


def _numeric(known: HoldOut) -> dict[str, list[float]]:
    """Returns the values of the columns of numbers with more than one value."""
    found = {}
    for at, name in enumerate(known.columns):
        try:
            values = [float(row[at]) for row in known.rows if row[at] != ""]
        except ValueError:
            continue
        if len(set(values)) > 1:
            found[name] = values
    return found


def _shifted(sample: Traffic, numeric: dict[str, list[float]]) -> Traffic:
    by = {
        sample.columns.index(name): _SHIFT * (max(values) - min(values))
        for name, values in numeric.items()
    }
    rows = [
        [f"{float(cell) + by[at]:g}" if at in by and cell else cell for at, cell in enumerate(row)]
        for row in sample.rows
    ]
    words = f"each number is higher by the range of its column: {', '.join(sorted(numeric))}"
    return replace(sample, kind=Kind.COVARIATE, description=f"{len(rows)} rows; {words}", rows=rows)


def _stuck(sample: Traffic, column: str) -> Traffic:
    at = sample.columns.index(column)
    value = next(row[at] for row in sample.rows if row[at] != "")
    rows = [[*row[:at], value, *row[at + 1 :]] for row in sample.rows]
    words = f"{column} is stuck at {value}"
    return replace(sample, kind=Kind.STUCK, description=f"{len(rows)} rows; {words}", rows=rows)


def _other_schema(sample: Traffic, column: str) -> Traffic:
    """Returns rows of another client: a further column, and text in a column of numbers."""
    at = sample.columns.index(column)
    rows = [[*row[:at], "unknown", *row[at + 1 :], "1"] for row in sample.rows]
    words = f"{column} is the text `unknown`, and there is a further column {UNKNOWN_COLUMN}"
    return replace(
        sample,
        kind=Kind.SCHEMA,
        description=f"{len(rows)} rows; {words}",
        columns=[*sample.columns, UNKNOWN_COLUMN],
        rows=rows,
    )


def has_months(repository: Path, target: str) -> bool:
    """Returns True if the project predicts flights, of which later months exist.

    Args:
        repository: clone of the model-build repository.
        target: column that the deployed model predicts.
    """
    return target == _TARGET and (repository / _FLIGHTS).is_file()


def months(repository: Path, target: str, first: int, last: int) -> HoldOut:
    """Returns the flights of months, which the code of the project writes.

    Args:
        repository: clone of the model-build repository.
        target: name of the target column.
        first: first month, 1 to 12.
        last: last month.

    Raises:
        RehearsalError: the command of the project fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        run_flights(repository, f"{first}-{last}", "--output", folder)
        columns: list[str] = []
        rows: list[list[str]] = []
        for path in sorted(Path(folder).glob("*.csv")):
            with path.open(newline="", encoding="utf-8") as file:
                columns, *more = list(csv.reader(file))
                rows += more
    if target not in columns:
        raise RehearsalError(
            f"The flights have no column {target!r}, which the deployed model predicts.",
            f"Columns: {', '.join(columns)}.",
            "Omit --months for another project than that of the flights.",
        )
    index = columns.index(target)
    return HoldOut(
        problem_type="binary",
        target=target,
        columns=[*columns[:index], *columns[index + 1 :]],
        rows=[[*row[:index], *row[index + 1 :]] for row in rows],
        actual=[row[index] for row in rows],
    )


def run_flights(
    repository: Path, *arguments: str, environment: dict[str, str] | None = None
) -> list[str]:
    """Runs the project's command for months of its data; returns the lines that it prints.

    Args:
        repository: clone of the model-build repository.
        arguments: arguments of the command.
        environment: environment of the command. Defaults to None: that of this process.

    Raises:
        RehearsalError: the command fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.flights", *arguments],
        cwd=repository,
        env={**(environment or os.environ), "PYTHONPATH": str(repository.resolve())},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip().removeprefix("error: ")
        raise RehearsalError(
            f"The code in {repository} cannot write months of its data.", reason[-2000:]
        )
    return done.stdout.splitlines()
