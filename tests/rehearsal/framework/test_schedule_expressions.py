"""When the schedules of AWS are due."""

from __future__ import annotations

import datetime

import pytest

from rehearsal.framework.schedule_expressions import InvalidExpressionError, parse


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def _next(expression: str, zone: str = "UTC", count: int = 1, after: str = "") -> list[str]:
    moment = _moment(after or "2026-03-28T12:00:00")
    schedule = parse(expression, zone=zone, anchor=moment)
    found = []
    for _ in range(count):
        due = schedule.after(moment)
        if due is None:
            break
        found.append(f"{due:%Y-%m-%dT%H:%M}")
        moment = due
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 * ? * * *)", ["2026-03-28T13:00", "2026-03-28T14:00"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-03-30T18:00", "2026-03-31T18:00"]),
        ("cron(0 18 ? * FRI-MON *)", ["2026-03-28T18:00", "2026-03-29T18:00"]),
        ("cron(0/20 8 L * ? *)", ["2026-03-31T08:00", "2026-03-31T08:20"]),
        ("cron(0 9 ? * 2#1 *)", ["2026-04-06T09:00", "2026-05-04T09:00"]),
        ("cron(0 9 ? * 5L *)", ["2026-04-30T09:00", "2026-05-28T09:00"]),
        ("cron(0 9 15W AUG ? 2027)", ["2027-08-16T09:00"]),
        ("cron(0 9 LW 2 ? *)", ["2027-02-26T09:00", "2028-02-29T09:00"]),
        ("cron(15,45 0 29 2 ? *)", ["2028-02-29T00:15", "2028-02-29T00:45"]),
        ("rate(90 minutes)", ["2026-03-28T13:30", "2026-03-28T15:00"]),
        ("at(2026-04-01T10:00:00)", ["2026-04-01T10:00"]),
        ("at(2026-03-01T10:00:00)", []),
        ("cron(0 0 1 1 ? 2020)", []),
    ],
)
def test_a_schedule_is_due(expression: str, expected: list[str]) -> None:
    assert _next(expression, count=2) == expected


def test_a_time_zone_moves_the_hours_and_knows_daylight_saving() -> None:
    assert _next("cron(0 9 * * ? *)", "America/New_York", 1) == ["2026-03-28T13:00"]
    # 2:30 does not exist in Berlin on the 29th.
    assert _next("cron(30 2 * * ? *)", "Europe/Berlin") == ["2026-03-30T00:30"]
    # It comes once on the day that has it twice.
    assert _next("cron(30 2 * * ? *)", "Europe/Berlin", 2, after="2026-10-24T12:00:00") == [
        "2026-10-25T00:30",
        "2026-10-26T01:30",
    ]
    assert _next("at(2026-04-01T10:00:00)", "Asia/Tokyo") == ["2026-04-01T01:00"]


def test_a_rate_begins_at_its_anchor() -> None:
    start = _moment("2026-04-01T00:00:00")
    schedule = parse("rate(1 hour)", anchor=start)
    assert schedule.after(start - datetime.timedelta(days=9)) == start
    assert schedule.after(start) == start + datetime.timedelta(hours=1)


@pytest.mark.parametrize(
    "expression",
    [
        "hello",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "cron(* * * * * *)",
        "cron(0 0 ? * ? *)",
        "cron(60 * * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 0 * * ?)",
        "cron(0 0 * FOO ? *)",
        "cron(0/0 0 * * ? *)",
        "at(2026-13-01T00:00:00)",
        "at(2026-12-01)",
    ],
)
def test_an_expression_that_aws_rejects_is_rejected(expression: str) -> None:
    with pytest.raises(InvalidExpressionError, match="Invalid Schedule Expression"):
        parse(expression)


def test_an_unknown_time_zone_is_rejected_by_name() -> None:
    with pytest.raises(InvalidExpressionError, match="Mars/Olympus"):
        parse("rate(1 hour)", zone="Mars/Olympus")
