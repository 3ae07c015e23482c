"""Samples of a metric, which take little memory: an endpoint publishes a dozen for each request."""

from __future__ import annotations

import bisect
import math
import sys
from array import array
from dataclasses import dataclass
from typing import Any

# AWS keeps minutes for 15 days; a rehearsal does not live as long.
_KEPT_SECONDS = 3 * 86400.0
# Like AWS, which keeps data below a minute for hours only, and percentiles as approximations.
_EXACT_SECONDS = 900.0
_MINUTE = 60.0
_DIGITS = 2
_MIN_SUMMARISED = 2048


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """A value that was published `count` times; a statistic set has no single value."""

    time: float
    low: float
    high: float
    total: float
    count: float
    unit: str = "None"

    @property
    def is_one_value(self) -> bool:
        return self.low == self.high


class SampleSeries:
    """The samples of one metric, by time.

    Equal values of a second are one sample if they are published together. Values older than 15
    minutes are kept by the minute, with two significant digits; sums and counts stay exact.
    """

    __slots__ = (
        "_counts",
        "_highs",
        "_lows",
        "_published",
        "_summarised",
        "_times",
        "_together",
        "_totals",
        "_units",
    )

    def __init__(self) -> None:
        self._times = array("d")
        self._lows = array("d")
        self._highs = array("d")
        self._totals = array("d")
        self._counts = array("d")
        self._units: list[str] = []
        self._summarised = 0
        self._published: float | None = None
        self._together: dict[tuple[int, float, str], float] = {}

    def __getstate__(self) -> tuple[list[float | str], ...]:
        columns = (self._times, self._lows, self._highs, self._totals, self._counts, self._units)
        return tuple(list(column) for column in columns)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__()  # type: ignore[misc]
        *numbers, self._units = state
        self._times, self._lows, self._highs, self._totals, self._counts = (
            array("d", column) for column in numbers
        )

    def add(self, sample: Sample, published: float) -> None:
        """Adds a sample.

        Args:
            sample: the sample.
            published: the time of its publication, which samples that came together share.
        """
        if published != self._published:
            self._published = published
            self._together.clear()
        if not sample.is_one_value:
            self._insert(bisect.bisect_right(self._times, sample.time), sample)
            return
        key = (math.floor(sample.time), sample.low, sample.unit)
        known = self._together.get(key)
        if known is not None:
            self._count(known, sample)
            return
        self._together[key] = sample.time
        self._insert(bisect.bisect_right(self._times, sample.time), sample)

    def between(self, start: float, end: float) -> list[Sample]:
        """Returns the samples from `start` and before `end`."""
        low = bisect.bisect_left(self._times, start)
        high = bisect.bisect_left(self._times, end)
        return [self._at(index) for index in range(low, high)]

    def forget(self, now: float) -> None:
        """Drops samples that are too old, and summarises old ones if there are many."""
        oldest = bisect.bisect_left(self._times, now - _KEPT_SECONDS)
        if oldest:
            self._delete(0, oldest)
            self._summarised = max(self._summarised - oldest, 0)
        old = bisect.bisect_left(self._times, (now - _EXACT_SECONDS) // _MINUTE * _MINUTE)
        if old - self._summarised >= _MIN_SUMMARISED:
            self._summarise(old)

    def _count(self, time: float, sample: Sample) -> None:
        """Adds a sample to the one with its value at a time."""
        index = bisect.bisect_left(self._times, time)
        while self._lows[index] != sample.low or self._units[index] != sample.unit:
            index += 1
        self._totals[index] += sample.total
        self._counts[index] += sample.count

    def _summarise(self, end: int) -> None:
        """Replaces the samples before an index by those of their minutes."""
        found: dict[tuple[float, float | None, str], Sample] = {}
        for index in range(end):
            sample = self._at(index)
            minute = sample.time // _MINUTE * _MINUTE
            value = _rounded(sample.low) if sample.is_one_value else None
            key = (minute, value, sample.unit)
            known = found.get(key)
            found[key] = Sample(
                minute,
                min(sample.low, known.low) if known and value is None else value or sample.low,
                max(sample.high, known.high) if known and value is None else value or sample.high,
                sample.total + (known.total if known else 0.0),
                sample.count + (known.count if known else 0.0),
                sample.unit,
            )
        self._delete(0, end)
        for index, sample in enumerate(sorted(found.values())):
            self._insert(index, sample)
        self._summarised = len(found)

    def _at(self, index: int) -> Sample:
        return Sample(
            self._times[index],
            self._lows[index],
            self._highs[index],
            self._totals[index],
            self._counts[index],
            self._units[index],
        )

    def _insert(self, index: int, sample: Sample) -> None:
        self._times.insert(index, sample.time)
        self._lows.insert(index, sample.low)
        self._highs.insert(index, sample.high)
        self._totals.insert(index, sample.total)
        self._counts.insert(index, sample.count)
        # Each request brings its own text of the same few units.
        self._units.insert(index, sys.intern(sample.unit))

    def _delete(self, start: int, end: int) -> None:
        for column in (self._times, self._lows, self._highs, self._totals, self._counts):
            del column[start:end]
        del self._units[start:end]


def _rounded(value: float) -> float:
    """Returns a value with two significant digits."""
    if not value or not math.isfinite(value):
        return value
    return round(value, _DIGITS - 1 - math.floor(math.log10(abs(value))))
