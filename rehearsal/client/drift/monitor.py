"""A monitor of an endpoint as data, and its runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from rehearsal.framework.schedule_expressions import parse

_HOUR = timedelta(hours=1)


class Engine(StrEnum):
    """A service that starts the runs of monitors."""

    DRIFT_MONITOR = "drift-monitor"
    MODEL_MONITOR = "model-monitor"


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """A monitor of an endpoint.

    Args:
        name: name of the monitor; with it begin the names of a drift monitor's runs.
        analysis: what it analyzes, such as `DATA_QUALITY`.
        expression: schedule expression.
        zone: time zone of the expression.
        labels: S3 URI below which it reads labels; empty without any.
        label_delay: the time that it waits for labels.
        source: S3 URI below which it reads captured traffic; empty if it is unknown.
        period: duration of the traffic that a run reads. Defaults to an hour.
        engine: engine that starts its runs. Defaults to drift monitors, which EventBridge Scheduler
            starts.
    """

    name: str
    analysis: str
    expression: str
    zone: str
    labels: str
    label_delay: timedelta
    source: str = ""
    period: timedelta = _HOUR
    engine: Engine = Engine.DRIFT_MONITOR

    def hours_before(self, moment: datetime) -> list[str]:
        """Returns the folders of the hours, up to a moment's, that its run reads, too."""
        due = self.first_run_for(moment)
        if due is None:
            return []
        end = due.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - self.label_delay
        hours = int(self.period / _HOUR)
        found = [end - _HOUR * number for number in range(hours, 0, -1)]
        return [f"{hour:%Y/%m/%d/%H}" for hour in found if hour <= moment]

    def first_run_for(self, moment: datetime) -> datetime | None:
        """Returns the time of the first run that reads the traffic of a moment's hour."""
        hour = moment.replace(minute=0, second=0, microsecond=0) + _HOUR
        before = hour + self.label_delay - timedelta(microseconds=1)
        return self.next_run(before)

    def next_run(self, moment: datetime) -> datetime | None:
        """Returns the time of the first run after a moment."""
        return parse(self.expression, zone=self.zone, anchor=moment).after(moment)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a monitor that has ended.

    Args:
        monitor: the monitor.
        job: name of its processing job; empty if Model Monitor found no data, and started none.
        status: status of the job, or of the execution of Model Monitor.
        message: exit message, or the reason of the failure.
        violations: violations that it found, as in `constraint_violations.json`.
        statistics: content of `statistics.json`; empty if the run wrote none.
        reports: S3 URI of its reports.
    """

    monitor: Monitor
    job: str
    status: str
    message: str
    violations: Sequence[Mapping[str, Any]]
    statistics: Mapping[str, Any]
    reports: str
