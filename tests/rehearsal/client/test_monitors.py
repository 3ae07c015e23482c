"""Monitors of an endpoint, and the time of their runs."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from rehearsal.client import monitors
from rehearsal.client.monitors import Monitor

SENT = datetime(2026, 11, 30, 12, 40, tzinfo=UTC)


def monitor(expression: str, delay: int = 0) -> Monitor:
    return Monitor(
        name="churn-prod-data",
        analysis="DATA_QUALITY",
        expression=expression,
        zone="UTC",
        labels="",
        label_delay=timedelta(hours=delay),
    )


@pytest.mark.parametrize(
    ("expression", "delay", "due"),
    [
        ("cron(20 * ? * * *)", 0, "2026-11-30T13:20"),
        ("cron(0 * ? * * *)", 0, "2026-11-30T13:00"),
        ("cron(20 0 ? * * *)", 0, "2026-12-01T00:20"),
        ("cron(20 * ? * * *)", 24, "2026-12-01T13:20"),
    ],
)
def test_the_next_run_is_the_first_after_the_hour_of_the_traffic(
    expression: str, delay: int, due: str
) -> None:
    found = monitor(expression, delay).first_run_for(SENT)
    assert found is not None
    assert found.strftime("%Y-%m-%dT%H:%M") == due


def test_labels_name_the_request_that_they_belong_to() -> None:
    lines = [json.loads(line) for line in monitors._label_lines({"a": ["yes", "no"], "b": ["no"]})]
    assert [line["eventMetadata"]["eventId"] for line in lines] == ["a", "b"]
    assert lines[0]["groundTruthData"] == {"data": "yes\nno", "encoding": "CSV"}
