"""The cron expressions of deployment windows.

https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-DeploymentWindow.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEK = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# AWS counts the days of a week from Sunday, 1.
_DAYS = {name: number for number, name in enumerate(_WEEK, 1)}
_FIELDS = (6, 7)
_NAMES = re.compile("|".join(_DAYS), re.IGNORECASE)
_UNSUPPORTED = re.compile("[LW#]", re.IGNORECASE)


def window_problems(cron: str, time_zone: str) -> list[str]:
    """What is wrong with a window, in AWS's terms or in the rehearsal's."""
    if time_zone not in available_timezones():
        return [f"TimeZone {time_zone} is no IANA time zone"]
    fields = cron.split()
    if len(fields) not in _FIELDS:
        return [f"Cron {cron!r} has {len(fields)} fields; it needs 6, and a year where wanted"]
    if fields[0] != "*":
        return [f"Cron {cron!r}: the first field must be *"]
    if _UNSUPPORTED.search(_NAMES.sub("", f"{fields[3]} {fields[5]}")):
        return [f"Cron {cron!r}: the rehearsal does not know L, W and #; name the days"]
    try:
        in_window(cron, datetime(2026, 1, 1, tzinfo=ZoneInfo(time_zone)))
    except ValueError as error:
        return [f"Cron {cron!r}: {error}"]
    return []


def in_window(cron: str, at: datetime) -> bool:
    """Whether a time, in the window's time zone, is one that the expression names."""
    fields = cron.split()
    _, minute, hour, day, month, weekday, *year = fields
    checks: tuple[tuple[str, int, int, int, Mapping[str, int]], ...] = (
        (minute, at.minute, 0, 59, {}),
        (hour, at.hour, 0, 23, {}),
        (day, at.day, 1, 31, {}),
        (month, at.month, 1, 12, _MONTHS),
        (weekday, at.isoweekday() % 7 + 1, 1, 7, _DAYS),
        (year[0] if year else "*", at.year, 1970, 2199, {}),
    )
    # All are looked at, so that a mistake in any of them is found.
    found = [_matches(*check) for check in checks]
    return all(found)


def _matches(field: str, value: int, low: int, high: int, names: Mapping[str, int]) -> bool:
    found = [_part_matches(part, value, low, high, names) for part in field.split(",")]
    return any(found)


def _part_matches(part: str, value: int, low: int, high: int, names: Mapping[str, int]) -> bool:
    span, slash, step = part.partition("/")
    if span in {"*", "?"}:
        first, last = low, high
    else:
        begin, dash, end = span.partition("-")
        first = _number(begin, low, high, names)
        last = _number(end, low, high, names) if dash else (high if slash else first)
    stride = _number(step, 1, high, {}) if slash else 1
    if first <= last:
        return first <= value <= last and (value - first) % stride == 0
    return value >= first or value <= last  # over the end of the week, as FRI-MON


def _number(text: str, low: int, high: int, names: Mapping[str, int]) -> int:
    number = names.get(text.upper(), None)
    if number is None:
        if not text.isdigit():
            raise ValueError(f"{text!r} is no number")
        number = int(text)
    if not low <= number <= high:
        raise ValueError(f"{text} is not in {low} to {high}")
    return number
