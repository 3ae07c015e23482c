"""Alarms: what CloudWatch's tables of missing data say, history, events and composites."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.cloudwatch import CloudWatch
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform, ServiceClient

START = datetime.datetime(2026, 11, 22, 10, tzinfo=datetime.UTC)
STEADY = {"AlarmName": "steady", "EvaluationPeriods": 1, "Threshold": 5.0}


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime.datetime:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += datetime.timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def service(platform: FakePlatform, clock: Clock) -> Iterator[CloudWatch]:
    service = CloudWatch(platform, clock=clock)
    platform.services["cloudwatch"] = service
    yield service
    service.close()


@pytest.fixture
def cloudwatch(service: CloudWatch) -> Any:
    return ServiceClient(service, CALLER)


def _alarm(**changes: Any) -> dict[str, Any]:
    return {
        "Namespace": "Own",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "ComparisonOperator": "GreaterThanThreshold",
        **STEADY,
        **changes,
    }


def _put(cloudwatch: Any, value: float, at: datetime.datetime, name: str = "m") -> None:
    datum = {"MetricName": name, "Value": value, "Timestamp": at}
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[datum])


def _state(cloudwatch: Any, name: str = "steady", kind: str = "MetricAlarm") -> str:
    answer = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=[kind])
    found: str = answer[f"{kind}s"][0]["StateValue"]
    return found


# The tables of "Configuring how CloudWatch alarms treat missing data": five periods, oldest first;
# X breaches, 0 does not, - is missing. What follows is for missing, ignore, breaching, notBreaching
# in an alarm that was in OK before.
@pytest.mark.parametrize(
    ("needed", "points", "states"),
    [
        (3, "0-X-X", ["OK", "OK", "OK", "OK"]),
        (3, "----0", ["OK", "OK", "OK", "OK"]),
        (3, "-----", ["INSUFFICIENT_DATA", "OK", "ALARM", "OK"]),
        (3, "0XX-X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        (3, "--X--", ["ALARM", "OK", "ALARM", "OK"]),
        (2, "0-X-X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        (2, "00X0X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        (2, "0-X--", ["OK", "OK", "ALARM", "OK"]),
        (2, "----0", ["OK", "OK", "ALARM", "OK"]),
        (2, "---X-", ["ALARM", "OK", "ALARM", "OK"]),
    ],
)
def test_missing_data_is_treated_as_the_tables_of_aws_say(
    service: CloudWatch,
    cloudwatch: Any,
    clock: Clock,
    needed: int,
    points: str,
    states: Sequence[str],
) -> None:
    for minute, point in enumerate(points):
        if point != "-":
            at = START - datetime.timedelta(minutes=5 - minute)
            _put(cloudwatch, 9.0 if point == "X" else 1.0, at)
    found = []
    for treated in ("missing", "ignore", "breaching", "notBreaching"):
        alarm = _alarm(
            AlarmName=treated,
            EvaluationPeriods=3,
            DatapointsToAlarm=needed,
            TreatMissingData=treated,
        )
        # In OK before, whatever the data says.
        cloudwatch.put_metric_alarm(
            **{**alarm, "Threshold": 100.0, "TreatMissingData": "notBreaching"}
        )
        assert _state(cloudwatch, treated) == "OK"
        cloudwatch.put_metric_alarm(**alarm)
        found.append(_state(cloudwatch, treated))
    assert found == states


def test_an_alarm_rings_at_once_and_is_ok_again_by_time(
    service: CloudWatch, cloudwatch: Any, clock: Clock, platform: FakePlatform
) -> None:
    cloudwatch.put_metric_alarm(**_alarm(TreatMissingData="notBreaching"))
    assert _state(cloudwatch) == "OK"
    _put(cloudwatch, 9.0, clock.now)
    assert _state(cloudwatch) == "ALARM"
    alarm = cloudwatch.describe_alarms()["MetricAlarms"][0]
    assert alarm["StateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoint [9.0 (22/11/26 10:00:00)] was greater "
        "than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert json.loads(alarm["StateReasonData"])["recentDatapoints"] == [9.0]
    # CloudWatch looks at two periods more than it needs, for data that comes late.
    clock.go(240)
    service.tick()
    assert _state(cloudwatch) == "OK"
    details = platform.events_of("CloudWatch Alarm State Change")
    seen = [(d["previousState"]["value"], d["state"]["value"]) for d in details]
    assert seen == [("INSUFFICIENT_DATA", "OK"), ("OK", "ALARM"), ("ALARM", "OK")]
    metric = details[1]["configuration"]["metrics"][0]["metricStat"]
    assert metric["metric"] == {"namespace": "Own", "name": "m", "dimensions": {}}


def test_a_metric_of_other_dimensions_does_not_count(cloudwatch: Any, clock: Clock) -> None:
    cloudwatch.put_metric_alarm(**_alarm(Dimensions=[{"Name": "a", "Value": "1"}]))
    _put(cloudwatch, 9.0, clock.now)
    assert _state(cloudwatch) == "INSUFFICIENT_DATA"


def test_a_sum_that_still_grows_is_not_too_small_yet(
    service: CloudWatch, cloudwatch: Any, clock: Clock
) -> None:
    cloudwatch.put_metric_alarm(
        **_alarm(ComparisonOperator="LessThanThreshold", TreatMissingData="notBreaching")
    )
    _put(cloudwatch, 1.0, clock.now)
    assert _state(cloudwatch) == "OK"
    clock.go(60)
    service.tick()
    assert _state(cloudwatch) == "ALARM"


@pytest.mark.parametrize("period", [10, 30])
def test_high_resolution_alarms_look_at_seconds(
    service: CloudWatch, cloudwatch: Any, clock: Clock, period: int
) -> None:
    cloudwatch.put_metric_alarm(**_alarm(Period=period, TreatMissingData="notBreaching"))
    _put(cloudwatch, 9.0, clock.now)
    assert _state(cloudwatch) == "ALARM"
    clock.go(4 * period)
    service.tick()
    assert _state(cloudwatch) == "OK"


def test_percentiles_and_math_are_watched(cloudwatch: Any, clock: Clock) -> None:
    metric = _alarm(AlarmName="p", ExtendedStatistic="p99", Threshold=98.0)
    del metric["Statistic"]
    cloudwatch.put_metric_alarm(**metric)
    stat = {"Metric": {"Namespace": "Own", "MetricName": "m"}, "Period": 60, "Stat": "SampleCount"}
    cloudwatch.put_metric_alarm(
        AlarmName="math",
        EvaluationPeriods=1,
        Threshold=50.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        Metrics=[
            {"Id": "count", "MetricStat": stat, "ReturnData": False},
            {"Id": "share", "Expression": "IF(count > 10, count / 2, 0)"},
        ],
    )
    for value in range(101):
        _put(cloudwatch, float(value), clock.now)
    assert _state(cloudwatch, "p") == "ALARM"
    assert _state(cloudwatch, "math") == "ALARM"
    reason = cloudwatch.describe_alarms(AlarmNames=["math"])["MetricAlarms"][0]["StateReason"]
    assert "[50.0 (" in reason


def test_a_state_that_is_set_stays_until_aws_would_look_again(
    service: CloudWatch, cloudwatch: Any, clock: Clock
) -> None:
    cloudwatch.put_metric_alarm(**_alarm(TreatMissingData="notBreaching"))
    cloudwatch.set_alarm_state(AlarmName="steady", StateValue="ALARM", StateReason="a drill")
    clock.go(30)
    service.tick()
    assert _state(cloudwatch) == "ALARM"
    clock.go(31)
    service.tick()
    assert _state(cloudwatch) == "OK"
    with pytest.raises(ClientError, match="Unknown alarm"):
        cloudwatch.set_alarm_state(AlarmName="other", StateValue="OK", StateReason="x")


def test_history_tells_configuration_states_and_actions(
    cloudwatch: Any, clock: Clock, platform: FakePlatform
) -> None:
    topic = "arn:aws:sns:us-east-1:111111111111:t"
    platform.denied.add(("sns:Publish", topic))
    cloudwatch.put_metric_alarm(**_alarm(AlarmActions=[topic]))
    _put(cloudwatch, 9.0, clock.now)
    deadline = time.monotonic() + 5
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
    cloudwatch.put_metric_alarm(**_alarm(AlarmActions=[policy], TreatMissingData="notBreaching"))
    _put(cloudwatch, 9.0, clock.now)
    assert _last_action(cloudwatch)["actionState"] == "Succeeded"
    assert executed == [(policy, "steady", SCOPE)]
    service.peers = {}
    cloudwatch.set_alarm_state(AlarmName="steady", StateValue="OK", StateReason="x")
    cloudwatch.set_alarm_state(AlarmName="steady", StateValue="ALARM", StateReason="x")
    told = _last_action(cloudwatch, 2)
    assert told["actionState"] == "Failed"
    assert "without a service that executes scaling policies" in told["error"]


def _last_action(cloudwatch: Any, count: int = 1) -> dict[str, Any]:
    deadline = time.monotonic() + 5
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
    cloudwatch.put_metric_alarm(**_alarm(AlarmActions=[topic], ActionsEnabled=False))
    _put(cloudwatch, 9.0, clock.now)
    assert _state(cloudwatch) == "ALARM"
    time.sleep(0.1)
    assert not cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
    cloudwatch.enable_alarm_actions(AlarmNames=["steady"])
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"] is True


def test_a_composite_alarm_follows_its_children(
    service: CloudWatch, cloudwatch: Any, clock: Clock, platform: FakePlatform
) -> None:
    for name in ("a", "b"):
        cloudwatch.put_metric_alarm(
            **_alarm(AlarmName=name, MetricName=name, TreatMissingData="notBreaching")
        )
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("a") AND (ALARM(b) OR FALSE)')
    arn = cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]["AlarmArn"]
    cloudwatch.put_composite_alarm(AlarmName="top", AlarmRule=f"NOT OK({arn}) OR ALARM(both)")
    assert _state(cloudwatch, "both", "CompositeAlarm") == "OK"
    _put(cloudwatch, 9.0, clock.now, "a")
    assert _state(cloudwatch, "both", "CompositeAlarm") == "OK"
    assert _state(cloudwatch, "top", "CompositeAlarm") == "ALARM"
    _put(cloudwatch, 9.0, clock.now, "b")
    assert _state(cloudwatch, "both", "CompositeAlarm") == "ALARM"
    events = platform.events_of("CloudWatch Alarm State Change")
    told = next(e for e in events if e["alarmName"] == "both" and e["state"]["value"] == "ALARM")
    assert told["configuration"] == {"alarmRule": 'ALARM("a") AND (ALARM(b) OR FALSE)'}
    assert not cloudwatch.describe_alarms(AlarmNames=["both"])["MetricAlarms"]
    with pytest.raises(ClientError, match="composite alarm"):
        cloudwatch.delete_alarms(AlarmNames=["b"])
    cloudwatch.delete_alarms(AlarmNames=["a", "b", "both", "top"])


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("ALARM(nothing)", "do not exist"),
        ("RINGS(a)", "Unsupported token 'RINGS'"),
        ("ALARM(a) ALARM(a)", "Unsupported token 'ALARM'"),
        ("(ALARM(a)", "Unsupported token '<EOF>'"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(cloudwatch: Any, rule: str, problem: str) -> None:
    cloudwatch.put_metric_alarm(**_alarm(AlarmName="a"))
    with pytest.raises(ClientError, match=problem):
        cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule=rule)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "does not detect anomalies"),
        ({"ThresholdMetricId": "m1"}, "does not implement ThresholdMetricId"),
        ({"ExtendedStatistic": "p99"}, "Exactly one of Statistic"),
        ({"Statistic": None, "ExtendedStatistic": "tm99"}, "does not compute the statistic tm99"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm"),
        ({"Period": 45}, "Period must be"),
        ({"Period": 3600, "EvaluationPeriods": 200}, "more than 7 day"),
        ({"Period": 60, "EvaluationPeriods": 2000}, "more than 1 day"),
        ({"TreatMissingData": "no"}, "TreatMissingData no"),
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "does not perform the alarm"),
        ({"Metrics": [{"Id": "e", "Expression": "1"}]}, "must not be given together"),
    ],
)
def test_an_alarm_that_cannot_be_evaluated_is_refused_by_name(
    cloudwatch: Any, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ClientError, match=problem):
        cloudwatch.put_metric_alarm(**_alarm(**changes))


def test_dashboards_are_checked_kept_and_deleted(cloudwatch: Any) -> None:
    widget = {"type": "metric", "x": 0, "y": 0, "width": 24, "height": 6, "properties": {}}
    body = json.dumps({"widgets": [widget]})
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody=body)
    assert cloudwatch.get_dashboard(DashboardName="d")["DashboardBody"] == body
    wide = json.dumps({"widgets": [{**widget, "width": 25}]})
    for wrong, problem in (("{", "not JSON"), ("{}", "widgets"), (wide, "24 columns")):
        with pytest.raises(ClientError, match=problem):
            cloudwatch.put_dashboard(DashboardName="d", DashboardBody=wrong)
    cloudwatch.delete_dashboards(DashboardNames=["d"])
    with pytest.raises(ClientError, match="does not exist"):
        cloudwatch.get_dashboard(DashboardName="d")
