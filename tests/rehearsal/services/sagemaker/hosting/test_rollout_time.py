"""Rollouts and their alarms share one time: what happens does not depend on when a rollout starts.

A simulated second takes no real time. Requests arrive evenly, as from a load test.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3
import pytest

from rehearsal.framework.platform import AwsError
from rehearsal.framework.timeline import timelines_of
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.cloudwatch.alarms import Alarms
from rehearsal.services.sagemaker.hosting.endpoint_fleet import Traffic
from rehearsal.services.sagemaker.hosting.endpoint_metrics import EndpointMetrics
from rehearsal.services.sagemaker.hosting.endpoint_rollout import (
    RolledBackError,
    Rollout,
    Stage,
)
from rehearsal.services.sagemaker.hosting.rollouts import Rollouts
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform, ServiceClient
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC).timestamp()
WAIT = 300
ENDPOINT = {"EndpointName": "live", "VariantName": "AllTraffic"}
NEW = {**ENDPOINT, "EndpointConfigName": "new"}
OLD = {**ENDPOINT, "EndpointConfigName": "old"}
STARTS = [second * 0.6 for second in range(100)]
"""100 starts over all seconds of a minute."""


def never(number: int) -> bool:
    return False


def always(number: int) -> bool:
    return True


def each(count: int) -> Callable[[int], bool]:
    """One request in `count` fails."""
    return lambda number: number % count == count - 1


class World:
    """An endpoint under load, CloudWatch and rollouts, in a simulated time."""

    def __init__(
        self, folder: Path, start: float, fails: Callable[[int], bool] = never, rate: float = 3.0
    ) -> None:
        # Nothing is shared with the world of another test or start.
        self.platform = FakePlatform(folder / f"{start}")
        self.cloudwatch = CloudWatch(self.platform, clock=self.moment)
        self.platform.services["cloudwatch"] = self.cloudwatch
        self.client = ServiceClient(self.cloudwatch, CALLER)
        self.sagemaker = SageMaker(self.platform, FakeDataPlane())
        self.metrics = EndpointMetrics(
            lambda _: cast(boto3.Session, _Root(self.cloudwatch)), self.moment
        )
        self.rollouts = Rollouts(self.sagemaker.backend, self.metrics.flush, self)
        self.traffic = Traffic(self.now)
        self._now = NOON + start
        self._fails, self._gap, self._next = fails, 1 / rate if rate else math.inf, self._now
        self.took = 0.0
        self.stages: list[Stage] = []
        self.each_second: list[Callable[[], None]] = []

    def now(self) -> float:
        return self._now

    def moment(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self._now, datetime.UTC)

    def wait(self, seconds: float) -> bool:
        """Lets the requests of some seconds arrive, and CloudWatch look at its alarms."""
        begun, end = self._now, self._now + seconds
        while self._next <= end:
            self._now = self._next
            self._serve()
            self._next += self._gap
        self._now = end
        if int(end) > int(begun):
            self.cloudwatch.tick()
            for act in self.each_second:
                act()
        return False

    def _serve(self) -> None:
        is_new = self.traffic.next_is_new()
        failed = is_new and self._fails(self.traffic.new)
        values = {"Invocation5XXErrors": (float(failed), "Count")}
        for dimensions in (
            ENDPOINT,
            {**ENDPOINT, "EndpointConfigName": "new" if is_new else "old"},
        ):
            self.metrics.put(SCOPE, values, dimensions)

    def alarm(self, dimensions: dict[str, str], name: str = "errors", **changes: Any) -> None:
        self.client.put_metric_alarm(
            **{
                "AlarmName": name,
                "Namespace": "AWS/SageMaker",
                "MetricName": "Invocation5XXErrors",
                "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
                "Statistic": "Average",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 0.05,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
                **changes,
            }
        )

    def state(self, name: str = "errors") -> str:
        found: str = self.client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]
        return found

    def roll_out(self, *alarms: str, share: float = 0.5, wait: int = WAIT) -> bool:
        """Runs a canary after a minute of load; returns True if it was rolled back."""
        self.wait(60)
        begun = self._now

        def enter(stage: Stage) -> None:
            self.stages.append(stage)
            self.traffic.shift(stage.share)

        plan = Rollout([Stage(share, wait), Stage(1.0, 0)], alarms or ("errors",))
        try:
            self.rollouts.run(SCOPE, plan, enter, self.traffic)
        except RolledBackError as error:
            assert "alarms have been triggered during endpoint deployment" in str(error)
            return True
        finally:
            self.took = self._now - begun
            self.metrics.close()
        return False


@dataclass
class _Root:
    service: CloudWatch

    def client(self, _: str) -> Any:
        return ServiceClient(self.service, type(CALLER)(SCOPE, "arn:aws:iam::111111111111:root"))


@pytest.mark.parametrize("dimensions", [NEW, ENDPOINT], ids=["new fleet", "both fleets"])
@pytest.mark.parametrize("fails", [always, each(5)], ids=["always", "1 in 5"])
def test_a_bad_canary_is_rolled_back_whatever_the_second_at_which_it_starts(
    tmp_path: Path, dimensions: dict[str, str], fails: Callable[[int], bool]
) -> None:
    missed = []
    for start in STARTS:
        world = World(tmp_path, start, fails)
        world.alarm(dimensions)
        if not world.roll_out() or len(world.stages) > 1:
            missed.append(start)
    assert missed == []


def test_an_error_rate_just_above_the_threshold_is_rolled_back(tmp_path: Path) -> None:
    missed = []
    for start in STARTS[::4]:
        world = World(tmp_path, start, each(19))  # 5.3 %
        world.alarm(NEW)
        if not world.roll_out():
            missed.append(start)
    assert missed == []


@pytest.mark.parametrize("fails", [never, each(25)], ids=["never", "4 %"])
def test_a_good_canary_is_promoted_whatever_the_second_at_which_it_starts(
    tmp_path: Path, fails: Callable[[int], bool]
) -> None:
    rolled_back = []
    for start in STARTS if fails is never else STARTS[::5]:
        world = World(tmp_path, start, fails)
        world.alarm(NEW)
        if world.roll_out() or len(world.stages) != 2:
            rolled_back.append(start)
    assert rolled_back == []


@pytest.mark.parametrize("rate", [0.5, 20.0, 200.0])
def test_the_load_decides_how_long_a_minute_takes_and_not_what_happens(
    tmp_path: Path, rate: float
) -> None:
    outcomes: list[bool] = []
    for fails in (each(5), never):
        world = World(tmp_path, rate + outcomes.count(True), fails, rate=rate)
        world.alarm(NEW)
        outcomes.append(world.roll_out())
        assert world.took <= WAIT / 2 + 5
    assert outcomes == [True, False]


def test_a_wait_without_requests_takes_a_second_for_each_minute(tmp_path: Path) -> None:
    world = World(tmp_path, 17, rate=0)
    world.alarm(NEW)
    assert not world.roll_out()
    assert world.took == pytest.approx(5, abs=1)


@pytest.mark.parametrize(
    ("periods", "needed", "wait", "rolls_back"),
    [
        (3, 3, 180, True),
        (3, 3, 120, False),  # two minutes cannot breach three periods
        (5, 2, 180, True),
        (5, 5, 300, True),
    ],
)
@pytest.mark.parametrize("start", [0, 13, 59.9])
def test_m_of_n_periods_breach_as_on_aws(
    tmp_path: Path, start: float, periods: int, needed: int, wait: int, *, rolls_back: bool
) -> None:
    world = World(tmp_path, start, always)
    world.alarm(NEW, EvaluationPeriods=periods, DatapointsToAlarm=needed)
    assert world.roll_out(wait=wait) is rolls_back


def test_an_alarm_with_a_period_of_seconds_is_evaluated_after_each(tmp_path: Path) -> None:
    world = World(tmp_path, 23, always)
    world.alarm(NEW, Period=10)
    assert world.roll_out(wait=30)
    assert world.took < 15


def test_an_alarm_with_a_period_of_minutes_breaches_within_them(tmp_path: Path) -> None:
    world = World(tmp_path, 41, always)
    world.alarm(ENDPOINT, Period=300)
    assert world.roll_out()


@pytest.mark.parametrize(
    ("treatment", "rolls_back"), [("missing", False), ("ignore", False), ("breaching", True)]
)
def test_missing_data_is_treated_in_the_time_of_the_rollout(
    tmp_path: Path, treatment: str, *, rolls_back: bool
) -> None:
    world = World(tmp_path, 5, rate=0)
    # It was in OK, by data of the last minute.
    world.alarm(NEW, TreatMissingData=treatment)
    world.metrics.put(SCOPE, {"Invocation5XXErrors": (0.0, "Count")}, NEW)
    world.metrics.flush()
    world.wait(60)
    assert world.state() == "OK"
    assert world.roll_out() is rolls_back


def test_metric_math_and_composite_alarms_live_in_the_time_of_the_rollout(tmp_path: Path) -> None:
    world = World(tmp_path, 29, each(5))
    stat = {"Period": 60, "Stat": "Sum"}
    metric = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Dimensions": [{"Name": name, "Value": value} for name, value in NEW.items()],
    }
    count = {"Metric": metric, "Period": 60, "Stat": "SampleCount"}
    world.client.put_metric_alarm(
        AlarmName="share",
        EvaluationPeriods=2,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            {"Id": "failed", "MetricStat": {"Metric": metric, **stat}, "ReturnData": False},
            {"Id": "all", "MetricStat": count, "ReturnData": False},
            {"Id": "percent", "Expression": "100 * failed / all"},
        ],
    )
    world.client.put_composite_alarm(AlarmName="inner", AlarmRule="ALARM(share)")
    world.client.put_composite_alarm(AlarmName="outer", AlarmRule="ALARM(inner)")
    assert world.roll_out("outer")
    assert len(world.stages) == 1


def test_an_alarm_that_is_in_alarm_ends_the_rollout_at_once(tmp_path: Path) -> None:
    world = World(tmp_path, 7)
    world.alarm(ENDPOINT)
    world.client.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="before")
    world.wait(0)
    assert world.state() == "ALARM"

    def enter(stage: Stage) -> None:
        world.stages.append(stage)

    with pytest.raises(RolledBackError, match="errors"):
        world.rollouts.run(SCOPE, Rollout([Stage(1.0, 60)], ["errors"]), enter, world.traffic)
    assert len(world.stages) == 1


def test_an_alarm_that_a_caller_sets_ends_the_rollout_before_the_minute_is_over(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, 7, rate=1.0)
    world.alarm(NEW)
    seconds = iter(range(1000))

    def drill() -> None:
        if next(seconds) == 5:
            world.client.set_alarm_state(
                AlarmName="errors", StateValue="ALARM", StateReason="drill"
            )

    world.each_second.append(drill)
    assert world.roll_out()
    assert world.took < 10


def test_a_rollout_whose_alarms_cannot_be_read_is_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, 7)
    world.alarm(NEW)

    def denied(*_: Any) -> Any:
        raise AwsError("AccessDenied", "no cloudwatch:DescribeAlarms", 403)

    monkeypatch.setattr(Alarms, "describe_alarms", denied)
    plan = Rollout([Stage(1.0, 60)], ["errors"])
    with pytest.raises(RolledBackError, match=r"cannot be read.*DescribeAlarms"):
        world.rollouts.run(SCOPE, plan, world.stages.append, world.traffic)


def test_alarms_that_no_rollout_watches_stay_in_real_time(tmp_path: Path) -> None:
    world = World(tmp_path, 11, always)
    world.alarm(NEW)
    world.alarm(ENDPOINT, "other", EvaluationPeriods=5)
    assert world.roll_out()
    assert timelines_of(world.platform).of(SCOPE, "other") is None
    assert world.state("other") == "OK"


def test_after_a_rollback_the_alarm_is_ok_again_in_real_time(tmp_path: Path) -> None:
    world = World(tmp_path, 37, always)
    world.alarm(NEW)
    assert world.roll_out()
    assert world.state() == "ALARM"
    world.traffic.shift(0.0)
    # CloudWatch looks at two periods more than it needs.
    world.wait(300)
    assert world.state() == "OK"


def test_reasons_of_alarms_name_real_times(tmp_path: Path) -> None:
    world = World(tmp_path, 0, always)
    world.alarm(NEW)
    world.roll_out()
    alarm = world.client.describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]
    assert "[1.0 (22/11/26 12:01:0" in alarm["StateReason"]
    assert alarm["StateUpdatedTimestamp"] <= world.moment()
