"""Rollouts in progress: they move traffic, wait, and roll back when an alarm is triggered.

Waits are shorter than on AWS. So that this does not change what happens, the alarms of a rollout
live in its time (`framework.timeline`): while a rollout waits a minute, each of its alarms gets a
whole period, with enough requests to decide it, whatever the second at which the rollout started.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.clock import clock_of
from rehearsal.framework.platform import Scope
from rehearsal.framework.timeline import Timeline, timelines_of
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.hosting.endpoint_fleet import Traffic
from rehearsal.services.sagemaker.hosting.endpoint_rollout import (
    RolledBackError,
    Rollout,
    Stage,
)

COMPRESSION = 60
"""The factor by which waits without requests are shorter than on AWS: a minute is a second."""

ENOUGH_REQUESTS = 80
"""Requests to the new fleet that end a minute: one more or less does not decide a share of 5 %."""

MAX_MINUTE_SECONDS = 30.0
"""The longest real time of a minute, for fleets that few requests reach."""

QUIET_SECONDS = 3.0
"""An endpoint without requests for this time has none."""

_POLL_SECONDS = 0.2
_MINUTE = 60.0
_LISTS = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms"}


class RolloutClock(Protocol):
    """The time in which rollouts wait."""

    def now(self) -> float:
        """Returns the time in seconds since the epoch."""

    def wait(self, seconds: float) -> bool:
        """Waits; returns True if the service ends meanwhile."""


class _SystemClock:
    def __init__(self, backend: Backend) -> None:
        self._closing = backend.workers.closing
        self._time = clock_of(backend.platform)

    def now(self) -> float:
        return self._time().timestamp()

    def wait(self, seconds: float) -> bool:
        return self._closing.wait(seconds)


@dataclass(frozen=True)
class _Watch:
    """The alarms of a rollout, and the timeline and seconds between evaluations of each metric."""

    scope: Scope
    names: Sequence[str]
    timelines: Sequence[tuple[Timeline, float]]

    @property
    def step(self) -> float:
        return min((step for _, step in self.timelines), default=_MINUTE)

    def advance(self, now: float, seconds: float) -> None:
        for timeline, _ in self.timelines:
            timeline.advance(now, seconds)

    @contextlib.contextmanager
    def held(self, clock: RolloutClock) -> Iterator[None]:
        """Holds the time of the alarms, which `advance` moves."""
        for timeline, step in self.timelines:
            timeline.hold(clock.now(), step)
        try:
            yield
        finally:
            for timeline, _ in self.timelines:
                timeline.release(clock.now())


class Rollouts:
    """Moves traffic stage by stage.

    Args:
        backend: the backend of SageMaker.
        publish: publishes the metrics of all invocations until now.
        clock: the time in which rollouts wait. Defaults to None: that of the system.
    """

    def __init__(
        self, backend: Backend, publish: Callable[[], None], clock: RolloutClock | None = None
    ) -> None:
        self._backend = backend
        self._publish = publish
        self._clock = clock or _SystemClock(backend)
        self._timelines = timelines_of(backend.platform)

    def run(
        self, scope: Scope, plan: Rollout, enter: Callable[[Stage], None], traffic: Traffic
    ) -> None:
        """Runs a rollout.

        Args:
            scope: account and region.
            plan: the stages and alarms.
            enter: moves the traffic of a stage.
            traffic: the requests to what is rolled out.

        Raises:
            RolledBackError: an alarm was triggered or cannot be read, or the service ended.
        """
        try:
            self._run(scope, plan, enter, traffic)
        except (BotoCoreError, ClientError) as error:
            reason = f"The alarms of the deployment cannot be read: {error}"
            raise RolledBackError(reason) from error

    def _run(
        self, scope: Scope, plan: Rollout, enter: Callable[[Stage], None], traffic: Traffic
    ) -> None:
        watch = self._watch(scope, plan.alarms)
        # What happened before the first stage belongs to the periods before it.
        self._publish()
        with watch.held(self._clock):
            for stage in plan.stages:
                enter(stage)
                self._check(watch)
                left = float(stage.wait_seconds)
                while left > 0:
                    step = min(left, watch.step)
                    self._pass(watch, step, traffic)
                    left -= step

    def _pass(self, watch: _Watch, seconds: float, traffic: Traffic) -> None:
        """Lets some seconds of a wait pass, and checks the alarms."""
        part = seconds / _MINUTE
        begun, before = self._clock.now(), traffic.new
        shortest, longest = part * _MINUTE / COMPRESSION, part * MAX_MINUTE_SECONDS
        for polls in itertools.count(1):
            elapsed = self._clock.now() - begun
            enough = traffic.new - before >= part * ENOUGH_REQUESTS or traffic.quiet(QUIET_SECONDS)
            undecided = bool(watch.names) and not enough and elapsed < longest
            if elapsed >= shortest and not undecided:
                break
            pause = _POLL_SECONDS if undecided else min(_POLL_SECONDS, shortest - elapsed)
            if self._clock.wait(max(pause, 0.01)):
                raise RolledBackError("The service ended during the update.")
            if polls % 5 == 0:  # an alarm that a caller sets
                self._check(watch)
        ended = self._clock.now()
        self._publish()
        watch.advance(ended, seconds)
        self._check(watch)

    def _watch(self, scope: Scope, names: Sequence[str]) -> _Watch:
        """Returns the alarms of a rollout, with the metric alarms below composite ones."""
        if not names:
            return _Watch(scope, (), ())
        client = self._client(scope)
        timelines, unseen, seen = [], list(names), set(names)
        while unseen:
            response = client.describe_alarms(AlarmNames=unseen, AlarmTypes=list(_LISTS))
            unseen = []
            timelines += [
                (self._timelines.open(scope, alarm["AlarmName"]), _step(alarm))
                for alarm in response.get("MetricAlarms", ())
            ]
            for alarm in response.get("CompositeAlarms", ()):
                children = client.describe_alarms(ChildrenOfAlarmName=alarm["AlarmName"])
                unseen += [child["AlarmName"] for child in _alarms(children)]
            unseen = sorted(set(unseen) - seen)
            seen |= set(unseen)
        return _Watch(scope, names, timelines)

    def _check(self, watch: _Watch) -> None:
        """Raises RolledBackError if one of the alarms is in ALARM."""
        if not watch.names:
            return
        response = self._client(watch.scope).describe_alarms(
            AlarmNames=list(watch.names), AlarmTypes=list(_LISTS), StateValue="ALARM"
        )
        triggered = [alarm["AlarmName"] for alarm in _alarms(response)]
        if triggered:
            reason = "One or more alarms have been triggered during endpoint deployment: "
            raise RolledBackError(reason + ", ".join(sorted(triggered)))

    def _client(self, scope: Scope) -> Any:
        return self._backend.identity.service_session(scope).client("cloudwatch")


def _alarms(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [alarm for member in _LISTS.values() for alarm in response.get(member, ())]


def _step(alarm: Mapping[str, Any]) -> float:
    """Returns the seconds between two evaluations of a metric alarm, at most a minute."""
    given = [query.get("MetricStat", query) for query in alarm.get("Metrics", ())]
    periods = [query["Period"] for query in (alarm, *given) if query.get("Period")]
    return float(min(max(periods, default=_MINUTE), _MINUTE))
