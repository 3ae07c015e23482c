"""Hours of the day at which a schedule starts jobs, which their monitor follows."""

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime

_DAY = 24
_HOURS_OF_RUNS = (1, 2, 3, 4, 6, 8, 12)
_FIELD = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/([1-9]\d?))?")
_RATE = re.compile(r"rate\((\d+) hours?\)")
# Clocks change between the two, so one of them has the later hour in UTC.
_WINTER, _SUMMER = (2026, 1, 15), (2026, 7, 15)


@dataclass(frozen=True)
class JobHours:
    """The times of jobs.

    Args:
        every: hours from one job to the next; 24 if the distances through the day are not equal.
        last: hour of a job in UTC, the last one of the day if the distances are not equal. None if
            the schedule names no hour, as `rate(1 day)`.
    """

    every: int
    last: int | None

    @classmethod
    def of_schedule(cls, expression: str, time_zone: str) -> "JobHours":
        """Reads a schedule.

        Args:
            expression: `cron(...)` or `rate(...)` of EventBridge Scheduler.
            time_zone: time zone of a `cron` expression.

        Source: "Schedule types in EventBridge Scheduler" of its user guide.
        """
        rate = _RATE.fullmatch(expression)
        if rate is not None:
            hours = int(rate[1])
            return cls(hours if hours in _HOURS_OF_RUNS else _DAY, None)
        if not expression.startswith("cron("):
            return cls(_DAY, None)
        minute, field, *_ = expression.removeprefix("cron(").split()
        local = _hours(field)
        if not local:
            return cls(_DAY, None)
        every = _DAY // len(local)
        is_even = local == list(range(local[0], _DAY, every)) and every in _HOURS_OF_RUNS
        return cls(every if is_even else _DAY, _in_utc(local[-1], int(minute) % 60, time_zone))


def _hours(field: str) -> list[int]:
    """Returns the hours that a field of an expression names; an empty list if it is malformed."""
    found: set[int] = set()
    for part in field.split(","):
        match = _FIELD.fullmatch(part)
        if match is None:
            return []
        first, step = int(match[1] or 0), int(match[3] or 1)
        is_open = match[1] is None or (match[2] is None and match[3] is not None)
        last = _DAY - 1 if is_open else int(match[2] or first)
        found.update(range(first, last + 1, step))
    return sorted(hour for hour in found if hour < _DAY)


def _in_utc(hour: int, minute: int, time_zone: str) -> int:
    """Returns an hour of a time zone in UTC, in the half of the year in which it is later."""
    zone = zoneinfo.ZoneInfo(time_zone)
    moments = [datetime(*day, hour, minute, tzinfo=zone) for day in (_WINTER, _SUMMER)]
    latest = min(moments, key=lambda moment: moment.utcoffset() or moment - moment)
    return latest.astimezone(UTC).hour
