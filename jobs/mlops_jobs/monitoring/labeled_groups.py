"""Groups among labeled rows: a few bytes for each row, and the cells of a sample."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from mlops_jobs.evaluation.analysis_config import BiasConfig, Facet, matches
from mlops_jobs.evaluation.bias import Compared, Flags, Group, Matrix
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.traffic.labeled import Labeled
from mlops_jobs.monitoring.traffic.reading import Reading
from mlops_jobs.monitoring.traffic.rows import Row
from mlops_jobs.monitoring.traffic.sample import Sample

MAX_CATEGORIES = 50  # of a column in the flip test
MAX_CODED_SHARE = 0.5
ENOUGH_ROWS = 10_000  # of the flip test, which compares fewer


@dataclass(frozen=True)
class _Sampled:
    """A row with its place among all rows."""

    place: int
    cells: Row


class LabeledGroups:
    """Labeled rows, added in batches, with the groups of a bias configuration among them.

    Args:
        config: the bias to measure.
        max_unreadable: maximum share of the calls, 0 to 1, that cannot be read. Defaults to 1.
    """

    def __init__(self, config: BiasConfig, max_unreadable: float = 1.0) -> None:
        self.config, self.max_unreadable = config, max_unreadable
        self.reading = Reading()
        self._actual, self._predicted = bytearray(), bytearray()
        self._members = [bytearray() for _ in config.facets]
        self._columns: set[str] = set()
        self._strata, self._codes = array("q"), dict[str, int]()
        self._sample = Sample[_Sampled](ENOUGH_ROWS)

    @classmethod
    def of(cls, config: BiasConfig, found: Labeled) -> Self:
        """Returns the groups among rows.

        Args:
            config: the bias to measure.
            found: rows with predictions, ground truth and cells.
        """
        groups = cls(config, found.max_unreadable)
        groups.add(found)
        return groups

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self._actual)

    def add(self, part: Labeled) -> None:
        """Adds rows.

        Args:
            part: the rows of some calls, with their cells.
        """
        favorable = self.config.favorable
        before = self.rows
        self._actual.extend(matches(label, favorable) for label in part.actual)
        self._predicted.extend(matches(one.label, favorable) for one in part.predictions)
        for facet, members in zip(self.config.facets, self._members, strict=True):
            members.extend(facet.has(row) for row in part.rows)
        if column := self.config.group_variable:
            texts = (str(row.get(column)).strip() for row in part.rows)
            self._strata.extend(self._codes.setdefault(text, len(self._codes)) for text in texts)
        self._columns.update(*part.rows)
        self._sample.extend(_Sampled(place, row) for place, row in enumerate(part.rows, before))
        self.reading.merge(part.reading)

    def groups(self) -> list[tuple[Facet, Group]]:
        """Returns the group of each facet.

        Raises:
            InputError: no row has the column of a facet.
        """
        for facet in self.config.facets:
            if self.rows and facet.name not in self._columns:
                raise InputError(
                    f"facet {facet.name!r}: got no request with the column; name the columns of "
                    "requests in `headers` of the analysis configuration"
                )
        actual, predicted = _flags(self._actual), _flags(self._predicted)
        strata = np.frombuffer(self._strata, dtype=np.int64) if self.config.group_variable else None
        found = []
        for facet, members in zip(self.config.facets, self._members, strict=True):
            member = _flags(members)
            group = Group(
                member=member,
                actual=actual,
                predicted=predicted,
                strata=strata,
                compared=self._compared(facet, member, predicted),
            )
            found.append((facet, group))
        return found

    def _compared(self, facet: Facet, member: Flags, predicted: Flags) -> Compared | None:
        places = [one.place for one in self._sample.items]
        features = _features([one.cells for one in self._sample.items], facet.name)
        if features is None:
            return None
        return Compared(member=member[places], predicted=predicted[places], features=features)


def _flags(content: bytearray) -> Flags:
    return np.frombuffer(content, dtype=np.bool_)


def _features(rows: Sequence[Row], facet: str) -> Matrix | None:
    """Returns standardized numbers, and a number for each category, of all other columns."""
    names = list(dict.fromkeys(name for row in rows for name in row if name != facet))
    parts = []
    for name in names:
        texts = ["" if row.get(name) is None else str(row.get(name)).strip() for row in rows]
        numbers = np.array([_number(text) for text in texts])
        if np.isfinite(numbers).mean() >= MAX_CODED_SHARE:
            deviation = float(np.nanstd(numbers))
            column = (numbers - np.nanmean(numbers)) / (deviation or 1.0)
            parts.append(np.nan_to_num(column)[:, np.newaxis])
        elif len(set(texts)) <= MAX_CATEGORIES:
            categories = sorted(set(texts))
            # Two different categories are one apart, as two numbers by one standard deviation.
            parts.append(
                np.array([[text == one for one in categories] for text in texts]) / math.sqrt(2)
            )
    return np.concatenate(parts, axis=1) if parts else None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
