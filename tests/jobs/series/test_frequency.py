"""Periods of timestamps."""

import numpy as np
import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.series.frequency import Frequency


@pytest.mark.parametrize(
    ("frequency", "text", "first"),
    [
        ("minute", "2026-11-30T18:05:59", "2026-11-30T18:05"),
        ("hour", "2026-11-30 18:05", "2026-11-30T18:00"),
        ("hour", "2026-11-30T18:05:00+02:00", "2026-11-30T16:00"),
        ("hour", "2026-11-30T18:05:00Z", "2026-11-30T18:00"),
        ("day", "2026-11-30T18:05", "2026-11-30"),
        ("week", "2026-12-06", "2026-11-30"),
        ("week", "2026-11-30", "2026-11-30"),
        ("month", "2026-11-30", "2026-11-01"),
        ("month", "1969-12-31", "1969-12-01"),
        ("day", "1969-12-31", "1969-12-31"),
    ],
)
def test_a_timestamp_belongs_to_the_period_that_contains_it(
    frequency: str, text: str, first: str
) -> None:
    kind = Frequency(frequency)
    assert kind.text(kind.number(text)) == first


@pytest.mark.parametrize("frequency", list(Frequency))
def test_periods_are_numbered_without_gaps(frequency: Frequency) -> None:
    start = frequency.number("2024-02-27")
    assert [frequency.number(frequency.text(start + step)) for step in range(40)] == list(
        range(start, start + 40)
    )


@pytest.mark.parametrize("text", ["", "30.11.2026", "2026-02-30", "1764525600", "today"])
def test_what_is_no_timestamp_is_rejected(text: str) -> None:
    with pytest.raises(InputError, match="allowed: a timestamp such as 2026-11-30"):
        Frequency.DAY.number(text)


def test_the_calendar_knows_weekdays_and_hours() -> None:
    hours = np.array([Frequency.HOUR.number("2026-11-30T18:00")])
    assert Frequency.HOUR.calendar(hours).tolist() == [[0, 333, 18]]  # a Monday
    days = np.array([Frequency.DAY.number("2026-12-06")])
    assert Frequency.DAY.calendar(days).tolist() == [[6, 339, 5]]
    months = np.array([Frequency.MONTH.number("2026-12-06")])
    assert Frequency.MONTH.calendar(months).tolist() == [[11]]


@pytest.mark.parametrize("frequency", list(Frequency))
def test_each_position_in_the_calendar_has_a_name(frequency: Frequency) -> None:
    assert frequency.calendar(np.array([1000])).shape == (1, len(frequency.calendar_names()))
