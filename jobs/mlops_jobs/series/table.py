"""Time series of a raw table, as a matrix with a row for each series."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError
from mlops_jobs.series.frequency import Frequency
from mlops_jobs.table.raw import RawTable, is_missing

Matrix = npt.NDArray[np.float64]
MAX_CELLS = 50_000_000  # of a matrix, 400 MB


@dataclass(frozen=True, kw_only=True)
class SeriesTable:
    """Values of series; a period without a value is NaN.

    Args:
        start: number of the first period.
        values: matrix with a row for each series and a column for each period.
        covariates: for each covariate a matrix of the same shape.
    """

    start: int
    values: Matrix
    covariates: npt.NDArray[np.float64]

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.values.T)

    def part(self, first: int, last: int) -> "SeriesTable":
        """Returns the periods from the position `first` up to, but without, `last`.

        Args:
            first: position of the first period.
            last: position after the last period.
        """
        return SeriesTable(
            start=self.start + first,
            values=self.values[:, first:last],
            covariates=self.covariates[:, :, first:last],
        )

    def followed_by(self, later: "SeriesTable") -> "SeriesTable":
        """Returns these periods and the later ones.

        Args:
            later: the periods that follow these.
        """
        return SeriesTable(
            start=self.start,
            values=np.concatenate([self.values, later.values], axis=1),
            covariates=np.concatenate([self.covariates, later.covariates], axis=2),
        )

    def write(self, file: Path) -> None:
        """Writes the table as a file of numpy.

        Args:
            file: path of the file.
        """
        np.savez_compressed(file, start=self.start, values=self.values, covariates=self.covariates)

    @classmethod
    def read(cls, file: Path) -> "SeriesTable":
        """Reads the table of a file.

        Args:
            file: path of the file.

        Raises:
            InputError: the file does not exist, or is not such a table.
        """
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return cls(
                    start=int(arrays["start"]),
                    values=arrays["values"],
                    covariates=arrays["covariates"],
                )
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(
                f"{file}: cannot be read as a table of series ({error}); the Preprocess step "
                "writes it"
            ) from error


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Columns of the raw table.

    Args:
        series: column that names the series of a row; empty if the table has one series.
        timestamp: column with the timestamp.
        target: column with the value.
        covariates: columns with numbers that are known in advance.
    """

    series: str
    timestamp: str
    target: str
    covariates: tuple[str, ...] = ()

    def positions(self, names: Sequence[str]) -> "tuple[int | None, int, int, list[int]]":
        """Returns the positions of series, timestamp, target and covariates.

        Args:
            names: names of the columns of the table.

        Raises:
            InputError: the table does not have a column, or a column has two uses.
        """
        wanted = [name for name in (self.series, self.timestamp, self.target) if name]
        wanted += self.covariates
        repeated = {name for name in wanted if wanted.count(name) > 1}
        if repeated:
            raise InputError(f"data: got column {min(repeated)!r} twice; use each column once")
        for name in wanted:
            if name not in names:
                raise InputError(f"data: got column {name!r}; allowed: {', '.join(names)}")
        return (
            names.index(self.series) if self.series else None,
            names.index(self.timestamp),
            names.index(self.target),
            [names.index(name) for name in self.covariates],
        )


@dataclass(frozen=True, kw_only=True)
class SeriesReader:
    """Reads the series of a raw table.

    Args:
        table: the raw table.
        columns: its columns.
        frequency: length of a period.
    """

    table: RawTable
    columns: Columns
    frequency: Frequency

    def read(self) -> tuple[tuple[str, ...], SeriesTable]:
        """Returns the names of the series, in alphabetical order, and their values.

        Raises:
            InputError: a cell cannot be read, two rows have the same series and period, or the
                table is too large.
        """
        names, rows = self._rows()
        places = {name: place for place, name in enumerate(names)}
        periods = np.array([row[1] for row in rows], dtype=np.int64)
        start, count = int(periods.min()), int(periods.max() - periods.min()) + 1
        width = len(self.columns.covariates)
        if len(names) * count * (1 + width) > MAX_CELLS:
            raise InputError(
                f"data: got {len(names)} series of {count} periods from "
                f"{self.frequency.text(start)}; allowed: {MAX_CELLS:,} cells. Use a longer "
                "data.frequency, or fewer series"
            )
        values = np.full((len(names), count), np.nan)
        covariates = np.full((width, len(names), count), np.nan)
        taken = np.zeros((len(names), count), dtype=bool)
        for (name, period, value, known), at in zip(rows, periods - start, strict=True):
            here = places[name], int(at)
            if taken[here]:
                raise InputError(
                    f"data: got two rows of series {name!r} in the {self.frequency} "
                    f"{self.frequency.text(period)}; allowed: one row for each {self.frequency}. "
                    "Sum them up, or set data.frequency"
                )
            taken[here] = True
            values[here] = value
            covariates[(slice(None), *here)] = known
        return names, SeriesTable(start=start, values=values, covariates=covariates)

    def _rows(self) -> tuple[tuple[str, ...], list[tuple[str, int, float, list[float]]]]:
        key, timestamp, target, known = self.columns.positions(self.table.columns())
        found = [
            (
                self._name(row, key, number),
                self._period(row[timestamp], number),
                self._number(row[target], self.columns.target, number),
                [
                    self._number(row[place], name, number)
                    for place, name in zip(known, self.columns.covariates, strict=True)
                ],
            )
            for number, row in self._numbered()
        ]
        if not found:
            raise InputError("data: got no row; add rows below the heading")
        return tuple(sorted({name for name, *_ in found})), found

    def _numbered(self) -> Iterator[tuple[int, list[str]]]:
        number = 0
        for piece in self.table.pieces():
            for row in piece:
                number += 1
                yield number, row

    def _name(self, row: list[str], key: int | None, number: int) -> str:
        if key is None:
            return ""
        name = row[key].strip()
        if not name:
            raise InputError(
                f"row {number}, column {self.columns.series!r}: got an empty name of a series; "
                "enter one, or remove the row"
            )
        return name

    def _period(self, text: str, number: int) -> int:
        try:
            return self.frequency.number(text)
        except InputError as error:
            raise InputError(f"row {number}, column {self.columns.timestamp!r}: {error}") from None

    def _number(self, text: str, column: str, number: int) -> float:
        if is_missing(text):
            return np.nan
        try:
            value = float(text)
        except ValueError:
            raise InputError(
                f"row {number}, column {column!r}: got {text!r}; allowed: a number or a missing "
                "value"
            ) from None
        return value if np.isfinite(value) else np.nan
