"""What the cells of one column are: numbers, texts, or nothing."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tabular.monitor.rows import Row
from tabular.monitor.sketch import Vector, distribution
from tabular.schema import is_missing

INTEGRAL, FRACTIONAL, STRING, UNKNOWN = "Integral", "Fractional", "String", "Unknown"
MOST_CATEGORIES = 1000


@dataclass(frozen=True, kw_only=True)
class Feature:
    """The cells of a column.

    Args:
        name: its heading.
        missing: how many rows have no value.
        integers: how many values are whole numbers.
        numbers: all values that are numbers.
        texts: how often each value occurs, numbers included.
    """

    name: str
    missing: int
    integers: int
    numbers: Vector
    texts: Counter[str]

    @property
    def present(self) -> int:
        """How many rows have a value."""
        return self.texts.total()

    @property
    def completeness(self) -> float:
        """The share of rows that have a value."""
        rows = self.present + self.missing
        return self.present / rows if rows else 0.0

    @property
    def inferred_type(self) -> str:
        """The type that every value has."""
        if not self.present:
            return UNKNOWN
        if len(self.numbers) < self.present:
            return STRING
        return INTEGRAL if self.integers == self.present else FRACTIONAL

    def share_of(self, inferred_type: str) -> float:
        """The share of values that have a type; every value may be a text."""
        if not self.present or inferred_type in (STRING, UNKNOWN):
            return 1.0
        fitting = self.integers if inferred_type == INTEGRAL else len(self.numbers)
        return fitting / self.present

    def statistics(self, inferred_type: str) -> dict[str, Any]:
        """Its entry in a statistics file."""
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
                            for value, count in self.texts.most_common(MOST_CATEGORIES)
                        ]
                    }
                },
            }
        return entry


def feature(name: str, cells: Iterable[Any]) -> Feature:
    """Looks at the cells of a column; None and texts such as `NA` are missing values."""
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
    """Looks at columns; a row without one has a missing value there."""
    return [feature(name, (row.get(name) for row in rows)) for name in names]


def _number(text: str) -> float | None:
    """The finite number that a text is, None if it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None
