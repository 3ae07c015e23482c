"""Numbers of the chapters after the first deployment."""

from rehearsal.client.drift.load import Outcome
from rehearsal.story import life
from rehearsal.story.summary import AlarmSummary


def test_requests_and_failures_are_counted_by_second() -> None:
    outcomes = [
        Outcome(100.0, ""),
        Outcome(100.4, "ModelError 500"),
        Outcome(102.1, ""),
        Outcome(102.2, "ModelError 500"),
        Outcome(102.3, "ThrottlingException"),
    ]
    found = life.load_summary("canary", outcomes)
    assert found.requests == 5
    assert found.failed == {"ModelError 500": 2, "ThrottlingException": 1}
    assert found.by_second == [(2, 1), (0, 0), (3, 2)]
    assert found.seconds == 2.3


def test_a_deployment_without_requests_has_no_seconds() -> None:
    assert life.load_summary("canary", []).by_second == []


def test_a_warning_starts_no_retraining() -> None:
    alarms = [
        AlarmSummary("churn-prod-drift-data-quality-warning", "ALARM", ""),
        AlarmSummary("churn-prod-drift-model-quality-harm", "OK", ""),
        AlarmSummary("churn-prod-drift-retrain", "OK", ""),
    ]
    assert life.retraining_alarms(alarms) == []
    tightened = AlarmSummary("churn-prod-drift-retrain-14d-2", "ALARM", "")
    assert life.retraining_alarms([*alarms, tightened]) == ["churn-prod-drift-retrain-14d-2"]
