"""An alarm, its metric and a clock, for tests of CloudWatch."""

from __future__ import annotations

import datetime
from typing import Any

from tests.rehearsal.deliveries import unique

START = datetime.datetime(2026, 11, 22, 10, tzinfo=datetime.UTC)


STEADY = {"AlarmName": "steady", "EvaluationPeriods": 1, "Threshold": 5.0}


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime.datetime:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += datetime.timedelta(seconds=seconds)


def steady_alarm(**changes: Any) -> dict[str, Any]:
    return {
        "Namespace": "Own",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "ComparisonOperator": "GreaterThanThreshold",
        **STEADY,
        **changes,
    }


def put(cloudwatch: Any, value: float, at: datetime.datetime, name: str = "m") -> None:
    datum = {"MetricName": name, "Value": value, "Timestamp": at}
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[datum])


def state_of(cloudwatch: Any, name: str = "steady", kind: str = "MetricAlarm") -> str:
    answer = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=[kind])
    found: str = answer[f"{kind}s"][0]["StateValue"]
    return found


def new_alarm(aws: Any, *actions: str, **changes: Any) -> str:
    """An alarm of the running server; its name."""
    name = unique("alarm")
    aws.client("cloudwatch").put_metric_alarm(
        **{
            "AlarmName": name,
            "AlarmDescription": "too many",
            "Namespace": "Own",
            "MetricName": name,
            "Dimensions": [{"Name": "Endpoint", "Value": "churn"}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": list(actions),
            **changes,
        }
    )
    return name
