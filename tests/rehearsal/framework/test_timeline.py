"""The time of an alarm that a rollout holds, moves and releases."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from rehearsal.framework.timeline import Timeline, Timelines, timelines_of
from tests.rehearsal.fakes import SCOPE, FakePlatform

NOON = 1_795_262_400.0


def test_the_time_of_an_alarm_is_real_time_until_a_rollout_holds_it() -> None:
    timeline = Timeline()
    assert timeline.at(NOON + 7) == NOON + 7
    assert timeline.real(NOON + 7) == NOON + 7


@pytest.mark.parametrize("second", [0, 0.25, 17, 59.999])
def test_a_held_time_is_at_a_boundary_of_its_periods_and_stays_there(second: float) -> None:
    timeline = Timeline()
    timeline.hold(NOON + second, 60)
    assert timeline.at(NOON + second + 30) % 60 == 0
    # The minute before it is a whole one.
    boundary = timeline.at(NOON + second)
    assert timeline.real(boundary - 60) == pytest.approx(NOON + second - 60)
    assert timeline.real(boundary + 1) == math.inf


def test_a_held_time_advances_by_what_a_rollout_says() -> None:
    timeline = Timeline()
    timeline.hold(NOON, 60)
    timeline.advance(NOON + 2, 60)
    timeline.advance(NOON + 3, 30)
    assert timeline.at(NOON + 1) == NOON + 30
    assert timeline.at(NOON + 9) == NOON + 90
    assert timeline.real(NOON + 75) == NOON + 2.5


def test_a_released_time_runs_as_real_time_does_and_keeps_its_lead() -> None:
    timeline = Timeline()
    timeline.hold(NOON, 60)
    timeline.advance(NOON + 1, 300)
    timeline.release(NOON + 2)
    assert timeline.at(NOON + 12) == NOON + 310
    assert timeline.real(NOON + 310) == NOON + 12
    assert timeline.real(NOON - 60) == NOON - 60


def test_each_boundary_is_evaluated_once_however_late() -> None:
    timeline = Timeline()
    timeline.hold(NOON, 60)
    assert timeline.evaluations(NOON, 60) == [NOON]
    timeline.advance(NOON + 1, 60)
    timeline.advance(NOON + 2, 120)
    assert timeline.evaluations(NOON + 2, 60) == [NOON + 60, NOON + 120, NOON + 180]
    assert timeline.evaluations(NOON + 3, 60) == [NOON + 180]


def test_a_system_clock_that_is_set_back_keeps_the_order() -> None:
    timeline = Timeline()
    timeline.hold(NOON, 60)
    timeline.advance(NOON - 3600, 60)
    timeline.release(NOON + 1)
    assert timeline.at(NOON + 1) == NOON + 60


def test_two_services_of_a_platform_share_its_timelines(tmp_path: Path) -> None:
    first, second = FakePlatform(tmp_path), FakePlatform(tmp_path)
    shared: Timelines = timelines_of(first)
    shared.open(SCOPE, "errors").hold(NOON, 60)
    assert timelines_of(second) is shared
    assert shared.held(SCOPE) == ["errors"]
    shared.drop(SCOPE, "errors")
    assert shared.of(SCOPE, "errors") is None
    assert timelines_of(FakePlatform(tmp_path / "other")) is not shared
