"""Metrics and alarms of a local AWS whose time is moved forward."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.framework.clock import ClockFile, clock_of
from rehearsal.services.cloudwatch import CloudWatch
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def clock(platform: FakePlatform) -> ClockFile:
    return clock_of(platform)


@pytest.fixture
def service(platform: FakePlatform) -> Iterator[CloudWatch]:
    service = CloudWatch(platform)
    platform.services["cloudwatch"] = service
    yield service
    service.close()


def drift(service: CloudWatch, value: float, moment: datetime.datetime) -> None:
    client: Any = ServiceClient(service, CALLER)
    datum = {"MetricName": "drift", "Value": value, "Timestamp": moment}
    client.put_metric_data(Namespace="MLOps", MetricData=[datum])


def test_an_alarm_follows_the_hours_of_a_monitor(service: CloudWatch, clock: ClockFile) -> None:
    client: Any = ServiceClient(service, CALLER)
    client.put_metric_alarm(
        AlarmName="drift",
        Namespace="MLOps",
        MetricName="drift",
        Statistic="Maximum",
        Period=3600,
        EvaluationPeriods=1,
        Threshold=0.3,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )

    def state() -> str:
        service.tick()
        (alarm,) = client.describe_alarms(AlarmNames=["drift"])["MetricAlarms"]
        return str(alarm["StateValue"])

    states = []
    for value in (0.1, 0.9, 0.2):
        clock.advance(clock() + HOUR)
        full_hour = clock().replace(minute=0, second=0, microsecond=0)
        drift(service, value, full_hour)
        states.append(state())
    assert states == ["OK", "ALARM", "OK"]


def test_a_metric_without_a_timestamp_has_the_moved_time(
    service: CloudWatch, clock: ClockFile
) -> None:
    client: Any = ServiceClient(service, CALLER)
    clock.advance(clock() + 5 * HOUR)
    client.put_metric_data(Namespace="MLOps", MetricData=[{"MetricName": "calls", "Value": 3.0}])

    found = client.get_metric_statistics(
        Namespace="MLOps",
        MetricName="calls",
        StartTime=clock() - datetime.timedelta(minutes=5),
        EndTime=clock() + datetime.timedelta(minutes=5),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [point["Sum"] for point in found] == [3.0]
