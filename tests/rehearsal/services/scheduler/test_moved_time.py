"""Schedules of a local AWS whose time is moved forward."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.framework.clock import ClockFile, clock_of
from rehearsal.services.scheduler.invocation import Invocation
from rehearsal.services.scheduler.service import Scheduler
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient

HOUR = datetime.timedelta(hours=1)
TARGET = {"Arn": "arn:aws:sqs:us-east-1:111111111111:due", "RoleArn": "arn:aws:iam::1:role/due"}


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def clock(platform: FakePlatform) -> ClockFile:
    return clock_of(platform)


@pytest.fixture
def invoked() -> list[Invocation]:
    return []


@pytest.fixture
def scheduler(platform: FakePlatform, invoked: list[Invocation]) -> Iterator[Scheduler]:
    service = Scheduler(platform, invoke=invoked.append)
    yield service
    service.close()


def create(scheduler: Scheduler, expression: str) -> None:
    client: Any = ServiceClient(scheduler, CALLER)
    client.create_schedule(
        Name="monitor",
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=TARGET,
    )


@pytest.mark.parametrize("expression", ["cron(0 * * * ? *)", "cron(20 * * * ? *)"])
def test_an_hourly_schedule_runs_at_its_minute_of_the_hour(
    scheduler: Scheduler, clock: ClockFile, invoked: list[Invocation], expression: str
) -> None:
    create(scheduler, expression)
    before = clock()
    scheduler.tick()
    assert invoked == []

    clock.advance(before + HOUR)
    scheduler.tick()

    (run,) = invoked
    assert run.due.minute == int(expression[5:7].strip())
    assert before < run.due <= before + HOUR


def test_each_hour_has_its_run(
    scheduler: Scheduler, clock: ClockFile, invoked: list[Invocation]
) -> None:
    create(scheduler, "cron(0 * * * ? *)")
    for _ in range(3):
        clock.advance(clock() + HOUR)
        scheduler.tick()

    first, second, third = (run.due for run in invoked)
    assert third - second == second - first == HOUR


def test_a_daily_schedule_awaits_its_day(
    scheduler: Scheduler, clock: ClockFile, invoked: list[Invocation]
) -> None:
    create(scheduler, "cron(0 0 * * ? *)")
    midnight = (clock() + 24 * HOUR).replace(hour=0, minute=0, second=0, microsecond=0)
    clock.advance(midnight)
    scheduler.tick()

    assert [run.due for run in invoked] == [midnight]
