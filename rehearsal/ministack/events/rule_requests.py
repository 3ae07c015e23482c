"""Rules of EventBridge, validated for PutRule and for stacks alike.

Source: EventBridge API Reference, PutRule; EventBridge User Guide, "Setting a schedule pattern".
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

from rehearsal.framework import schedule_expressions
from rehearsal.ministack.registry import patch, resource_handler
from rehearsal.ministack.routing import Response
from rehearsal.ministack.unsupported_requests import error_response

_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)")
_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
_INVALID = "ValidationException"
_SCHEDULES = {
    "why": (
        "A rule with a wrong schedule, with neither pattern nor schedule, or with a schedule on a "
        "custom bus is accepted; a stack accepts any expression."
    ),
    "until": "ministack validates the schedule and the pattern of a rule for each of its callers.",
}


@patch("ministack.services.eventbridge:_validate_schedule_expression", **_SCHEDULES)
def is_valid_schedule(previous: object, expr: str) -> bool:
    if found := _RATE.fullmatch(expr):
        return (found[1] == "1") != bool(found[3])  # rate(1 minute), rate(5 minutes)
    if not expr.startswith("cron("):
        return False
    try:
        schedule_expressions.parse(expr)
    except schedule_expressions.InvalidExpressionError:
        return False
    return True


@patch("ministack.services.eventbridge:_put_rule", **_SCHEDULES)
def put_rule(previous: Callable[[Any], Response], data: Mapping[str, Any]) -> Response:
    problem = rule_problem(data)
    return error_response(*problem) if problem else previous(data)


@resource_handler("AWS::Events::Rule", "create", after="unsupported_requests", **_SCHEDULES)
def create_rule(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    _check_properties(props)
    return previous(logical_id, props, stack_name)


@resource_handler("AWS::Events::Rule", "update", after="unsupported_requests", **_SCHEDULES)
def update_rule(
    previous: Callable[..., Any],
    physical_id: str,
    old_props: Mapping[str, Any],
    new_props: Mapping[str, Any],
    stack_name: str,
    logical_id: str | None = None,
) -> Any:
    _check_properties(new_props)
    return previous(physical_id, old_props, new_props, stack_name, logical_id)


def rule_problem(data: Mapping[str, Any]) -> tuple[str, str] | None:
    """Returns the code and message with which PutRule rejects a request, or None.

    Args:
        data: the request.
    """
    name = str(data.get("Name") or "")
    if not _NAME.fullmatch(name):
        return _INVALID, (
            f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+"
        )
    schedule, pattern = data.get("ScheduleExpression"), data.get("EventPattern")
    if not schedule and not pattern:
        return _INVALID, "Parameter(s) EventPattern or ScheduleExpression must be specified."
    if schedule and not is_valid_schedule(None, schedule):
        return _INVALID, "Parameter ScheduleExpression is not valid."
    bus = str(data.get("EventBusName") or "default").rsplit("/", 1)[-1]
    if schedule and bus != "default":
        return _INVALID, "ScheduleExpression is supported only on the default event bus."
    if reason := eventbridge._event_pattern_error(pattern):
        return "InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}"
    return None


def _check_properties(properties: Mapping[str, Any]) -> None:
    pattern = properties.get("EventPattern")
    eventbridge._ensure_default_bus()
    bus = provisioners._eb_rule_bus_name(properties)
    if bus not in eventbridge._event_buses:
        raise ValueError(_reason("ResourceNotFoundException", f"Event bus {bus} does not exist."))
    problem = rule_problem(
        {
            "Name": "generated",
            **properties,
            "EventBusName": bus,
            "EventPattern": json.dumps(pattern) if isinstance(pattern, Mapping) else pattern,
        }
    )
    if problem:
        raise ValueError(_reason(*problem))


def _reason(code: str, message: str) -> str:
    return f"{message} (Service: EventBridge, Status Code: 400, Error Code: {code})"
