"""Schedules of monitoring and the time windows of their executions.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-schedule-expression.html
"""

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.framework.schedule_expressions import Expression, parse

NOW = "NOW"
_HOUR = datetime.timedelta(hours=1)
_DAY = datetime.timedelta(days=1)
_HOURS = "([01]?[0-9]|2[0-3])"
_EXPRESSION = re.compile(
    rf"cron\(0 (\*|{_HOURS}(/(0?[1-9]|1[0-9]|2[0-4]))?) \? \* \* \*\)",
)
_OFFSET = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<min>\d+)M)?)?"
)


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


def check_schedule(config: Mapping[str, Any]) -> None:
    """Validates a ScheduleConfig.

    Raises:
        AwsError: ValidationException.
    """
    expression = config.get("ScheduleExpression", "")
    times = [name for name in ("DataAnalysisStartTime", "DataAnalysisEndTime") if name in config]
    if expression == NOW:
        if len(times) != 2:
            raise _invalid(
                "DataAnalysisStartTime and DataAnalysisEndTime are required when ScheduleExpression"
                " is NOW."
            )
        for name in times:
            offset(config[name])
        return
    if times:
        raise _invalid(f"{', '.join(times)} can be given only when ScheduleExpression is NOW.")
    if not _EXPRESSION.fullmatch(expression):
        raise _invalid(
            f"Invalid ScheduleExpression {expression}: it must be NOW, hourly cron(0 * ? * * *), "
            "daily cron(0 [00-23] ? * * *), or every so many hours cron(0 [00-23]/[01-24] ? * * *)."
        )


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
        start = offset(config["DataAnalysisStartTime"])
        end = offset(config["DataAnalysisEndTime"])
        return Window(due + start, due + end)
    start = offset(given["StartTimeOffset"]) if "StartTimeOffset" in given else -frequency(config)
    end = offset(given["EndTimeOffset"]) if "EndTimeOffset" in given else datetime.timedelta()
    return Window(due + start, due + end)


def offset(text: str) -> datetime.timedelta:
    """Returns an ISO 8601 duration, such as `-PT1H`.

    Raises:
        AwsError: ValidationException, if it is not one.
    """
    found = _OFFSET.fullmatch(text)
    if found is None or text.rstrip("T").endswith("P"):
        raise _invalid(f"{text} is not an offset: it must be an ISO 8601 duration, as -PT1H.")
    length = datetime.timedelta(
        days=int(found["days"] or 0), hours=int(found["hours"] or 0), minutes=int(found["min"] or 0)
    )
    return -length if found["sign"] else length


def _cron(config: Mapping[str, Any]) -> Expression:
    # A step of 24 hours is a day.
    return parse(re.sub(r"/24(?= )", "", config["ScheduleExpression"]))


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
