"""Batch transform on a schedule, without an endpoint: `kind: batch`."""

import zoneinfo
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from .job_hours import JobHours
from .monitor import BatchMonitor
from .section import InstanceType
from .stage import Stage

_HOURS_OF_A_JOB = 4
_WITHOUT_HOUR = 7


class Batch(Stage):
    """Transform jobs over the files below `batch/input/<stage>/` of the bucket of the project.

    Args:
        kind: `batch`.
        version: version of the model package group, 1 or more, which must be approved. Defaults to
            None: the approved version with the highest number.
        tags: tags of the model. Defaults to none.
        instance_type: instance type of the jobs, for example `ml.m5.large`.
        instance_count: number of instances of a job, 1 to 100. Defaults to 1.
        schedule: `cron(...)` with six fields, or `rate(...)`, as EventBridge Scheduler writes them;
            at most one run per hour.
        time_zone: time zone of a `cron` schedule. Defaults to UTC.
        content_type: format of the files and predictions. Defaults to `text/csv`.
        join_input: True writes each input row before its prediction. Defaults to False.
        monitor: monitor of the files that jobs read and wrote. Defaults to None: no monitor.
    """

    kind: Literal["batch"]
    instance_type: InstanceType
    instance_count: int = Field(default=1, ge=1, le=100)
    schedule: str
    time_zone: str = "UTC"
    content_type: Literal["text/csv", "application/jsonlines"] = "text/csv"
    join_input: bool = False
    monitor: BatchMonitor | None = None

    @field_validator("schedule")
    @classmethod
    def _is_an_expression(cls, expression: str) -> str:
        name, _, rest = expression.partition("(")
        fields = rest.removesuffix(")").split()
        is_hourly = fields[:1] and fields[0].isdecimal() and "minute" not in rest
        if rest.endswith(")") and (name, len(fields)) in (("cron", 6), ("rate", 2)) and is_hourly:
            return expression
        raise ValueError(
            f"got {expression!r}; allowed: cron(minute hour day month weekday year), such as "
            "'cron(0 3 * * ? *)', or 'rate(1 day)'; at most one run per hour"
        )

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, name: str) -> str:
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"got {name!r}; allowed: a time zone such as Europe/Berlin") from None
        return name

    @property
    def monitor_hours(self) -> tuple[int, int]:
        """Hours from one run of the monitor to the next, and the hour of one of them in UTC.

        Runs follow the jobs: each reads those of the period before it, whose first hours they
        started in.
        """
        jobs = JobHours.of_schedule(self.schedule, self.time_zone)
        monitor = self.monitor or BatchMonitor()
        every = monitor.every_hours or jobs.every
        if monitor.at_hour is not None:
            return every, monitor.at_hour
        if jobs.last is None:
            return every, _WITHOUT_HOUR
        return every, (jobs.last + min(every, _HOURS_OF_A_JOB)) % 24

    @model_validator(mode="after")
    def _has_a_consistent_monitor(self) -> Self:
        found = self.monitor.problems() if self.monitor is not None else []
        if found:
            raise ValueError("; ".join(found))
        return self
