"""Rules of EventBridge Scheduler's requests, beyond the models.

The times of a schedule are validated by `rules`, with the service's clock. Sources name operations
and shapes of the EventBridge Scheduler API Reference.
"""

import datetime
import json
from collections.abc import Iterator
from typing import Any

from rehearsal.framework.rules.kinds import rule
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import tag_rules
from rehearsal.framework.schedule_expressions import InvalidExpressionError, parse

_SCHEDULES = ("CreateSchedule", "UpdateSchedule")
# Templated targets whose input has to be JSON.
_JSON = ("lambda", "states", "events")
_SCHEDULE: dict[str, Any] = {
    "Name": "nightly",
    "ScheduleExpression": "rate(1 day)",
    "FlexibleTimeWindow.Mode": "OFF",
    "Target.Arn": "arn:aws:lambda:us-east-1:111111111111:function:train",
    "Target.RoleArn": "arn:aws:iam::111111111111:role/scheduler",
}
_MOMENT = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
_LATER = datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC)
_QUEUE = "arn:aws:sqs:us-east-1:111111111111:dead"


def _service(arn: str) -> str:
    return arn.split(":")[2] if arn.count(":") >= 5 else ""


def _window_off(call: Call) -> Iterator[str]:
    window = call.get("FlexibleTimeWindow") or {}
    if window.get("Mode") == "OFF" and window.get("MaximumWindowInMinutes") is not None:
        yield "MaximumWindowInMinutes must not be set when FlexibleTimeWindow Mode is OFF."


def _window_flexible(call: Call) -> Iterator[str]:
    window = call.get("FlexibleTimeWindow") or {}
    if window.get("Mode") == "FLEXIBLE" and window.get("MaximumWindowInMinutes") is None:
        yield "MaximumWindowInMinutes is required when FlexibleTimeWindow is FLEXIBLE."


def _expression(call: Call) -> Iterator[str]:
    try:
        zone = call.get("ScheduleExpressionTimezone") or "UTC"
        parse(str(call.get("ScheduleExpression")), zone=zone)
    except InvalidExpressionError as problem:
        yield str(problem)


def _input(call: Call) -> Iterator[str]:
    arn, given = str(call.get("Target.Arn")), call.get("Target.Input")
    if given is None or _service(arn) not in _JSON:
        return
    try:
        json.loads(given)
    except ValueError:
        yield f"Input must be well-formed JSON for the target {arn}; got {given!r:.80}"


def _bus(call: Call) -> Iterator[str]:
    arn = str(call.get("Target.Arn"))
    if _service(arn) == "events" and not call.get("Target.EventBridgeParameters"):
        yield f"EventBridgeParameters is required for the target {arn}."


def _group(call: Call) -> Iterator[str]:
    arn = str(call.get("Target.Arn"))
    if arn.endswith(".fifo") and not call.get("Target.SqsParameters.MessageGroupId"):
        yield f"SqsParameters with MessageGroupId is required for the FIFO queue {arn}."


SCHEDULER = Catalogue(
    "scheduler",
    *tag_rules("scheduler", source='"Tagging" restrictions in the user guide'),
    rule(
        "window-off",
        _SCHEDULES,
        "MaximumWindowInMinutes is not set when the mode is OFF.",
        _window_off,
        source="FlexibleTimeWindow, MaximumWindowInMinutes",
        fails={**_SCHEDULE, "FlexibleTimeWindow.MaximumWindowInMinutes": 5},
        passes=_SCHEDULE,
    ),
    rule(
        "window-flexible",
        _SCHEDULES,
        "MaximumWindowInMinutes is set when the mode is FLEXIBLE.",
        _window_flexible,
        source="FlexibleTimeWindow, Mode",
        fails={**_SCHEDULE, "FlexibleTimeWindow.Mode": "FLEXIBLE"},
        passes={
            **_SCHEDULE,
            "FlexibleTimeWindow.Mode": "FLEXIBLE",
            "FlexibleTimeWindow.MaximumWindowInMinutes": 5,
        },
    ),
    rule(
        "expression",
        _SCHEDULES,
        "ScheduleExpression is an at, rate or cron expression in an IANA time zone.",
        _expression,
        source="CreateSchedule, ScheduleExpression",
        fails={**_SCHEDULE, "ScheduleExpression": "cron(0 10 * * *)"},
        passes={**_SCHEDULE, "ScheduleExpression": "cron(0 10 * * ? *)"},
    ),
    rule(
        "target-input",
        _SCHEDULES,
        "The Input of a Lambda function, a state machine or an event bus is JSON.",
        _input,
        source="Target, Input",
        fails={**_SCHEDULE, "Target.Input": "{not json"},
        passes={**_SCHEDULE, "Target.Input": "{}"},
    ),
    rule(
        "target-bus",
        _SCHEDULES,
        "An event bus as a target needs EventBridgeParameters.",
        _bus,
        source="Target, EventBridgeParameters",
        fails={
            **_SCHEDULE,
            "Target.Arn": "arn:aws:events:us-east-1:111111111111:event-bus/default",
        },
        passes={
            **_SCHEDULE,
            "Target.Arn": "arn:aws:events:us-east-1:111111111111:event-bus/default",
            "Target.EventBridgeParameters.DetailType": "tick",
            "Target.EventBridgeParameters.Source": "clock",
        },
    ),
    rule(
        "target-queue",
        _SCHEDULES,
        "A FIFO queue as a target needs a message group.",
        _group,
        source="SqsParameters, MessageGroupId",
        fails={**_SCHEDULE, "Target.Arn": f"{_QUEUE}.fifo"},
        passes={
            **_SCHEDULE,
            "Target.Arn": f"{_QUEUE}.fifo",
            "Target.SqsParameters.MessageGroupId": "group",
        },
    ),
    rule(
        "dates",
        _SCHEDULES,
        "StartDate is before EndDate.",
        lambda call: (
            ["The StartDate you specify must come before the EndDate you specify."]
            if call.get("StartDate")
            and call.get("EndDate")
            and call.request["StartDate"] >= call.request["EndDate"]
            else []
        ),
        source="CreateSchedule, EndDate",
        fails={**_SCHEDULE, "StartDate": _MOMENT, "EndDate": _MOMENT},
        passes={**_SCHEDULE, "StartDate": _MOMENT, "EndDate": _LATER},
    ),
)
