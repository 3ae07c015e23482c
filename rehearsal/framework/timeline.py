"""The time of alarms, which runs faster than real time while a rollout waits.

A rollout that waits five minutes on AWS waits seconds here. The periods of its alarms shrink by the
same factor: a rollout moves the time of its alarms on, minute by minute, and each minute holds the
data that arrived meanwhile. Alarms that no rollout watches run in real time, as everything else.
"""

from __future__ import annotations

import bisect
import math
import threading
import weakref

from rehearsal.framework.platform import Platform, Scope

_MAX_ANCHORS = 4096


class Timeline:
    """The time of one alarm, in seconds as real time.

    It equals real time until a rollout holds it. A held timeline advances only by `advance`; a
    released one runs as real time does, and keeps its lead.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Pairs of a real time and the alarm's time, both ascending; linear between them.
        self._real: list[float] = []
        self._own: list[float] = []
        self._holders = 0
        self._evaluated: float | None = None

    @property
    def held(self) -> bool:
        """True while a rollout moves this time."""
        return self._holders > 0

    def at(self, real: float) -> float:
        """Returns the alarm's time at a real time."""
        with self._lock:
            return self._at(real)

    def real(self, own: float) -> float:
        """Returns the real time at which the alarm's time was or will be `own`."""
        with self._lock:
            if not self._own:
                return own
            after = bisect.bisect_right(self._own, own)
            if after == 0:
                return own - self._own[0] + self._real[0]
            if after < len(self._own):
                return _between(own, self._own, self._real, after)
            if self.held:
                return self._real[-1] if own == self._own[-1] else math.inf
            return own - self._own[-1] + self._real[-1]

    def hold(self, real: float, step: float) -> None:
        """Stops the time at a boundary of its periods.

        The past moves with it by less than a step, so that a rollout begins with a period whatever
        the second of the minute at which it starts.

        Args:
            real: the present real time.
            step: the seconds between two evaluations of the alarm.
        """
        with self._lock:
            now = self._at(real)
            boundary = float(math.ceil(now / step) * step)
            self._own = [moment + boundary - now for moment in self._own]
            if self._evaluated is not None:
                self._evaluated += boundary - now
            self._append(real, boundary)
            self._holders += 1

    def advance(self, real: float, seconds: float) -> None:
        """Moves a held time on: the real time since the last move takes `seconds` of it."""
        with self._lock:
            self._append(real, self._own[-1] + seconds)

    def release(self, real: float) -> None:
        """Lets the time run as real time does."""
        with self._lock:
            self._append(real, self._own[-1])
            self._holders -= 1

    def evaluations(self, real: float, step: float) -> list[float]:
        """Returns the times of evaluations since the last call, oldest first; at least one.

        Args:
            real: the present real time.
            step: the seconds between two evaluations of the alarm.
        """
        with self._lock:
            now = self._own[-1] if self.held else self._at(real)
            latest = now // step * step
            before, self._evaluated = self._evaluated, latest
            if before is None or before >= latest:
                return [now]
            missed = min(int((latest - before) // step), _MAX_ANCHORS)
            return [latest - step * number for number in reversed(range(max(missed, 1)))]

    def _at(self, real: float) -> float:
        if not self._real:
            return real
        after = bisect.bisect_right(self._real, real)
        if after == 0:
            return real - self._real[0] + self._own[0]
        if after < len(self._real):
            return _between(real, self._real, self._own, after)
        return self._own[-1] + (0.0 if self.held else real - self._real[-1])

    def _append(self, real: float, own: float) -> None:
        # A system clock that is set back must not change the order.
        self._real.append(max([real, *self._real[-1:]]))
        self._own.append(own)
        del self._real[:-_MAX_ANCHORS], self._own[:-_MAX_ANCHORS]


def _between(value: float, given: list[float], wanted: list[float], after: int) -> float:
    low, high = given[after - 1], given[after]
    share = (value - low) / (high - low)
    return wanted[after - 1] + share * (wanted[after] - wanted[after - 1])


class Timelines:
    """The timelines of the alarms that rollouts watch or watched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._timelines: dict[tuple[Scope, str], Timeline] = {}

    def of(self, scope: Scope, alarm: str) -> Timeline | None:
        """Returns the timeline of an alarm; None if its time is real time."""
        with self._lock:
            return self._timelines.get((scope, alarm))

    def open(self, scope: Scope, alarm: str) -> Timeline:
        """Returns the timeline of an alarm for a rollout that watches it."""
        with self._lock:
            return self._timelines.setdefault((scope, alarm), Timeline())

    def held(self, scope: Scope) -> list[str]:
        """Returns the alarms whose time a rollout moves."""
        with self._lock:
            return [
                name for (own, name), line in self._timelines.items() if own == scope and line.held
            ]

    def drop(self, scope: Scope, alarm: str) -> None:
        """Forgets the timeline of a deleted alarm."""
        with self._lock:
            self._timelines.pop((scope, alarm), None)


# SageMaker and CloudWatch are two services that share the timelines of their platform.
_of_platforms: weakref.WeakValueDictionary[str, Timelines] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def timelines_of(platform: Platform) -> Timelines:
    """Returns the timelines of a platform."""
    key = str(platform.state_directory.absolute())
    with _lock:
        timelines = _of_platforms.get(key)
        if timelines is None:
            timelines = _of_platforms[key] = Timelines()
        return timelines
