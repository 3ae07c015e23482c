"""Statistics of all columns of a table; they can be merged with those of other rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from mlops_jobs.monitoring.columns.column import UNKNOWN, Column

MAX_OTHER_COLUMNS = 100  # that are remembered; callers may send any name


class Summary:
    """Statistics of the columns of a table.

    Args:
        expected: type of each column. Defaults to None: the columns are those of the rows.
    """

    def __init__(self, expected: Mapping[str, str] | None = None) -> None:
        self.rows = 0
        self.seen: set[str] = set()
        self.others: dict[str, None] = {}
        self.columns: dict[str, Column] = {}
        self._expected = dict(expected) if expected is not None else None
        for name, kind in (expected or {}).items():
            self.columns[name] = Column(name, kind)

    @classmethod
    def of(
        cls, rows: Sequence[Mapping[str, Any]], expected: Mapping[str, str] | None = None
    ) -> "Summary":
        """Returns the statistics of rows.

        Args:
            rows: cells by column name.
            expected: as for the constructor. Defaults to None.
        """
        found = cls(expected)
        names = list(dict.fromkeys(name for row in rows for name in row))
        cells = {name: [_text(row.get(name)) for row in rows] for name in names}
        found.add(pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String)))
        return found

    def fresh(self) -> "Summary":
        """Returns statistics of no rows, with the same expected columns."""
        return Summary(self._expected)

    def add(self, table: pl.DataFrame) -> None:
        """Adds rows; a row without a column has a missing value.

        Args:
            table: cells as strings.
        """
        given = set(table.columns)
        for name in table.columns:
            if name not in self.columns and self._expected is None:
                self.columns[name] = Column(name, UNKNOWN)
                self.columns[name].add_missing(self.rows)
        self.seen |= given & set(self.columns)
        self._add_others(sorted(given - set(self.columns)))
        for name, column in self.columns.items():
            if name in given:
                column.add(table[name])
            else:
                column.add_missing(table.height)
        self.rows += table.height

    def note(self, names: Sequence[str], rows: int) -> None:
        """Adds the columns of rows whose cells are added to `columns` elsewhere.

        Args:
            names: names of the columns.
            rows: number of rows.
        """
        for name in names:
            if name not in self.columns and self._expected is None:
                self.columns[name] = Column(name, UNKNOWN)
        given = set(names)
        self.seen |= given & set(self.columns)
        self._add_others(sorted(given - set(self.columns)))
        self.rows += rows

    def merge(self, other: "Summary") -> None:
        """Adds the rows of other statistics.

        Args:
            other: the other statistics.
        """
        for name in other.columns:
            if name not in self.columns:
                self.columns[name] = Column(name, UNKNOWN)
                self.columns[name].add_missing(self.rows)
        for name, column in self.columns.items():
            if name in other.columns:
                column.merge(other.columns[name])
            else:
                column.add_missing(other.rows)
        self.seen |= other.seen
        self._add_others(other.others)
        self.rows += other.rows

    def _add_others(self, names: Iterable[str]) -> None:
        for name in names:
            if len(self.others) < MAX_OTHER_COLUMNS:
                self.others[name] = None


def _text(cell: Any) -> str | None:
    return None if cell is None else str(cell)
