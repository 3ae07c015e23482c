"""The cron expressions of deployment windows.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-DeploymentWindow.html
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import available_timezones

from rehearsal.framework.schedule_expressions import Expression, InvalidExpressionError, parse

_FIELDS = (6, 7)


def window_problems(cron: str, time_zone: str) -> list[str]:
    """Returns one message per problem of a window."""
    if time_zone not in available_timezones():
        return [f"TimeZone {time_zone} is not an IANA time zone"]
    fields = cron.split()
    if len(fields) not in _FIELDS:
        return [f"Cron {cron!r} has {len(fields)} fields; it needs 6, or 7 with a year"]
    if fields[0] != "*":
        return [f"Cron {cron!r}: the first field must be *"]
    try:
        _minutes(cron, time_zone)
    except InvalidExpressionError:
        return [
            f"Cron {cron!r} is malformed; after the first * it needs minutes, hours, days, "
            "months and weekdays, one of days and weekdays as ?"
        ]
    return []


def in_window(cron: str, time_zone: str, at: datetime) -> bool:
    """Returns True if the minute of a time is in the window."""
    minute = at.replace(second=0, microsecond=0)
    return _minutes(cron, time_zone).after(minute - timedelta(seconds=1)) == minute


def _minutes(cron: str, time_zone: str) -> Expression:
    """Returns the minutes of a window, whose expression begins with seconds."""
    _, *fields = cron.split()
    year = [] if len(fields) == _FIELDS[0] else ["*"]
    return parse(f"cron({' '.join([*fields, *year])})", zone=time_zone)
