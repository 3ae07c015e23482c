"""Monitoring schedules: when a monitoring job runs.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-scheduling.html . AWS begins up to 20
minutes after the hour; the rehearsal begins at once.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.monitoring.definition import Definition
from rehearsal.services.sagemaker.monitoring.executions import MonitoringExecutions
from rehearsal.services.sagemaker.monitoring.job_definitions import check_input
from rehearsal.services.sagemaker.monitoring.windows import (
    NOW,
    check_schedule,
    frequency,
    next_time,
)
from rehearsal.services.sagemaker.records import Record, now

KIND = "monitoring-schedule"
TICK_SECONDS = 1.0
_LISTING = Listing(
    operation="ListMonitoringSchedules",
    member="MonitoringScheduleSummaries",
    name="MonitoringScheduleName",
    status="MonitoringScheduleStatus",
)
_HOUR = datetime.timedelta(hours=1)
# They wait for the truth and for the merge job.
_MERGED = ("ModelQuality", "ModelBias")


class MonitoringSchedules(MonitoringExecutions):
    """Create-, Update-, Describe-, List-, Start-, Stop-, DeleteMonitoringSchedule."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._monitors_due: dict[tuple[Scope, str], datetime.datetime] = {}
        self._monitors_tick = False

    def create_monitoring_schedule(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateMonitoringSchedule", request)
        name = record["MonitoringScheduleName"]
        arn = context.scope.arn("sagemaker", f"{KIND}/{name}")
        definition = self._check_monitor(record["MonitoringScheduleConfig"], context)
        moment = now()
        record |= {
            "MonitoringScheduleArn": arn,
            "MonitoringScheduleStatus": "Scheduled",
            "CreationTime": moment,
            "LastModifiedTime": moment,
            **_summary(record["MonitoringScheduleConfig"], definition),
        }
        with self.lock:
            if name in self.records.of(context.scope, KIND):
                message = f"Monitoring schedule with name {name} already exists: {arn}"
                raise AwsError("ResourceInUse", message)
            self.register(context, KIND, name, record, request)
            self._schedule_monitor(context.scope, record, moment)
        return {"MonitoringScheduleArn": arn}

    def update_monitoring_schedule(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateMonitoringSchedule", request)
        record = self._monitoring_schedule(context.scope, request, "UpdateMonitoringSchedule")
        config = given["MonitoringScheduleConfig"]
        definition = self._check_monitor(config, context)
        with self.lock:
            moment = now()
            record.update(
                MonitoringScheduleConfig=config,
                LastModifiedTime=moment,
                **_summary(config, definition),
            )
            if record["MonitoringScheduleStatus"] == "Scheduled":
                self._schedule_monitor(context.scope, record, moment)
        return {"MonitoringScheduleArn": record["MonitoringScheduleArn"]}

    def describe_monitoring_schedule(self, request: Request, context: Context) -> Response:
        record = self._monitoring_schedule(context.scope, request, "DescribeMonitoringSchedule")
        return self.describe("DescribeMonitoringSchedule", record)

    def list_monitoring_schedules(self, request: Request, context: Context) -> Response:
        equal = {
            "EndpointName": request.get("EndpointName"),
            "MonitoringJobDefinitionName": request.get("MonitoringJobDefinitionName"),
            "MonitoringType": request.get("MonitoringTypeEquals"),
        }
        with self.lock:
            found = [
                record
                for record in self.records.of(context.scope, KIND).values()
                if all(wanted in (None, record.get(name)) for name, wanted in equal.items())
            ]
            return _LISTING.respond(found, request)

    def start_monitoring_schedule(self, request: Request, context: Context) -> Response:
        record = self._monitoring_schedule(context.scope, request, "StartMonitoringSchedule")
        with self.lock:
            if record["MonitoringScheduleStatus"] != "Scheduled":
                record.update(MonitoringScheduleStatus="Scheduled", LastModifiedTime=now())
                self._schedule_monitor(context.scope, record, now())
        return {}

    def stop_monitoring_schedule(self, request: Request, context: Context) -> Response:
        record = self._monitoring_schedule(context.scope, request, "StopMonitoringSchedule")
        with self.lock:
            record.update(MonitoringScheduleStatus="Stopped", LastModifiedTime=now())
            self._monitors_due.pop((context.scope, record["MonitoringScheduleName"]), None)
        return {}

    def delete_monitoring_schedule(self, request: Request, context: Context) -> Response:
        """Stops the schedule and a job of it that runs; its history stays."""
        record = self._monitoring_schedule(context.scope, request, "DeleteMonitoringSchedule")
        name = record["MonitoringScheduleName"]
        with self.lock:
            self._monitors_due.pop((context.scope, name), None)
            self.records.of(context.scope, KIND).pop(name, None)
            job_arn = record.get("LastMonitoringExecutionSummary", {}).get("ProcessingJobArn")
            running = self._running.get(job_arn) if job_arn else None
        if running is not None:
            running.stop.set()
        self.drop_tags(record["MonitoringScheduleArn"])
        return {}

    def run_due_monitors(self, moment: datetime.datetime) -> None:
        """Starts an execution of every schedule that is due at `moment`."""
        with self.lock:
            due = [(key, when) for key, when in self._monitors_due.items() if when <= moment]
            for (scope, name), _ in due:
                record = self.records.of(scope, KIND)[name]
                self._plan_monitor(scope, record, moment)
        for (scope, name), when in due:
            with self.lock:
                found = self.records.of(scope, KIND).get(name)
            if found is not None:
                self._start_monitor(scope, found, when)

    def _start_monitor(self, scope: Scope, record: Record, due: datetime.datetime) -> None:
        self.workers.start(
            f"monitor {record['MonitoringScheduleName']}",
            lambda: self.execute_monitor(scope, record, due),
        )

    def _schedule_monitor(self, scope: Scope, record: Record, moment: datetime.datetime) -> None:
        """Plans the next execution, or starts the only one. The caller holds the lock."""
        config = record["MonitoringScheduleConfig"]["ScheduleConfig"]
        if config["ScheduleExpression"] == NOW:
            self._start_monitor(scope, record, moment)
            return
        self._plan_monitor(scope, record, moment)
        if not self._monitors_tick:
            self._monitors_tick = True
            self.workers.start("monitoring schedules", self._tick_monitors)

    def _plan_monitor(self, scope: Scope, record: Record, moment: datetime.datetime) -> None:
        key = (scope, record["MonitoringScheduleName"])
        due = next_time(record["MonitoringScheduleConfig"]["ScheduleConfig"], moment)
        if due is None:
            self._monitors_due.pop(key, None)
        else:
            self._monitors_due[key] = due

    def _tick_monitors(self) -> None:
        while not self.workers.closing.wait(TICK_SECONDS):
            self.run_due_monitors(now())

    def _check_monitor(self, config: Mapping[str, Any], context: Context) -> Definition:
        """Raises AwsError for a MonitoringScheduleConfig that SageMaker refuses."""
        if "ScheduleConfig" not in config:
            raise AwsError("ValidationException", "ScheduleConfig is required.")
        if ("MonitoringJobDefinition" in config) == ("MonitoringJobDefinitionName" in config):
            raise AwsError(
                "ValidationException",
                "Exactly one of MonitoringJobDefinition and MonitoringJobDefinitionName must be "
                "given.",
            )
        check_schedule(config["ScheduleConfig"])
        if "MonitoringJobDefinition" in config:
            for given in config["MonitoringJobDefinition"].get("MonitoringInputs") or [{}]:
                check_input(given)
            self.check_role(context, config["MonitoringJobDefinition"]["RoleArn"])
        definition = self.definition_of(context.scope, config)
        _check_length(config["ScheduleConfig"], definition)
        if definition.endpoint:
            self.captured_endpoint(context.scope, definition.endpoint)
        return definition

    def _monitoring_schedule(self, scope: Scope, request: Request, operation: str) -> Record:
        name = request["MonitoringScheduleName"]
        message = f"Monitoring schedule {name} not found"
        return self.find(scope, KIND, name, operation=operation, message=message)


def _check_length(config: Mapping[str, Any], definition: Definition) -> None:
    """A job must end before the next begins (API_MonitoringStoppingCondition)."""
    allowed = frequency(config)
    if definition.monitoring_type in _MERGED and allowed == _HOUR:
        allowed /= 2
    if definition.longest > allowed.total_seconds():
        raise AwsError(
            "ValidationException",
            f"MaxRuntimeInSeconds {definition.longest} exceeds the frequency of the schedule: a "
            f"{definition.monitoring_type} job of {config['ScheduleExpression']} may run "
            f"{int(allowed.total_seconds())} seconds.",
        )


def _summary(config: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """Members that lists show of a schedule's configuration."""
    return {
        "MonitoringType": definition.monitoring_type,
        "MonitoringJobDefinitionName": config.get("MonitoringJobDefinitionName"),
        "EndpointName": definition.endpoint,
    }
