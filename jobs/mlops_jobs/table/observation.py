"""Properties of a column, from one pass over its cells."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import numpy as np

from mlops_jobs.failure import InputError
from mlops_jobs.table.dates import PARTS
from mlops_jobs.table.encoding import CellError, encode_numbers
from mlops_jobs.table.notation import POINT, Found, NotationSearch
from mlops_jobs.table.raw import is_missing
from mlops_jobs.table.schema import Column, Kind
from mlops_jobs.table.spellings import spellings_warning

MAX_DISTINCT = 10_000  # counted exactly; columns with more have "more than"
MAX_OTHERS = 100  # different cells that are no numbers, beyond which a column has strings
MIN_NUMBERS = 20  # different numbers; with fewer, a column of numbers and strings is a category
NUMERIC_SHARE = 0.9  # of the cells with a value, from which on a column is meant to be numeric
ACCEPTED_SHARE = 0.99  # of the cells, from which on the other cells are missing values
MIN_ROWS_OF_IDENTIFIER = 20

_EPOCHS = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000}
_FIRST_DAY, _LAST_DAY = 19_000_101, 21_001_231
_FIRST_EPOCH, _LAST_EPOCH = 946_684_800, 2_208_988_800  # the years 2000 and 2040


class Observation:
    """Properties of the cells of one column that were read so far.

    Args:
        name: name of the column.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = 0
        self.missing = 0
        self.distinct: set[str] = set()
        self.others: dict[str, int] = {}  # row of the first cell that is no number, by its text
        self._numbers = 0
        self._count_of_others = 0
        self._numeric = True
        self._low, self._high = np.inf, -np.inf
        self._whole = True
        self._numbers_before = 0  # numbers of the pieces without another cell
        self._notations = NotationSearch()
        self._first: str | None = None
        self._constant = True

    def add(self, cells: Sequence[str]) -> None:
        """Reads further cells.

        Args:
            cells: the cells, in the order of the rows.
        """
        if self._first is None:
            self._first = cells[0].strip()
        if self._constant:
            self._constant = all(cell.strip() == self._first for cell in cells)
        if len(self.distinct) <= MAX_DISTINCT:
            self.distinct.update(cells)
        if self.others or not self._numeric:
            self._notations.add(cells, self.rows + 1)
        if self._numeric:
            try:
                self._add_numbers(np.asarray(encode_numbers(cells, self.name), dtype=np.float64))
            except CellError:
                if not self.others:
                    self._numbers_before = self._numbers
                    self._notations.add(cells, self.rows + 1)
                self._add_texts(cells)
        else:
            self.missing += sum(count for cell, count in Counter(cells).items() if is_missing(cell))
        self.rows += len(cells)

    def _add_numbers(self, values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
        known = values[~np.isnan(values)]
        self.missing += len(values) - len(known)
        self._numbers += len(known)
        if len(known):
            self._low = min(self._low, float(known.min()))
            self._high = max(self._high, float(known.max()))
            self._whole = self._whole and bool((known == np.floor(known)).all())

    def _add_texts(self, cells: Sequence[str]) -> None:
        numbers = []
        for row, cell in enumerate(cells, start=self.rows + 1):
            try:
                numbers.append(float(encode_numbers([cell], self.name)[0]))
            except CellError:
                self._count_of_others += 1
                self.others.setdefault(cell.strip(), row)
                if len(self.others) > MAX_OTHERS:
                    break
        self._add_numbers(np.array(numbers))
        if len(self.others) > MAX_OTHERS or self._share() < NUMERIC_SHARE / 2:
            self._numeric = False

    def _share(self) -> float:
        """Returns the share of numbers among the cells with a value."""
        return self._numbers / max(self._numbers + self._count_of_others, 1)

    def column(self) -> Column:
        """Returns the column with its type.

        Raises:
            InputError: some cells of a column of numbers are no numbers, too many to be ignored.
        """
        if self.missing == self.rows:
            return Column(name=self.name, kind=Kind.IGNORED, reason="it is empty")
        if self._constant:
            reason = f"it is always {self._first!r}"
            return Column(name=self.name, kind=Kind.IGNORED, reason=reason)
        if not self.others:
            return Column(name=self.name, kind=Kind.NUMERIC)
        found = self._notation()
        if found and not found.doubt:
            if found.notation.date:
                return Column(
                    name=self.name,
                    kind=Kind.DATE,
                    notation=found.notation.name,
                    parts=tuple(PARTS),
                )
            return Column(name=self.name, kind=Kind.NUMERIC, notation=found.notation.name)
        different = len(self.distinct) - len(self.others)
        if not self._numeric or self._share() < NUMERIC_SHARE or different < MIN_NUMBERS:
            return Column(name=self.name, kind=Kind.CATEGORY)
        if self._share() < ACCEPTED_SHARE:
            raise InputError(
                f"column {self.name!r}: got {self._share():.1%} numbers and {self._others()}; "
                "correct these cells, leave them empty, or name the column in data.drop"
            )
        return Column(name=self.name, kind=Kind.NUMERIC)

    def _notation(self) -> Found | None:
        """Returns the notation of a column that is not of plain numbers."""
        if not self.others or (self._numeric and self._share() >= ACCEPTED_SHARE):
            return None
        found = self._notations.result()
        # Earlier pieces were plain numbers, which are no dates and have no decimal comma.
        if found and self._numbers_before and found.notation is not POINT:
            return None
        return found

    def read_as_missing(self, column: Column) -> Iterable[str]:
        """Returns the texts that are missing values of a column, beside the usual ones.

        Args:
            column: result of `column`.
        """
        if column.notation:
            found = self._notation()
            return found.others if found else ()
        return self.others if column.kind is Kind.NUMERIC else ()

    def _others(self) -> str:
        return f"{self._count_of_others} other cells, first {_first_rows(self.others)}"

    def _notation_warnings(self, column: Column) -> list[str]:
        found = self._notation()
        if found is None:
            return []
        if found.doubt:
            kind = "dates" if found.notation.date else "numbers"
            first = _first_rows(self.others)
            return [
                f"looks like {kind}, first {first}, but {found.doubt}; it is read as strings. "
                f"Write {'dates as 2026-11-30' if found.notation.date else 'numbers as 1234.5'}"
            ]
        if found.count_of_others:
            first = _first_rows(found.others)
            return [
                f"{found.count_of_others} other cells, first {first}, are read as missing values"
            ]
        return []

    def notes(self, column: Column) -> list[str]:
        """Returns what was understood about the cells of a column.

        Args:
            column: the fitted column.
        """
        if column.kind is Kind.DATE:
            parts = ", ".join(column.parts)
            return [f"dates, {column.notation}; the model reads these parts: {parts}"]
        if not column.notation:
            return []
        found = self._notation()
        unit = f" in {found.unit}" if found and found.unit else ""
        return [f"numbers{unit} with a {column.notation}"]

    @property
    def may_be_identifier(self) -> bool:
        """True for strings that differ in most rows, and for numbers of the rows."""
        if self._numeric and not self.others:
            return self._numbers_the_rows()
        return 2 * len(self.distinct) > min(self.rows, MAX_DISTINCT)

    def _times(self) -> str:
        """Returns the meaning of numbers that all look like times; "" for other numbers."""
        if not (self._whole and self._numbers) or self._numbers_the_rows():
            return ""
        if self._low >= _FIRST_DAY and self._high <= _LAST_DAY and all(map(_is_day, self.distinct)):
            return "dates written as 20261130"
        for unit, factor in _EPOCHS.items():
            if _FIRST_EPOCH * factor <= self._low and self._high <= _LAST_EPOCH * factor:
                return f"{unit} since 1970"
        return ""

    def _numbers_the_rows(self) -> bool:
        return (
            not self.missing
            and self.rows >= MIN_ROWS_OF_IDENTIFIER
            and self._whole
            and self._high - self._low == self.rows - 1
            and len(self.distinct) >= min(self.rows, MAX_DISTINCT)
        )

    def range(self, column: Column) -> list[float] | None:
        """Returns the smallest and the largest number; None of other columns.

        Args:
            column: the fitted column.
        """
        if column.kind is not Kind.NUMERIC or column.notation or not np.isfinite(self._low):
            return None
        return [float(self._low), float(self._high)]

    def warnings(self, column: Column) -> list[str]:
        """Returns what a reader of the table should know about the column.

        Args:
            column: result of `column`.
        """
        found = []
        found += self._notation_warnings(column)
        if column.kind is Kind.NUMERIC and not column.notation and (times := self._times()):
            found.append(
                f"looks like {times} and is used as a number; write dates as 2026-11-30 so that "
                "the model reads month, weekday and hour"
            )
        if column.kind is Kind.NUMERIC and self.others and not column.notation:
            found.append(f"{self._others()}, are read as missing values")
        if column.kind is Kind.CATEGORY and not self.may_be_identifier:
            found += spellings_warning(self.distinct)
        if column.kind is Kind.NUMERIC and self._numbers_the_rows():
            found.append(
                "numbers the rows, as an identifier does; name it in data.drop unless the order of "
                "the rows is known for each request"
            )
        return found


def _first_rows(texts: Mapping[str, int]) -> str:
    return ", ".join(f"{text!r} (row {row})" for text, row in list(texts.items())[:3])


def _is_day(cell: str) -> bool:
    """Returns True for a missing value and a date of eight digits."""
    if is_missing(cell):
        return True
    try:
        date.fromisoformat(cell.strip())
    except ValueError:
        return False
    return True
