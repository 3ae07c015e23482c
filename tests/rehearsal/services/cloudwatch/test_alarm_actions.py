"""Actions of alarms, and their history."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from rehearsal.services.cloudwatch import CloudWatch
from tests.rehearsal.fakes import SCOPE, FakePlatform
from tests.rehearsal.services.cloudwatch.alarms import Clock, put, state_of, steady_alarm


def test_history_has_configuration_states_and_actions(
    cloudwatch: Any, clock: Clock, platform: FakePlatform
) -> None:
    topic = "arn:aws:sns:us-east-1:111111111111:t"
    platform.denied.add(("sns:Publish", topic))
    cloudwatch.put_metric_alarm(**steady_alarm(AlarmActions=[topic]))
    put(cloudwatch, 9.0, clock.now)
    deadline = time.monotonic() + 60
    while True:
        items = cloudwatch.describe_alarm_history(AlarmName="steady")["AlarmHistoryItems"]
        if len(items) == 3 or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    action, update, created = items
    assert created["HistorySummary"] == 'Alarm "steady" created'
    assert update["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert json.loads(update["HistoryData"])["newState"]["stateValue"] == "ALARM"
    assert action["HistorySummary"].startswith(f"Failed to execute action {topic}")
    assert "is not authorized to perform: sns:Publish" in action["HistorySummary"]
    kinds = cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in kinds] == ["StateUpdate"]


def test_a_scaling_policy_is_executed_by_its_service_or_the_history_says_that_nobody_does(
    service: CloudWatch, cloudwatch: Any, clock: Clock
) -> None:
    policy = "arn:aws:autoscaling:us-east-1:111111111111:scalingPolicy:u:resource/s/e:policyName/p"
    executed = []

    class Scaling:
        def execute_policy(self, arn: str, alarm: str, scope: Any) -> None:
            executed.append((arn, alarm, scope))

    service.peers = {"application-autoscaling": Scaling()}  # type: ignore[dict-item]
    cloudwatch.put_metric_alarm(
        **steady_alarm(AlarmActions=[policy], TreatMissingData="notBreaching")
    )
    put(cloudwatch, 9.0, clock.now)
    assert _last_action(cloudwatch)["actionState"] == "Succeeded"
    assert executed == [(policy, "steady", SCOPE)]
    service.peers = {}
    cloudwatch.set_alarm_state(AlarmName="steady", StateValue="OK", StateReason="x")
    cloudwatch.set_alarm_state(AlarmName="steady", StateValue="ALARM", StateReason="x")
    told = _last_action(cloudwatch, 2)
    assert told["actionState"] == "Failed"
    assert "without a service that executes scaling policies" in told["error"]


def _last_action(cloudwatch: Any, count: int = 1) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        items = cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
        if len(items) == count:
            found: dict[str, Any] = json.loads(items[0]["HistoryData"])
            return found
        time.sleep(0.01)
    pytest.fail("no action was performed")


def test_no_action_is_performed_when_actions_are_disabled(
    cloudwatch: Any, clock: Clock, platform: FakePlatform
) -> None:
    topic = "arn:aws:sns:us-east-1:111111111111:t"
    cloudwatch.put_metric_alarm(**steady_alarm(AlarmActions=[topic], ActionsEnabled=False))
    put(cloudwatch, 9.0, clock.now)
    assert state_of(cloudwatch) == "ALARM"
    time.sleep(0.1)
    assert not cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
    cloudwatch.enable_alarm_actions(AlarmNames=["steady"])
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"] is True
