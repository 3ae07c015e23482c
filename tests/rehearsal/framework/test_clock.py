"""The time of a local AWS, which a user can move forward."""

import datetime
import time
from pathlib import Path

import pytest

from rehearsal.framework.clock import ClockFile, clock_of, utc_now
from tests.rehearsal.fakes import FakePlatform

HOUR = datetime.timedelta(hours=1)


def distance(one: datetime.datetime, other: datetime.datetime) -> float:
    return abs((one - other).total_seconds())


def test_it_is_real_time_until_it_is_moved(tmp_path: Path) -> None:
    assert distance(ClockFile(tmp_path)(), utc_now()) < 1


def test_moved_forward_it_runs_on(tmp_path: Path) -> None:
    clock = ClockFile(tmp_path)
    clock.advance(utc_now() + HOUR)
    first = clock()
    time.sleep(0.01)
    assert distance(first, utc_now() + HOUR) < 1
    assert clock() > first


def test_another_process_and_a_later_one_have_the_same_time(tmp_path: Path) -> None:
    here, there = ClockFile(tmp_path), ClockFile(tmp_path)
    there()
    here.advance(utc_now() + HOUR)
    assert distance(there(), here()) < 1
    assert distance(ClockFile(tmp_path)(), here()) < 1


def test_time_is_not_moved_back(tmp_path: Path) -> None:
    clock = ClockFile(tmp_path)
    clock.advance(utc_now() + HOUR)
    with pytest.raises(ValueError, match="time is moved forward only"):
        clock.advance(utc_now())


def test_a_damaged_file_keeps_the_time(tmp_path: Path) -> None:
    clock = ClockFile(tmp_path)
    clock.advance(utc_now() + HOUR)
    clock()
    (tmp_path / "clock.json").write_text("{")
    assert distance(clock(), utc_now() + HOUR) < 1


def test_the_services_of_a_platform_share_it() -> None:
    platform = FakePlatform()
    assert clock_of(platform) is clock_of(platform)
