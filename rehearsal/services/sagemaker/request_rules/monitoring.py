"""Rules of monitoring job definitions and schedules."""

import datetime
import re
from collections.abc import Iterator
from typing import Any

from rehearsal.framework.rules.kinds import (
    exactly_one,
    matching,
    required,
    requires,
    rule,
)
from rehearsal.framework.rules.rule import Call

NOW = "NOW"
_HOURS = "([01]?[0-9]|2[0-3])"
_EXPRESSION = rf"cron\(0 (\*|{_HOURS}(/(0?[1-9]|1[0-9]|2[0-4]))?) \? \* \* \*\)"
_OFFSET = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<min>\d+)M)?)?"
)
_KINDS = ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
_SCHEDULES = ("CreateMonitoringSchedule", "UpdateMonitoringSchedule")
_CONFIG = "MonitoringScheduleConfig"
_SCHEDULE = f"{_CONFIG}.ScheduleConfig"
_TIMES = ("DataAnalysisStartTime", "DataAnalysisEndTime")
_NOTHING, _DAY = datetime.timedelta(), datetime.timedelta(days=1)
_GUIDE = '"Cron expressions for monitoring schedule" in the Developer Guide'
_PLANNED = {
    f"{_CONFIG}.MonitoringJobDefinitionName": "quality",
    f"{_SCHEDULE}.ScheduleExpression": "cron(0 * ? * * *)",
}
_ONCE = {
    **_PLANNED,
    f"{_SCHEDULE}.ScheduleExpression": NOW,
    f"{_SCHEDULE}.DataAnalysisStartTime": "-PT2H",
    f"{_SCHEDULE}.DataAnalysisEndTime": "-PT1H",
}


def offset(text: str) -> datetime.timedelta | None:
    """Returns an ISO 8601 duration, such as `-PT1H`, or None for another text."""
    found = _OFFSET.fullmatch(text)
    if found is None or text.rstrip("T").endswith("P"):
        return None
    length = datetime.timedelta(
        days=int(found["days"] or 0), hours=int(found["hours"] or 0), minutes=int(found["min"] or 0)
    )
    return -length if found["sign"] else length


def _endpoint_input(kind: str) -> dict[str, Any]:
    given = f"{kind}JobInput.EndpointInput"
    return {f"{given}.EndpointName": "live", f"{given}.LocalPath": "/opt/ml/processing/input"}


def _batch_input(kind: str) -> dict[str, Any]:
    given = f"{kind}JobInput.BatchTransformInput"
    return {
        f"{given}.DataCapturedDestinationS3Uri": "s3://bucket/captured",
        f"{given}.DatasetFormat.Csv.Header": True,
        f"{given}.LocalPath": "/opt/ml/processing/input",
    }


def _offsets(call: Call) -> Iterator[str]:
    paths = [f"{_SCHEDULE}.{name}" for name in _TIMES]
    for kind in _KINDS:
        paths += [f"{kind}JobInput.EndpointInput.{edge}TimeOffset" for edge in ("Start", "End")]
    for path in paths:
        for _, text in call.values(path):
            if offset(text) is None:
                yield f"{text} is not an offset: it must be an ISO 8601 duration, as -PT1H."


def _span(call: Call) -> Iterator[str]:
    config = call.get(_SCHEDULE) or {}
    start, end = (offset(config.get(name, "")) for name in _TIMES)
    if start is not None and end is not None and not _NOTHING < end - start <= _DAY:
        yield (
            "DataAnalysisStartTime must precede DataAnalysisEndTime by at most 24 hours; got "
            f"{config[_TIMES[0]]} and {config[_TIMES[1]]}."
        )


RULES = (
    *(
        exactly_one(
            f"{kind.lower()}-job-input",
            f"Create{kind}JobDefinition",
            "EndpointInput",
            "BatchTransformInput",
            at=f"{kind}JobInput",
            source=f"{kind}JobInput",
            fails={**_endpoint_input(kind), **_batch_input(kind)},
            passes=_endpoint_input(kind),
        )
        for kind in _KINDS
    ),
    exactly_one(
        "schedule-inputs",
        _SCHEDULES,
        "EndpointInput",
        "BatchTransformInput",
        at=f"{_CONFIG}.MonitoringJobDefinition.MonitoringInputs[]",
        source="MonitoringInput",
        fails={
            f"{_SCHEDULE}.ScheduleExpression": "cron(0 * ? * * *)",
            f"{_CONFIG}.MonitoringJobDefinition.MonitoringInputs[0].EndpointInput": None,
        },
        passes=_PLANNED,
    ),
    required(
        "schedule-config",
        _SCHEDULES,
        "ScheduleConfig",
        at=_CONFIG,
        message="ScheduleConfig is required.",
        source="MonitoringScheduleConfig, ScheduleConfig",
        fails={f"{_CONFIG}.MonitoringJobDefinitionName": "quality"},
        passes=_PLANNED,
    ),
    exactly_one(
        "schedule-definition",
        _SCHEDULES,
        "MonitoringJobDefinition",
        "MonitoringJobDefinitionName",
        at=_CONFIG,
        source="MonitoringScheduleConfig, MonitoringJobDefinitionName",
        fails={f"{_SCHEDULE}.ScheduleExpression": "cron(0 * ? * * *)"},
        passes=_PLANNED,
    ),
    matching(
        "schedule-expression",
        _SCHEDULES,
        f"{_SCHEDULE}.ScheduleExpression",
        rf"{NOW}|{_EXPRESSION}",
        "be NOW, hourly cron(0 * ? * * *), daily cron(0 [00-23] ? * * *), or every so many hours "
        "cron(0 [00-23]/[01-24] ? * * *)",
        source=_GUIDE,
        fails={**_PLANNED, f"{_SCHEDULE}.ScheduleExpression": "cron(0/10 * ? * * *)"},
        passes={**_PLANNED, f"{_SCHEDULE}.ScheduleExpression": "cron(0 17 ? * * *)"},
    ),
    requires(
        "schedule-now-times",
        _SCHEDULES,
        "ScheduleExpression",
        *_TIMES,
        when=NOW,
        at=_SCHEDULE,
        source="ScheduleConfig, DataAnalysisStartTime",
        fails={**_PLANNED, f"{_SCHEDULE}.ScheduleExpression": NOW},
        passes=_ONCE,
    ),
    rule(
        "schedule-times-of-now",
        _SCHEDULES,
        "DataAnalysisStartTime and DataAnalysisEndTime are for the ScheduleExpression NOW.",
        lambda call: (
            f"{name} can be given only when ScheduleExpression is NOW."
            for _, config in call.values(_SCHEDULE)
            for name in _TIMES
            if name in config and config.get("ScheduleExpression") != NOW
        ),
        source=_GUIDE,
        fails={**_ONCE, f"{_SCHEDULE}.ScheduleExpression": "cron(0 * ? * * *)"},
        passes=_PLANNED,
    ),
    rule(
        "schedule-offsets",
        (*_SCHEDULES, *(f"Create{kind}JobDefinition" for kind in _KINDS)),
        "Start and end of the analysed data are ISO 8601 durations.",
        _offsets,
        source="ScheduleConfig, DataAnalysisStartTime",
        fails={**_ONCE, f"{_SCHEDULE}.DataAnalysisStartTime": "P"},
        passes=_ONCE,
    ),
    rule(
        "schedule-span",
        _SCHEDULES,
        "DataAnalysisStartTime precedes DataAnalysisEndTime by at most 24 hours.",
        _span,
        source="ScheduleConfig, DataAnalysisStartTime and DataAnalysisEndTime",
        fails={**_ONCE, f"{_SCHEDULE}.DataAnalysisStartTime": "-PT26H"},
        passes={**_ONCE, f"{_SCHEDULE}.DataAnalysisStartTime": "-PT25H"},
    ),
)
