"""Windows of deployment, which a cron expression names."""

from __future__ import annotations

from datetime import datetime

import pytest

from rehearsal.services.codepipeline.engine.deployment_windows import in_window, window_problems


@pytest.mark.parametrize(
    ("cron", "at", "inside"),
    [
        ("* * 9-15 ? * MON-THU *", "2026-11-23T09:30", True),  # a Monday
        ("* * 9-15 ? * MON-THU *", "2026-11-22T09:30", False),
        ("* * 9-15 ? * MON-THU *", "2026-11-23T16:00", False),
        ("* 0/15 * * * ?", "2026-11-23T01:45", True),
        ("* 0/15 * * * ?", "2026-11-23T01:46", False),
        ("* * * 1,15 JAN ?", "2026-01-15T00:00", True),
        ("* * * ? * FRI-MON", "2026-11-22T00:00", True),
        ("* * * ? * FRI-MON", "2026-11-25T00:00", False),
        ("* * * * * ? 2027", "2026-11-25T00:00", False),
        ("* * * L * ?", "2026-11-30T00:00", True),
        ("* * * ? * 3#2", "2026-11-17T00:00", False),
    ],
)
def test_a_window_is_what_its_cron_expression_names(cron: str, at: str, inside: bool) -> None:
    assert in_window(cron, "UTC", datetime.fromisoformat(f"{at}+00:00")) is inside


@pytest.mark.parametrize(
    ("cron", "zone", "words"),
    [
        ("* * * * ?", "UTC", "5 fields"),
        ("0 * * * * ?", "UTC", "first field"),
        ("* 61 * * * ?", "UTC", "is malformed"),
        ("* x * * * ?", "UTC", "is malformed"),
        ("* * * * * *", "UTC", "one of days and weekdays as ?"),
        ("* * * ? * WED", "Mars/Base", "not an IANA"),
    ],
)
def test_a_window_that_cannot_be_read_is_rejected(cron: str, zone: str, words: str) -> None:
    assert words in window_problems(cron, zone)[0]
    assert window_problems("* * * ? * WED", "UTC") == []
