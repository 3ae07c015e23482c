"""Schedule expressions of EventBridge Scheduler.

cron(minutes hours day-of-month month day-of-week year), rate(value unit), at(yyyy-mm-ddThh:mm:ss).

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import calendar
import datetime
import re
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

Moment = datetime.datetime

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_WEEKDAYS = {name: number for number, name in enumerate(_DAYS, 1)}
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)")
_AT = re.compile(r"at\(\s*(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\s*\)")
_CRON = re.compile(r"cron\(([^()]*)\)")


class InvalidExpressionError(ValueError):
    """An expression or a time zone that AWS rejects."""


class Expression(Protocol):
    """The times at which a schedule is due."""

    def after(self, moment: Moment) -> Moment | None:
        """Returns the first due time after a moment, or None."""


@dataclass(frozen=True)
class Rate:
    """An interval in seconds; `anchor` is the first time."""

    seconds: int
    anchor: Moment

    def after(self, moment: Moment) -> Moment | None:
        if moment < self.anchor:
            return self.anchor
        passed = (moment - self.anchor) // datetime.timedelta(seconds=self.seconds)
        return self.anchor + datetime.timedelta(seconds=(passed + 1) * self.seconds)


@dataclass(frozen=True)
class At:
    """One time."""

    due: Moment

    def after(self, moment: Moment) -> Moment | None:
        return self.due if self.due > moment else None


@dataclass(frozen=True)
class Cron:
    """Times by the calendar of a time zone.

    A local time that daylight saving skips is not due; a repeated one is due once.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Callable[[int, int], tuple[int, ...]]
    months: tuple[int, ...]
    years: tuple[int, ...]
    zone: datetime.tzinfo

    def after(self, moment: Moment) -> Moment | None:
        local = moment.astimezone(self.zone).replace(tzinfo=None)
        for due in self._from(local):
            utc = due.astimezone(datetime.UTC)
            back = utc.astimezone(self.zone)
            exists = back.replace(tzinfo=None) == due.replace(tzinfo=None)
            if exists and utc > moment:
                return utc
        return None

    def _from(self, local: Moment) -> Iterator[Moment]:
        """Yields the matching local times from the day of `local` on, in order."""
        for year in self.years:
            for month in self.months:
                if (year, month) < (local.year, local.month):
                    continue
                for day in self.days(year, month):
                    if datetime.date(year, month, day) < local.date():
                        continue
                    for hour in self.hours:
                        for minute in self.minutes:
                            yield datetime.datetime(
                                year, month, day, hour, minute, tzinfo=self.zone
                            )


def parse(expression: str, *, zone: str = "UTC", anchor: Moment | None = None) -> Expression:
    """Parses an expression.

    Args:
        expression: `cron(...)`, `rate(...)` or `at(...)`.
        zone: the IANA time zone of a cron or at expression. Defaults to UTC.
        anchor: the first time of a rate. Defaults to None: 1970-01-01.

    Raises:
        InvalidExpressionError: the expression is not valid; the message is that of AWS.
    """
    try:
        local = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidExpressionError(
            f"The ScheduleExpressionTimezone you specified is not valid: {zone}."
        ) from None
    try:
        return _parse(expression.strip(), local, anchor)
    except ValueError:
        raise InvalidExpressionError(f"Invalid Schedule Expression {expression}.") from None


def _parse(expression: str, zone: datetime.tzinfo, anchor: Moment | None) -> Expression:
    if found := _RATE.fullmatch(expression):
        if int(found[1]) < 1:
            raise ValueError(expression)
        start = anchor or datetime.datetime.fromtimestamp(0, datetime.UTC)
        return Rate(int(found[1]) * _UNITS[found[2]], start)
    if found := _AT.fullmatch(expression):
        local = datetime.datetime.fromisoformat(found[1]).replace(tzinfo=zone)
        return At(local.astimezone(datetime.UTC))
    found = _CRON.fullmatch(expression)
    fields = found[1].upper().split() if found else []
    if len(fields) != 6 or (fields[2] == "?") == (fields[4] == "?"):
        raise ValueError(expression)
    return Cron(
        minutes=_values(fields[0], 0, 59),
        hours=_values(fields[1], 0, 23),
        days=_days(fields[2]) if fields[4] == "?" else _weekdays(fields[4]),
        months=_values(fields[3], 1, 12, _MONTHS),
        years=_values(fields[5], _FIRST_YEAR, _LAST_YEAR),
        zone=zone,
    )


def _values(
    field: str, low: int, high: int, names: dict[str, int] | None = None
) -> tuple[int, ...]:
    """Returns the numbers of a list of `*`, `a` and `a-b`, each with an optional `/step`."""
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        start = low if first == "*" else _number(first, names)
        if first == "*" and dash:
            raise ValueError(field)
        end = _number(last, names) if dash else high if (first == "*" or slash) else start
        width = int(step) if slash else 1
        if not (low <= start <= high and low <= end <= high) or width < 1:
            raise ValueError(field)
        # FRI-MON wraps around.
        span_values = range(start, end + 1) if start <= end else range(start, end + high - low + 2)
        found.update((value - low) % (high - low + 1) + low for value in span_values[::width])
    return tuple(sorted(found))


def _number(text: str, names: dict[str, int] | None) -> int:
    named = (names or {}).get(text)
    return int(text) if named is None else named


def _days(field: str) -> Callable[[int, int], tuple[int, ...]]:
    """Returns the days of a month: numbers, `L` the last day, `W` the weekday nearest to a day."""
    if field == "L":
        return lambda year, month: (_length(year, month),)
    if field == "LW":
        return lambda year, month: (_nearest(year, month, _length(year, month)),)
    if field.endswith("W"):
        day = _values(field[:-1], 1, 31)[0]
        return lambda year, month: (
            (_nearest(year, month, day),) if day <= _length(year, month) else ()
        )
    numbers = _values(field, 1, 31)
    return lambda year, month: tuple(n for n in numbers if n <= _length(year, month))


def _weekdays(field: str) -> Callable[[int, int], tuple[int, ...]]:
    """Returns the days of weekdays: 1 is Sunday, `5L` the last Thursday, `3#2` the 2nd Tuesday."""
    if field == "L":
        field = "7"
    if field.endswith("L"):
        wanted = _values(field[:-1], 1, 7, _WEEKDAYS)[0]
        return lambda year, month: _on(year, month, (wanted,))[-1:]
    if "#" in field:
        name, _, number = field.partition("#")
        wanted, nth = _values(name, 1, 7, _WEEKDAYS)[0], _values(number, 1, 5)[0]
        return lambda year, month: _on(year, month, (wanted,))[nth - 1 : nth]
    numbers = _values(field, 1, 7, _WEEKDAYS)
    return lambda year, month: _on(year, month, numbers)


def _on(year: int, month: int, weekdays: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(
        day
        for day in range(1, _length(year, month) + 1)
        if datetime.date(year, month, day).isoweekday() % 7 + 1 in weekdays
    )


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _nearest(year: int, month: int, day: int) -> int:
    """Returns the weekday nearest to a day, in the same month."""
    weekday = datetime.date(year, month, day).isoweekday()
    if weekday == 6:
        return day - 1 if day > 1 else day + 2
    if weekday == 7:
        return day + 1 if day < _length(year, month) else day - 2
    return day
