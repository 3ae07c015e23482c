"""Mergeable statistics of the cells of one column."""

import math
from collections import Counter
from typing import Any

import numpy as np
import polars as pl

from mlops_jobs.monitoring.columns.sketch import Sample, Sketch, Vector, distribution
from mlops_jobs.table.raw import is_missing

INTEGRAL, FRACTIONAL, STRING, UNKNOWN = "Integral", "Fractional", "String", "Unknown"
NUMERIC = (INTEGRAL, FRACTIONAL)
MAX_CATEGORIES = 1000
MAX_COUNTED = 10_000  # distinct values that are counted one by one
MIN_IDENTIFIERS = 20
MAX_SINGLE_SHARE = 0.5
MINIMA = 4096  # smallest hashes, which estimate a number of distinct values within 2 %
HASH_RANGE = 2.0**64


class Column:
    """Statistics of the cells of a column; they can be merged with those of other rows.

    Args:
        name: heading of the column.
        expected: type in the baseline. Values of a numerical column are not counted one by one.
            Defaults to `UNKNOWN`.
    """

    def __init__(self, name: str, expected: str = UNKNOWN) -> None:
        self.name = name
        self.missing = 0
        self.present = 0
        self.integers = 0
        self.numbers = 0
        self.negative = 0
        self.minimum, self.maximum = math.inf, -math.inf
        self.sum = 0.0
        self._mean = self._squares = 0.0
        self.sketch = Sketch()
        self._texts: Counter[str] | None = None if expected in NUMERIC else Counter()
        self._minima: np.ndarray[tuple[int], np.dtype[np.uint64]] = np.empty(0, dtype=np.uint64)

    @classmethod
    def of(cls, name: str, cells: list[Any]) -> "Column":
        """Returns the statistics of cells.

        Args:
            name: heading of the column.
            cells: the cells.
        """
        found = cls(name)
        found.add(
            pl.Series([None if cell is None else str(cell) for cell in cells], dtype=pl.String)
        )
        return found

    def add(self, cells: pl.Series) -> None:
        """Adds cells; null and spellings such as `NA` are missing values.

        Args:
            cells: cells as strings.
        """
        if not len(cells):
            return
        numbers = cells.cast(pl.Float64, strict=False)
        fitting = numbers.is_finite().fill_null(value=False)
        values = numbers.filter(fitting).to_numpy()
        others = cells.filter(~fitting) if len(values) < len(cells) else None
        if others is not None:
            values = np.concatenate([values, self._add_others(others)])
        if self._texts is not None and len(values):
            self._count(cells.filter(fitting).str.strip_chars())
        self.present += len(values)
        self._add_numbers(values)

    def add_missing(self, rows: int) -> None:
        """Adds rows without the column.

        Args:
            rows: number of rows.
        """
        self.missing += rows

    def _add_others(self, cells: pl.Series) -> Vector:
        """Adds cells that polars does not read as numbers; returns those that Python does."""
        self.missing += cells.null_count()
        numbers: list[float] = []
        repeats: list[int] = []
        texts: list[str] = []
        text_counts: list[int] = []
        counts = cells.drop_nulls().alias("cell").value_counts(name="count")
        for cell, count in zip(counts["cell"], counts["count"], strict=True):
            text = cell.strip()
            if is_missing(text):
                self.missing += count
                continue
            number = _number(text)
            if number is None:
                self.present += count
            else:
                numbers.append(number)
                repeats.append(count)
            texts.append(text)
            text_counts.append(count)
        if self._texts is not None or len(numbers) < len(texts):
            self._count_texts(texts, text_counts)
        return np.repeat(np.array(numbers, dtype=np.float64), repeats)

    def _count(self, cells: pl.Series) -> None:
        counts = cells.alias("cell").value_counts(name="count")
        self._count_texts(counts["cell"].to_list(), counts["count"].to_list())

    def _count_texts(self, texts: list[str], counts: list[int]) -> None:
        if texts:
            hashes = pl.Series(texts, dtype=pl.String).hash(seed=0).to_numpy()
            self._minima = np.unique(np.concatenate([self._minima, hashes]))[:MINIMA]
        if self._texts is None:
            return
        for text, count in zip(texts, counts, strict=True):
            self._texts[text] += count
        if len(self._texts) > MAX_COUNTED:
            self._texts = None

    def _add_numbers(self, values: Vector) -> None:
        if not len(values):
            return
        count, total = len(values), self.numbers + len(values)
        mean = float(values.mean())
        squares = float(np.square(values - mean).sum())
        shift = mean - self._mean
        self._squares += squares + shift * shift * self.numbers * count / total
        self._mean += shift * count / total
        self.numbers = total
        self.sum += float(values.sum())
        self.integers += int((values == np.floor(values)).sum())
        self.negative += int((values < 0).sum())
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))
        self.sketch.add(values)

    def merge(self, other: "Column") -> None:
        """Adds the cells of another column.

        Args:
            other: the other column.
        """
        total = self.numbers + other.numbers
        if other.numbers:
            shift = other._mean - self._mean
            self._squares += other._squares + shift * shift * self.numbers * other.numbers / total
            self._mean += shift * other.numbers / total
        self.missing += other.missing
        self.present += other.present
        self.integers += other.integers
        self.numbers = total
        self.negative += other.negative
        self.sum += other.sum
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        self.sketch.merge(other.sketch)
        self._minima = np.unique(np.concatenate([self._minima, other._minima]))[:MINIMA]
        if self._texts is not None and other._texts is not None:
            self._texts.update(other._texts)
        if other._texts is None or len(self._texts or ()) > MAX_COUNTED:
            self._texts = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.present + self.missing

    @property
    def completeness(self) -> float:
        """Share of rows with a value, 0 to 1."""
        return self.present / self.rows if self.rows else 0.0

    @property
    def inferred_type(self) -> str:
        """Type of all values."""
        if not self.present:
            return UNKNOWN
        if self.numbers < self.present:
            return STRING
        return INTEGRAL if self.integers == self.present else FRACTIONAL

    @property
    def sample(self) -> Sample:
        """Sorted numbers, and the number of values that each represents."""
        return self.sketch.sample()

    @property
    def standard_deviation(self) -> float:
        """Standard deviation of the numbers; 0 without numbers."""
        return math.sqrt(max(self._squares, 0.0) / self.numbers) if self.numbers else 0.0

    @property
    def texts(self) -> Counter[str] | None:
        """Number of occurrences of each value, numbers included; None if they are too many."""
        return self._texts

    @property
    def distinct(self) -> int:
        """Number of distinct values, estimated above `MAX_COUNTED`."""
        if self._texts is not None:
            return len(self._texts)
        if len(self._minima) < MINIMA:
            return len(self._minima)
        return round((MINIMA - 1) / (float(self._minima[-1]) / HASH_RANGE))

    @property
    def categories(self) -> Counter[str] | None:
        """Occurrences of each value; None if the values may identify rows.

        Values identify rows if they are more than `MAX_CATEGORIES`, or if more than half of the
        rows have a value of which there is no second one.
        """
        if self._texts is None or len(self._texts) > MAX_CATEGORIES:
            return None
        single = sum(count == 1 for count in self._texts.values())
        identifies = single >= MIN_IDENTIFIERS and single > MAX_SINGLE_SHARE * self.present
        return None if identifies else self._texts

    def share_of(self, inferred_type: str) -> float:
        """Returns the share of values, 0 to 1, of a type; every value is a string.

        Args:
            inferred_type: the type.
        """
        if not self.present or inferred_type in (STRING, UNKNOWN):
            return 1.0
        fitting = self.integers if inferred_type == INTEGRAL else self.numbers
        return fitting / self.present

    def statistics(self, inferred_type: str) -> dict[str, Any]:
        """Returns the entry of the column in a statistics file.

        Args:
            inferred_type: type of the column.
        """
        common = {"num_present": self.present, "num_missing": self.missing}
        entry: dict[str, Any] = {"name": self.name, "inferred_type": inferred_type}
        if inferred_type in NUMERIC:
            entry["numerical_statistics"] = {
                "common": common,
                "mean": self._mean if self.numbers else 0.0,
                "sum": self.sum,
                "std_dev": self.standard_deviation,
                "min": self.minimum if self.numbers else 0.0,
                "max": self.maximum if self.numbers else 0.0,
                "distribution": distribution(self.sample),
            }
            return entry
        entry["string_statistics"] = {"common": common, "distinct_count": self.distinct}
        counts = self.categories
        if counts is not None:
            buckets = [
                {"value": value, "count": count}
                for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
            ]
            entry["string_statistics"]["distribution"] = {"categorical": {"buckets": buckets}}
        return entry


def _number(text: str) -> float | None:
    """Returns the finite number of a string; None if it is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None
