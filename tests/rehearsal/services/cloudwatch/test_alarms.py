"""Alarms: what CloudWatch says of missing data, percentiles, mathematics and states."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.cloudwatch import CloudWatch
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.cloudwatch.alarms import START, Clock, put, state_of, steady_alarm


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
            put(cloudwatch, 9.0 if point == "X" else 1.0, at)
    found = []
    for treated in ("missing", "ignore", "breaching", "notBreaching"):
        alarm = steady_alarm(
            AlarmName=treated,
            EvaluationPeriods=3,
            DatapointsToAlarm=needed,
            TreatMissingData=treated,
        )
        # In OK before, whatever the data says.
        cloudwatch.put_metric_alarm(
            **{**alarm, "Threshold": 100.0, "TreatMissingData": "notBreaching"}
        )
        assert state_of(cloudwatch, treated) == "OK"
        cloudwatch.put_metric_alarm(**alarm)
        found.append(state_of(cloudwatch, treated))
    assert found == states


def test_an_alarm_rings_at_once_and_is_ok_again_by_time(
    service: CloudWatch, cloudwatch: Any, clock: Clock, platform: FakePlatform
) -> None:
    cloudwatch.put_metric_alarm(**steady_alarm(TreatMissingData="notBreaching"))
    assert state_of(cloudwatch) == "OK"
    put(cloudwatch, 9.0, clock.now)
    assert state_of(cloudwatch) == "ALARM"
    alarm = cloudwatch.describe_alarms()["MetricAlarms"][0]
    assert alarm["StateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoint [9.0 (22/11/26 10:00:00)] was greater "
        "than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert json.loads(alarm["StateReasonData"])["recentDatapoints"] == [9.0]
    # CloudWatch looks at two periods more than it needs, for data that comes late.
    clock.go(240)
    service.tick()
    assert state_of(cloudwatch) == "OK"
    details = platform.events_of("CloudWatch Alarm State Change")
    seen = [(d["previousState"]["value"], d["state"]["value"]) for d in details]
    assert seen == [("INSUFFICIENT_DATA", "OK"), ("OK", "ALARM"), ("ALARM", "OK")]
    metric = details[1]["configuration"]["metrics"][0]["metricStat"]
    assert metric["metric"] == {"namespace": "Own", "name": "m", "dimensions": {}}


def test_a_metric_of_other_dimensions_does_not_count(cloudwatch: Any, clock: Clock) -> None:
    cloudwatch.put_metric_alarm(**steady_alarm(Dimensions=[{"Name": "a", "Value": "1"}]))
    put(cloudwatch, 9.0, clock.now)
    assert state_of(cloudwatch) == "INSUFFICIENT_DATA"


def test_a_sum_that_still_grows_is_not_too_small_yet(
    service: CloudWatch, cloudwatch: Any, clock: Clock
) -> None:
    cloudwatch.put_metric_alarm(
        **steady_alarm(ComparisonOperator="LessThanThreshold", TreatMissingData="notBreaching")
    )
    put(cloudwatch, 1.0, clock.now)
    assert state_of(cloudwatch) == "OK"
    clock.go(60)
    service.tick()
    assert state_of(cloudwatch) == "ALARM"


@pytest.mark.parametrize("period", [10, 30])
def test_high_resolution_alarms_look_at_seconds(
    service: CloudWatch, cloudwatch: Any, clock: Clock, period: int
) -> None:
    cloudwatch.put_metric_alarm(**steady_alarm(Period=period, TreatMissingData="notBreaching"))
    put(cloudwatch, 9.0, clock.now)
    assert state_of(cloudwatch) == "ALARM"
    clock.go(4 * period)
    service.tick()
    assert state_of(cloudwatch) == "OK"


def test_percentiles_and_math_are_watched(cloudwatch: Any, clock: Clock) -> None:
    metric = steady_alarm(AlarmName="p", ExtendedStatistic="p99", Threshold=98.0)
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
        put(cloudwatch, float(value), clock.now)
    assert state_of(cloudwatch, "p") == "ALARM"
    assert state_of(cloudwatch, "math") == "ALARM"
    reason = cloudwatch.describe_alarms(AlarmNames=["math"])["MetricAlarms"][0]["StateReason"]
    assert "[50.0 (" in reason


def test_a_state_that_is_set_stays_until_aws_would_look_again(
    service: CloudWatch, cloudwatch: Any, clock: Clock
) -> None:
    cloudwatch.put_metric_alarm(**steady_alarm(TreatMissingData="notBreaching"))
    cloudwatch.set_alarm_state(AlarmName="steady", StateValue="ALARM", StateReason="a drill")
    clock.go(30)
    service.tick()
    assert state_of(cloudwatch) == "ALARM"
    clock.go(31)
    service.tick()
    assert state_of(cloudwatch) == "OK"
    with pytest.raises(ClientError, match="Unknown alarm"):
        cloudwatch.set_alarm_state(AlarmName="other", StateValue="OK", StateReason="x")
