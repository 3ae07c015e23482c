"""Raw tables of several files, each with something that depends on the order of the rows."""

import csv
import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from mlops_jobs.table.features import Feature

Rows = list[list[str]]

ROWS = 45_000  # more than two pieces, whose borders are not those of the files
HEADING = ["id", "age", "city", "joined", "price", "half", "epoch", "customer", "copy", "y"]
CITIES = ["Łódź", "Zürich, CH", 'the "old"\ntown', "oslo", "Oslo", "N/A"]

RATIO = Feature(name="ratio", inputs=("age", "epoch"), compute=lambda age, epoch: age / epoch)
LETTERS = Feature(
    name="letters", texts=("city",), compute=lambda texts: [len(text) for text in texts]
)
FEATURES = [RATIO, LETTERS]


def rows_of(seed: int, count: int = ROWS) -> Rows:
    """Returns rows with numbers, categories, dates, other notations, identifiers and errors."""
    dice = random.Random(seed)  # noqa: S311  # reproducible, not secret
    rows = []
    for number in range(count):
        age, city = dice.uniform(18, 80), dice.choice(CITIES)
        score = age / 40 + (city == "oslo") + dice.gauss(0, 0.5)
        rows.append(
            [
                f"customer-{number}",
                "" if dice.random() < 0.02 else f"{age:.3f}",
                city,
                f"{dice.randint(1, 28):02d}.{dice.randint(1, 12):02d}.2025",
                f"{dice.randint(1, 9)}.{dice.randint(100, 999)},{dice.randint(10, 99)} EUR",
                # Numbers at first: the column becomes a category far behind the first piece.
                str(dice.randint(1, 99)) if number < count // 2 else dice.choice("abc"),
                str(1_700_000_000 + dice.randint(0, 10_000_000)),
                str(dice.randint(1, 3000)),
                "always",
                "yes" if score > 1.5 else "no",
            ]
        )
    for at in range(0, 200, 7):
        rows[at][1] = "oops"  # few enough to be missing values
    # Equal rows under new identifiers, in other files than their originals.
    copies = [["copy-" + str(at), *rows[at][1:]] for at in range(0, count, 40)]
    return rows + copies


def write(folder: Path, rows: Rows, files: int = 4, heading: list[str] = HEADING) -> None:
    """Writes files of different sizes and formats; the last one is gzip."""
    folder.mkdir(parents=True)
    ends = np.cumsum(np.arange(1, files + 1)) * len(rows) // (files * (files + 1) // 2)
    for at, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        last = at == files - 1
        path = folder / f"part-{at:03d}.csv{'.gz' if last else ''}"
        opened = gzip.open if last else open
        with opened(path, "wt", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(heading)
            writer.writerows(rows[start:end])


def _regression(folder: Path) -> None:
    rows = rows_of(2, 30_000)
    for number, row in enumerate(rows):
        row[-1] = "" if number % 50 == 0 else f"{float(len(row[2])) + number % 97 / 7:.4f}"
    write(folder, rows)


def _multiclass(folder: Path) -> None:
    rows = rows_of(3, 30_000)
    for number, row in enumerate(rows):
        row[-1] = ("red", "green", "blue", "rare")[min(number % 3 + (number % 9000 == 5) * 3, 3)]
    write(folder, rows, files=7)


def _parquet(folder: Path) -> None:
    rows = rows_of(4, 25_000)
    folder.mkdir(parents=True)
    frame = pl.DataFrame(rows, schema=HEADING, orient="row")
    frame.head(9_000).write_parquet(folder / "a.parquet")
    frame.slice(9_000).write_parquet(folder / "b.parquet", row_group_size=5_000)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A table, the arguments of the job, and True for computed features."""

    write: Callable[[Path], None]
    arguments: tuple[str, ...] = ()
    computed: bool = False


CASES = {
    "at random": Case(write=lambda folder: write(folder, rows_of(1)), computed=True),
    "by time": Case(
        write=lambda folder: write(folder, rows_of(5, 30_000), files=2),
        arguments=("--time=joined", "--drop=customer"),
    ),
    "by group": Case(
        write=lambda folder: write(folder, rows_of(6, 30_000)), arguments=("--group=customer",)
    ),
    "a regression": Case(write=_regression, arguments=("--problem-type=regression",)),
    "classes, one of them rare": Case(write=_multiclass, arguments=("--seed=11",)),
    "Parquet": Case(write=_parquet, arguments=("--positive-label=no",)),
    "one file": Case(write=lambda folder: write(folder, rows_of(8, 4_000), files=1)),
}
