"""Samples of metrics: what is kept exactly, what is summarised, and how little memory it takes."""

from __future__ import annotations

import pickle
import random
import tracemalloc

import pytest

from rehearsal.services.cloudwatch import statistics
from rehearsal.services.cloudwatch.samples import Sample, SampleSeries

NOON = 1_795_262_400.0
DAY = 86_400.0


def value(at: float, number: float) -> Sample:
    return Sample(at, number, number, number, 1.0, "Count")


def test_equal_values_of_a_second_are_counted_if_they_are_published_together() -> None:
    series = SampleSeries()
    for tenth in range(15):
        series.add(value(NOON + tenth / 10, float(tenth % 2)), NOON + 2)
    series.add(value(NOON + 1.9, 1.0), NOON + 3)

    found = series.between(NOON, NOON + 2)

    assert [(sample.low, sample.count) for sample in found] == [
        (0.0, 5.0),
        (1.0, 5.0),
        (0.0, 3.0),
        (1.0, 2.0),
        (1.0, 1.0),
    ]
    assert statistics.value(found, "Sum") == 8.0
    assert statistics.value(found, "SampleCount") == 16.0


def test_units_and_statistic_sets_stay_apart() -> None:
    series = SampleSeries()
    series.add(value(NOON, 1.0), NOON)
    series.add(Sample(NOON, 1.0, 1.0, 1.0, 1.0, "Percent"), NOON)
    series.add(Sample(NOON, 0.0, 1.0, 1.0, 2.0, "Count"), NOON)
    assert len(series.between(NOON, NOON + 1)) == 3


def test_data_that_comes_late_is_sorted() -> None:
    series = SampleSeries()
    for at in (NOON + 5, NOON, NOON + 2):
        series.add(value(at, 1.0), NOON + 5)
    assert [sample.time - NOON for sample in series.between(NOON, NOON + 9)] == [0, 2, 5]


def test_old_values_are_summarised_and_their_statistics_stay() -> None:
    series, drawn = SampleSeries(), random.Random(1)  # noqa: S311
    exact = []
    for number in range(20_000):
        at = NOON + number / 5
        sample = value(at, drawn.uniform(1e3, 1e6))
        exact.append(sample)
        series.add(sample, at)
        series.forget(at)

    minute = [s for s in exact if NOON + 600 <= s.time < NOON + 660]
    kept = series.between(NOON + 600, NOON + 660)

    assert len(kept) < len(minute)
    for name in ("Sum", "SampleCount", "Average"):
        assert statistics.value(kept, name) == pytest.approx(statistics.value(minute, name))
    for name in ("p50", "p99", "Minimum", "Maximum"):
        assert statistics.value(kept, name) == pytest.approx(
            statistics.value(minute, name), rel=0.06
        )
    # The last quarter of an hour is exact.
    assert series.between(NOON + 3500, NOON + 3600) == [
        s for s in exact if NOON + 3500 <= s.time < NOON + 3600
    ]


def test_samples_of_days_ago_are_dropped() -> None:
    series = SampleSeries()
    series.add(value(NOON, 1.0), NOON)
    series.forget(NOON + 4 * DAY)
    assert series.between(0, NOON + DAY) == []


def test_samples_survive_the_server() -> None:
    series = SampleSeries()
    series.add(value(NOON, 1.0), NOON)
    series.add(Sample(NOON + 1, 0.0, 2.0, 3.0, 4.0), NOON)

    restored = pickle.loads(pickle.dumps(series, protocol=5))  # noqa: S301

    assert restored.between(0, NOON + 2) == series.between(0, NOON + 2)
    restored.add(value(NOON, 1.0), NOON)
    assert len(restored.between(0, NOON + 2)) == 3


def test_a_value_takes_less_than_a_hundred_bytes() -> None:
    tracemalloc.start()
    try:
        series = SampleSeries()
        for number in range(10_000):
            series.add(value(NOON + number / 100, float(number)), float(number))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used / 10_000 < 100
