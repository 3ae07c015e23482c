"""Rules of EventBridge Scheduler for schedules, beyond the model of its requests.

Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from rehearsal.events import universal_targets
from rehearsal.events.targets import schedules
from rehearsal.framework.platform import AwsError
from rehearsal.framework.schedule_expressions import Expression, InvalidExpressionError, parse

_TEMPLATED = (
    "CodeBuild, CodePipeline, EventBridge, Lambda, SageMaker pipelines, SNS, SQS, Step Functions"
)
_UNSUPPORTED = ("EcsParameters", "KinesisParameters")
_EARLIEST = datetime.timedelta(minutes=5)


def check(request: Mapping[str, Any], now: datetime.datetime) -> None:
    """Validates a schedule.

    Raises:
        AwsError: ValidationException, if it breaks a rule.
    """
    _check_dates(request, now)
    _check_expression(request, now)
    _check_target(request["Target"])


def _check_expression(request: Mapping[str, Any], now: datetime.datetime) -> None:
    when = expression(request, now)
    given = request["ScheduleExpression"]
    if given.startswith("at(") and when.after(now) is None:
        raise _invalid(f"The time of the one-time schedule {given} cannot be in the past.")


def expression(schedule: Mapping[str, Any], created: datetime.datetime) -> Expression:
    """Returns the expression of a schedule; a rate begins at once, or at its StartDate."""
    try:
        return parse(
            schedule["ScheduleExpression"],
            zone=schedule.get("ScheduleExpressionTimezone") or "UTC",
            anchor=schedule.get("StartDate") or created,
        )
    except InvalidExpressionError as problem:
        raise _invalid(str(problem)) from None


def _check_dates(request: Mapping[str, Any], now: datetime.datetime) -> None:
    start, end = request.get("StartDate"), request.get("EndDate")
    if start and start < now - _EARLIEST:
        raise _invalid("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end and end < now:
        raise _invalid("The EndDate you specify cannot be earlier than the current time.")


def _check_target(target: Mapping[str, Any]) -> None:
    arn = target["Arn"]
    for name in _UNSUPPORTED:
        if name in target:
            raise _invalid(f"The rehearsal does not implement {name} of a schedule's target.")
    if universal_targets.is_universal(arn):
        universal_targets.check(arn, target.get("Input"))
    elif not schedules(arn):
        raise _invalid(
            f"The rehearsal does not deliver to the target {arn}. Use a universal target, or one "
            f"of {_TEMPLATED}."
        )


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
