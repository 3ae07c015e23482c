"""Properties of a column, from one pass over its cells."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mlops_jobs.failure import InputError
from mlops_jobs.table.encoding import CellError, encode_numbers
from mlops_jobs.table.raw import is_missing
from mlops_jobs.table.schema import Column, Kind
from mlops_jobs.table.spellings import spellings_warning

MAX_DISTINCT = 10_000  # counted exactly; columns with more have "more than"
MAX_OTHERS = 100  # different cells that are no numbers, beyond which a column has strings
MIN_NUMBERS = 20  # different numbers; with fewer, a column of numbers and strings is a category
NUMERIC_SHARE = 0.9  # of the cells with a value, from which on a column is meant to be numeric
ACCEPTED_SHARE = 0.99  # of the cells, from which on the other cells are missing values
MIN_ROWS_OF_IDENTIFIER = 20


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
        if self._numeric:
            try:
                self._add_numbers(np.asarray(encode_numbers(cells, self.name), dtype=np.float64))
            except CellError:
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
        different = len(self.distinct) - len(self.others)
        if not self._numeric or self._share() < NUMERIC_SHARE or different < MIN_NUMBERS:
            return Column(name=self.name, kind=Kind.CATEGORY)
        if self._share() < ACCEPTED_SHARE:
            raise InputError(
                f"column {self.name!r}: got {self._share():.1%} numbers and {self._others()}; "
                "correct these cells, leave them empty, or name the column in data.drop"
            )
        return Column(name=self.name, kind=Kind.NUMERIC)

    def _others(self) -> str:
        shown = [f"{text!r} (row {row})" for text, row in list(self.others.items())[:3]]
        return f"{self._count_of_others} other cells, first {', '.join(shown)}"

    @property
    def may_be_identifier(self) -> bool:
        """True for strings that differ in most rows, and for numbers of the rows."""
        if self._numeric and not self.others:
            return self._numbers_the_rows()
        return 2 * len(self.distinct) > min(self.rows, MAX_DISTINCT)

    def _numbers_the_rows(self) -> bool:
        return (
            not self.missing
            and self.rows >= MIN_ROWS_OF_IDENTIFIER
            and self._whole
            and self._high - self._low == self.rows - 1
            and len(self.distinct) >= min(self.rows, MAX_DISTINCT)
        )

    def warnings(self, column: Column) -> list[str]:
        """Returns what a reader of the table should know about the column.

        Args:
            column: result of `column`.
        """
        found = []
        if column.kind is Kind.NUMERIC and self.others:
            found.append(f"{self._others()}, are read as missing values")
        if column.kind is Kind.CATEGORY and not self.may_be_identifier:
            found += spellings_warning(self.distinct)
        if column.kind is Kind.NUMERIC and self._numbers_the_rows():
            found.append(
                "numbers the rows, as an identifier does; name it in data.drop unless the order of "
                "the rows is known for each request"
            )
        return found
