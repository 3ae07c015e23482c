"""Schedules of monitoring and the time windows of their executions.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-schedule-expression.html
"""

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.schedule_expressions import Expression, parse
from rehearsal.services.sagemaker.request_rules.monitoring import NOW, offset

_HOUR = datetime.timedelta(hours=1)
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """The time window of the data: captured from `start` on and before `end`."""

    start: datetime.datetime
    end: datetime.datetime

    def hours(self) -> Iterator[datetime.datetime]:
        """Yields the hours of the window; data is stored by hour."""
        hour = self.start.replace(minute=0, second=0, microsecond=0)
        while hour < self.end:
            yield hour
            hour += _HOUR


def next_time(config: Mapping[str, Any], after: datetime.datetime) -> datetime.datetime | None:
    """Returns the next time of a schedule; None for one that runs once."""
    if config["ScheduleExpression"] == NOW:
        return None
    return _cron(config).after(after)


def frequency(config: Mapping[str, Any]) -> datetime.timedelta:
    """Returns the shortest time between two executions."""
    if config["ScheduleExpression"] == NOW:
        return _DAY
    first = _cron(config).after(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
    second = _cron(config).after(first) if first else None
    return second - first if first and second else _DAY


def window(config: Mapping[str, Any], given: Mapping[str, Any], due: datetime.datetime) -> Window:
    """Returns the window of an execution, from the previous one to this one by default.

    Args:
        config: the ScheduleConfig.
        given: the endpoint or batch transform input, which may have offsets.
        due: the scheduled time.
    """
    if config["ScheduleExpression"] == NOW:
        return Window(
            _moved(due, config["DataAnalysisStartTime"]), _moved(due, config["DataAnalysisEndTime"])
        )
    start = due - frequency(config)
    if "StartTimeOffset" in given:
        start = _moved(due, given["StartTimeOffset"])
    return Window(start, _moved(due, given.get("EndTimeOffset", "PT0H")))


def _moved(due: datetime.datetime, text: str) -> datetime.datetime:
    """Returns the time of an offset, such as `-PT1H`, which a rule has validated."""
    return due + (offset(text) or datetime.timedelta())


def _cron(config: Mapping[str, Any]) -> Expression:
    # A step of 24 hours is a day.
    return parse(re.sub(r"/24(?= )", "", config["ScheduleExpression"]))
