"""The present time, and the time of schedules, which a user can move forward.

An hourly monitor need not be awaited for an hour: `ClockFile.advance` moves the time of a local AWS
forward. EventBridge Scheduler, schedules of Model Monitor, captured traffic, metrics and alarms
follow it, so that a monitor finds the traffic of its hour and an alarm the metrics of its periods.
Credentials, jobs, logs and S3 have real time. AWS has no such operation, therefore it is no API but
a file of the state directory, which lasts as long as the state.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import math
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.framework.platform import Platform

Clock = Callable[[], datetime.datetime]

_FILE = "clock.json"


def utc_now() -> datetime.datetime:
    """Returns the present time in UTC."""
    return datetime.datetime.now(datetime.UTC)


class ClockFile:
    """The time of a local AWS: real time, and the lead that a file of its state directory has.

    Args:
        state_directory: the state directory of the local AWS.
    """

    def __init__(self, state_directory: Path) -> None:
        self._path = state_directory / _FILE
        self._lock = threading.Lock()
        self._read_at: int | None = None
        self._lead = datetime.timedelta()

    def __call__(self) -> datetime.datetime:
        return utc_now() + self.lead

    @property
    def lead(self) -> datetime.timedelta:
        """The time by which it is ahead of real time."""
        with self._lock:
            try:
                changed = self._path.stat().st_mtime_ns
            except OSError:
                self._read_at, self._lead = None, datetime.timedelta()
                return self._lead
            if changed != self._read_at:
                # The file is replaced at once; an unreadable one is from another program.
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    seconds = float(json.loads(self._path.read_text())["ahead_seconds"])
                    self._lead = datetime.timedelta(seconds=max(seconds, 0.0))
                self._read_at = changed
            return self._lead

    def advance(self, moment: datetime.datetime) -> None:
        """Moves the time forward.

        Args:
            moment: the new time.

        Raises:
            ValueError: the moment is in the past.
        """
        now = self()
        if moment < now:
            raise ValueError(
                f"got {moment:%Y-%m-%dT%H:%M:%SZ}; allowed: a time after {now:%Y-%m-%dT%H:%M:%SZ}, "
                "because time is moved forward only"
            )
        ahead = (moment - utc_now()).total_seconds()
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps({"ahead_seconds": math.ceil(ahead * 1000) / 1000}) + "\n")
        written.replace(self._path)


# Services of one platform share its clock.
_of_platforms: weakref.WeakValueDictionary[str, ClockFile] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def clock_of(platform: Platform) -> ClockFile:
    """Returns the clock of a platform."""
    key = str(platform.state_directory.absolute())
    with _lock:
        clock = _of_platforms.get(key)
        if clock is None:
            clock = _of_platforms[key] = ClockFile(platform.state_directory)
        return clock
