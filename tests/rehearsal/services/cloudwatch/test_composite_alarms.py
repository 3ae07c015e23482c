"""Composite alarms, and invalid alarms and dashboards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.cloudwatch import CloudWatch
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.cloudwatch.alarms import Clock, put, state_of, steady_alarm


def test_a_composite_alarm_follows_its_children(
    service: CloudWatch, cloudwatch: Any, clock: Clock, platform: FakePlatform
) -> None:
    for name in ("a", "b"):
        cloudwatch.put_metric_alarm(
            **steady_alarm(AlarmName=name, MetricName=name, TreatMissingData="notBreaching")
        )
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("a") AND (ALARM(b) OR FALSE)')
    arn = cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]["AlarmArn"]
    cloudwatch.put_composite_alarm(AlarmName="top", AlarmRule=f"NOT OK({arn}) OR ALARM(both)")
    assert state_of(cloudwatch, "both", "CompositeAlarm") == "OK"
    put(cloudwatch, 9.0, clock.now, "a")
    assert state_of(cloudwatch, "both", "CompositeAlarm") == "OK"
    assert state_of(cloudwatch, "top", "CompositeAlarm") == "ALARM"
    put(cloudwatch, 9.0, clock.now, "b")
    assert state_of(cloudwatch, "both", "CompositeAlarm") == "ALARM"
    events = platform.events_of("CloudWatch Alarm State Change")
    told = next(e for e in events if e["alarmName"] == "both" and e["state"]["value"] == "ALARM")
    assert told["configuration"] == {"alarmRule": 'ALARM("a") AND (ALARM(b) OR FALSE)'}
    assert not cloudwatch.describe_alarms(AlarmNames=["both"])["MetricAlarms"]
    with pytest.raises(ClientError, match="composite alarm"):
        cloudwatch.delete_alarms(AlarmNames=["b"])
    with pytest.raises(ClientError, match="One composite alarm can be deleted"):
        cloudwatch.delete_alarms(AlarmNames=["both", "top"])
    cloudwatch.delete_alarms(AlarmNames=["top"])
    cloudwatch.delete_alarms(AlarmNames=["a", "b", "both"])


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("ALARM(nothing)", "do not exist"),
        ("RINGS(a)", "Unsupported token 'RINGS'"),
        ("ALARM(a) ALARM(a)", "Unsupported token 'ALARM'"),
        ("(ALARM(a)", "Unsupported token '<EOF>'"),
    ],
)
def test_a_rule_that_cannot_be_read_is_rejected(cloudwatch: Any, rule: str, problem: str) -> None:
    cloudwatch.put_metric_alarm(**steady_alarm(AlarmName="a"))
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
        ({"TreatMissingData": "no"}, "TreatMissingData must be one of"),
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "does not perform the alarm"),
        ({"Metrics": [{"Id": "e", "Expression": "1"}]}, "must not be given together"),
    ],
)
def test_an_alarm_that_cannot_be_evaluated_is_rejected_by_name(
    cloudwatch: Any, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ClientError, match=problem):
        cloudwatch.put_metric_alarm(**steady_alarm(**changes))


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


def test_children_and_parents_of_a_composite_alarm_are_listed(cloudwatch: Any) -> None:
    for name in ("a", "b", "other"):
        cloudwatch.put_metric_alarm(**steady_alarm(AlarmName=name))
    cloudwatch.put_composite_alarm(AlarmName="inner", AlarmRule="ALARM(b)")
    cloudwatch.put_composite_alarm(AlarmName="outer", AlarmRule="ALARM(a) OR ALARM(inner)")

    children = cloudwatch.describe_alarms(ChildrenOfAlarmName="outer")
    parents = cloudwatch.describe_alarms(ParentsOfAlarmName="b")

    assert [alarm["AlarmName"] for alarm in children["MetricAlarms"]] == ["a"]
    assert [alarm["AlarmName"] for alarm in children["CompositeAlarms"]] == ["inner"]
    assert set(children["MetricAlarms"][0]) == {
        "AlarmName",
        "AlarmArn",
        "StateValue",
        "StateUpdatedTimestamp",
    }
    assert parents["MetricAlarms"] == []
    assert [set(alarm) for alarm in parents["CompositeAlarms"]] == [{"AlarmName", "AlarmArn"}]
    with pytest.raises(ClientError, match="cannot be combined"):
        cloudwatch.describe_alarms(ChildrenOfAlarmName="outer", StateValue="OK")
