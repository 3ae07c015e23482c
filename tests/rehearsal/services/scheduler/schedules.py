"""Schedules and their roles, for tests of Scheduler."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.deliveries import unique

SCHEDULER = {"Service": "scheduler.amazonaws.com"}


SDK = "arn:aws:scheduler:::aws-sdk"


OFF = {"Mode": "OFF"}


def new_role(aws: Any, *allows: dict[str, Any]) -> str:
    arn: str = aws.role(unique("role"), SCHEDULER, *allows)
    return arn


def new_schedule(aws: Any, target: dict[str, Any], **options: Any) -> str:
    name: str = options.pop("Name", unique("due"))
    given = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": OFF, **options}
    client = given.pop("client", None) or aws.client("scheduler")
    client.create_schedule(Name=name, Target=target, **given)
    return name
