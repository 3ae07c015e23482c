"""Statistics of the cells of one column."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_jobs.monitoring.rows import Row
from mlops_jobs.monitoring.sketch import Vector, distribution
from mlops_jobs.table import is_missing

INTEGRAL, FRACTIONAL, STRING, UNKNOWN = "Integral", "Fractional", "String", "Unknown"
MAX_CATEGORIES = 1000


@dataclass(frozen=True, kw_only=True)
class Feature:
    """The cells of a column.

    Args:
        name: heading of the column.
        missing: number of rows without a value.
        integers: number of values that are whole numbers.
        numbers: all values that are numbers.
        texts: number of occurrences of each value, numbers included.
    """

    name: str
    missing: int
    integers: int
    numbers: Vector
    texts: Counter[str]

    @property
    def present(self) -> int:
        """Number of rows with a value."""
        return self.texts.total()

    @property
    def completeness(self) -> float:
        """Share of rows with a value, 0 to 1."""
        rows = self.present + self.missing
        return self.present / rows if rows else 0.0

    @property
    def inferred_type(self) -> str:
        """Type of all values."""
        if not self.present:
            return UNKNOWN
        if len(self.numbers) < self.present:
            return STRING
        return INTEGRAL if self.integers == self.present else FRACTIONAL

    def share_of(self, inferred_type: str) -> float:
        """Returns the share of values, 0 to 1, of a type; every value is a string.

        Args:
            inferred_type: the type.
        """
        if not self.present or inferred_type in (STRING, UNKNOWN):
            return 1.0
        fitting = self.integers if inferred_type == INTEGRAL else len(self.numbers)
        return fitting / self.present

    def statistics(self, inferred_type: str) -> dict[str, Any]:
        """Returns the entry of the feature in a statistics file.

        Args:
            inferred_type: type of the feature.
        """
        common = {"num_present": self.present, "num_missing": self.missing}
        entry: dict[str, Any] = {"name": self.name, "inferred_type": inferred_type}
        if inferred_type in (INTEGRAL, FRACTIONAL):
            numbers = self.numbers if len(self.numbers) else np.zeros(1)
            entry["numerical_statistics"] = {
                "common": common,
                "mean": float(numbers.mean()),
                "sum": float(numbers.sum()),
                "std_dev": float(numbers.std()),
                "min": float(numbers.min()),
                "max": float(numbers.max()),
                "distribution": distribution(self.numbers),
            }
        else:
            entry["string_statistics"] = {
                "common": common,
                "distinct_count": len(self.texts),
                "distribution": {
                    "categorical": {
                        "buckets": [
                            {"value": value, "count": count}
                            for value, count in self.texts.most_common(MAX_CATEGORIES)
                        ]
                    }
                },
            }
        return entry


def feature(name: str, cells: Iterable[Any]) -> Feature:
    """Reads the cells of a column; None and spellings such as `NA` are missing values.

    Args:
        name: heading of the column.
        cells: the cells.
    """
    missing = integers = 0
    numbers: list[float] = []
    texts: Counter[str] = Counter()
    for cell in cells:
        text = "" if cell is None else str(cell).strip()
        if is_missing(text):
            missing += 1
            continue
        texts[text] += 1
        number = _number(text)
        if number is not None:
            numbers.append(number)
            integers += number.is_integer()
    return Feature(
        name=name,
        missing=missing,
        integers=integers,
        numbers=np.array(numbers, dtype=np.float64),
        texts=texts,
    )


def features(rows: Sequence[Row], names: Sequence[str]) -> list[Feature]:
    """Reads the cells of columns; a row without a column has a missing value.

    Args:
        rows: the rows.
        names: names of the columns.
    """
    return [feature(name, (row.get(name) for row in rows)) for name in names]


def _number(text: str) -> float | None:
    """Returns the finite number of a string; None if it is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None
