"""Times of events and of rows, in nanoseconds since 1970."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from mlops_jobs.failure import InputError

_NANOSECONDS = 1_000_000_000
_START = datetime(1970, 1, 1, tzinfo=UTC)
_MIN_YEAR, _MAX_YEAR = 1678, 2261  # of 64-bit numbers of nanoseconds
_TIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.(?P<fraction>[0-9]{1,9}))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
ALLOWED = (
    "a date or time of ISO 8601 such as 2026-11-22T18:00:00Z, which is in UTC unless it has an "
    f"offset, or seconds since 1970; from {_MIN_YEAR} to {_MAX_YEAR}"
)


def nanoseconds(text: str) -> int:
    """Returns a time in nanoseconds since 1970.

    Args:
        text: a date or time of ISO 8601, or seconds since 1970.

    Raises:
        InputError: the text is not a time.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return _of_seconds(float(text))
    found = _TIME.fullmatch(text)
    if found is None:
        raise InputError(f"got {text[:40]!r}; allowed: {ALLOWED}")
    clock, zone = found["clock"] or "00:00", found["zone"] or "Z"
    try:
        moment = datetime.fromisoformat(f"{found['day']}T{clock}{zone}")
    except ValueError as error:
        raise InputError(f"got {text!r} ({error}); allowed: {ALLOWED}") from error
    return _checked(moment, text) + int((found["fraction"] or "").ljust(9, "0"))


def nanoseconds_of(values: Iterable[Any], name: str) -> list[int]:
    """Returns the times of a column of a feature group.

    Args:
        values: strings of ISO 8601, or seconds since 1970.
        name: name of the column, for the message.

    Raises:
        InputError: a value is not a time.
    """
    known: dict[Any, int] = {}
    found = []
    for value in values:
        if value not in known:
            try:
                known[value] = (
                    _of_seconds(value) if isinstance(value, float) else nanoseconds(str(value))
                )
            except InputError as error:
                raise InputError(f"event time {name!r} of the offline store: {error}") from error
        found.append(known[value])
    return found


def _of_seconds(seconds: float) -> int:
    if math.isfinite(seconds) and abs(seconds) < 2**63 / _NANOSECONDS:
        # A double has microseconds of times of today; equal numbers give equal times.
        return round(seconds * 1_000_000) * 1000
    raise InputError(f"got {seconds:g}; allowed: {ALLOWED}")


def _checked(moment: datetime, text: str) -> int:
    if not _MIN_YEAR <= moment.year <= _MAX_YEAR:
        raise InputError(f"got {text!r}; allowed: {ALLOWED}")
    passed = moment - _START
    return (passed.days * 86_400 + passed.seconds) * _NANOSECONDS
