"""Options of the commands for drift and time, and what they print."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rehearsal.cli import drift, main
from rehearsal.client import local_aws
from rehearsal.client.drift.monitor import Monitor, Run
from rehearsal.client.drift.sending import Sent
from rehearsal.client.drift.traffic import Kind, Traffic
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import STATE_DIRECTORY
from tests.rehearsal.stubbed_aws import StubbedAws


def sent(**failed: int) -> Sent:
    made = Traffic(
        kind=Kind.STUCK, description="2 rows; seats is stuck at 1", columns=["seats"],
        rows=[["1"], ["1"]], labels=["yes", "no"],
    )  # fmt: skip
    return Sent(
        traffic=made, requests=1, failed=failed, responses=[(), ()],
        label_files=["s3://b/ground-truth/labels.jsonl"],
        started=datetime(2026, 11, 30, tzinfo=UTC), seconds=0.2,
    )  # fmt: skip


def test_what_was_sent_is_shown_with_its_failures() -> None:
    lines = drift._of_traffic(sent(ModelError=1))
    assert lines[0] == "Sent 2 rows; seats is stuck at 1: 1 requests in 0.2 s, 1 failed."
    assert lines[1:] == ["  1 x ModelError", "Labels: s3://b/ground-truth/labels.jsonl"]


def test_a_run_is_shown_with_its_first_violations() -> None:
    monitor = Monitor(
        name="churn-prod-data", analysis="DATA_QUALITY", expression="rate(1 hour)", zone="UTC",
        labels="", label_delay=timedelta(),
    )  # fmt: skip
    violations = [
        {"feature_name": f"f{at}", "constraint_check_type": "drift", "description": "far"}
        for at in range(15)
    ]
    run = Run(
        monitor=monitor, job="j", status="Completed", message="CompletedWithViolations",
        violations=violations, statistics={}, reports="s3://b/reports",
    )  # fmt: skip
    lines = drift._of_runs([run])
    assert lines[0] == "churn-prod-data (DATA_QUALITY): CompletedWithViolations"
    assert lines[1] == "  f0: drift far"
    assert lines[-2:] == ["  and 3 more", "  reports: s3://b/reports"]


def test_runs_of_earlier_traffic_are_shown_apart_from_those_of_the_command() -> None:
    monitor = Monitor(
        name="churn-prod-data", analysis="DATA_QUALITY", expression="rate(1 hour)", zone="UTC",
        labels="", label_delay=timedelta(),
    )  # fmt: skip
    run = Run(
        monitor=monitor, job="j", status="Completed", message="CompletedWithViolations",
        violations=[], statistics={}, reports="s3://b/reports",
    )  # fmt: skip
    assert drift._of_earlier([run]) == ["Earlier traffic, churn-prod-data: CompletedWithViolations"]
    document = drift._document([run], sent(), [], [])
    assert document["earlier_runs"][0]["job"] == "j"
    assert document["runs"] == []


@pytest.mark.parametrize(("text", "months"), [("7", (7, 7)), ("4-6", (4, 6)), ("12", (12, 12))])
def test_months_are_one_or_a_range(text: str, months: tuple[int, int]) -> None:
    assert drift._months(text, Kind.COVARIATE) == months


@pytest.mark.parametrize("text", ["0", "13", "6-4", "July", "1-2-3"])
def test_other_months_are_rejected(text: str) -> None:
    with pytest.raises(RehearsalError, match="Got --months"):
        drift._months(text, Kind.COVARIATE)


def test_months_are_for_covariate_drift_only() -> None:
    with pytest.raises(RehearsalError, match="cannot be combined with --kind stuck"):
        drift._months("7", Kind.STUCK)


@pytest.mark.parametrize("text", ["2", "h", "1.5h", "-1h", "99999d"])
def test_other_durations_are_rejected(text: str) -> None:
    with pytest.raises(RehearsalError, match="Got --forward"):
        drift._duration(text)


def test_time_is_moved_and_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    STATE_DIRECTORY.mkdir(parents=True)
    monkeypatch.setattr(local_aws, "require", StubbedAws)
    for forward, ahead in (("2h", "2:00:00"), ("1d", "1 day, 2:00:00")):
        shown = CliRunner().invoke(main.app, ["clock", "--forward", forward])
        assert shown.exit_code == 0, shown.output
        assert f"{ahead} ahead of real time" in shown.output
