"""Times of events and rows."""

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.features.times import nanoseconds, nanoseconds_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-02", 86_400_000_000_000),
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        (" 1970-01-01 00:00 ", 0),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("1.5", 1_500_000_000),
        ("1e2", 100_000_000_000),
    ],
)
def test_times_are_nanoseconds_since_1970(text: str, expected: int) -> None:
    assert nanoseconds(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-02-30", "2026-13-01T00:00:00Z", "9999-12-31", "1e30", "01/02/2026"],
)
def test_text_that_is_no_time_is_rejected_with_what_is_allowed(text: str) -> None:
    with pytest.raises(InputError, match="allowed: a date or time of ISO 8601"):
        nanoseconds(text)


def test_the_column_of_an_event_time_that_is_no_time_is_named() -> None:
    with pytest.raises(InputError, match=r"event time 'at' of the offline store: got 'soon'"):
        nanoseconds_of(["2026-01-01T00:00:00Z", "soon"], "at")
