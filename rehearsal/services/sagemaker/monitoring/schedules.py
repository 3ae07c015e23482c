"""Monitoring schedules, which run monitoring jobs.

AWS begins up to 20 minutes after the hour; the rehearsal begins at once.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-scheduling.html
"""

import datetime
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.clock import clock_of
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.jobs.jobs import Jobs
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.monitoring.definition import Definition
from rehearsal.services.sagemaker.monitoring.executions import MonitoringExecutions
from rehearsal.services.sagemaker.monitoring.windows import frequency, next_time
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.request_rules.monitoring import NOW

KIND = "monitoring-schedule"
TICK_SECONDS = 1.0
_LISTING = Listing(
    operation="ListMonitoringSchedules",
    member="MonitoringScheduleSummaries",
    name="MonitoringScheduleName",
    status="MonitoringScheduleStatus",
    equal={
        "EndpointName": "EndpointName",
        "MonitoringJobDefinitionName": "MonitoringJobDefinitionName",
        "MonitoringTypeEquals": "MonitoringType",
    },
)
_HOUR = datetime.timedelta(hours=1)
# They wait for the ground truth and for the merge job.
_MERGED = ("ModelQuality", "ModelBias")


class MonitoringSchedules:
    """Create-, Update-, Describe-, List-, Start-, Stop- and DeleteMonitoringSchedule.

    Args:
        backend: the backend of SageMaker.
        jobs: the jobs of SageMaker.
        executions: runs the executions.
    """

    KEPT = ("_due",)

    def __init__(self, backend: Backend, jobs: Jobs, executions: MonitoringExecutions) -> None:
        self._backend = backend
        self._jobs = jobs
        self._executions = executions
        self._due: dict[tuple[Scope, str], datetime.datetime] = {}
        self._ticking = False
        self._clock = clock_of(backend.platform)

    def create_monitoring_schedule(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateMonitoringSchedule", request)
        name = record["MonitoringScheduleName"]
        arn = context.scope.arn("sagemaker", f"{KIND}/{name}")
        definition = self._check(record["MonitoringScheduleConfig"], context)
        moment = now()
        record |= {
            "MonitoringScheduleArn": arn,
            "MonitoringScheduleStatus": "Scheduled",
            "CreationTime": moment,
            "LastModifiedTime": moment,
            **_summary(record["MonitoringScheduleConfig"], definition),
        }
        with self._backend.lock:
            if name in self._backend.records.of(context.scope, KIND):
                message = f"Monitoring schedule with name {name} already exists: {arn}"
                raise AwsError("ResourceInUse", message)
            self._backend.register(context, KIND, name, record, request)
            self._schedule(context.scope, record, self._clock())
        return {"MonitoringScheduleArn": arn}

    def update_monitoring_schedule(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateMonitoringSchedule", request)
        record = self._find(context.scope, request, "UpdateMonitoringSchedule")
        config = given["MonitoringScheduleConfig"]
        definition = self._check(config, context)
        with self._backend.lock:
            moment = now()
            record.update(
                MonitoringScheduleConfig=config,
                LastModifiedTime=moment,
                **_summary(config, definition),
            )
            if record["MonitoringScheduleStatus"] == "Scheduled":
                self._schedule(context.scope, record, self._clock())
        return {"MonitoringScheduleArn": record["MonitoringScheduleArn"]}

    def describe_monitoring_schedule(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request, "DescribeMonitoringSchedule")
        return self._backend.describe("DescribeMonitoringSchedule", record)

    def list_monitoring_schedules(self, request: Request, context: Context) -> Response:
        with self._backend.lock:
            records = self._backend.records.of(context.scope, KIND).values()
            return _LISTING.respond(records, request)

    def start_monitoring_schedule(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request, "StartMonitoringSchedule")
        with self._backend.lock:
            if record["MonitoringScheduleStatus"] != "Scheduled":
                record.update(MonitoringScheduleStatus="Scheduled", LastModifiedTime=now())
                self._schedule(context.scope, record, self._clock())
        return {}

    def stop_monitoring_schedule(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request, "StopMonitoringSchedule")
        with self._backend.lock:
            record.update(MonitoringScheduleStatus="Stopped", LastModifiedTime=now())
            self._due.pop((context.scope, record["MonitoringScheduleName"]), None)
        return {}

    def delete_monitoring_schedule(self, request: Request, context: Context) -> Response:
        """Stops the schedule and its running job, and keeps its executions."""
        record = self._find(context.scope, request, "DeleteMonitoringSchedule")
        name = record["MonitoringScheduleName"]
        with self._backend.lock:
            self._due.pop((context.scope, name), None)
            job_arn = record.get("LastMonitoringExecutionSummary", {}).get("ProcessingJobArn")
        self._backend.remove(context.scope, KIND, name, record["MonitoringScheduleArn"])
        if job_arn:
            self._jobs.cancel(job_arn)
        return {}

    def run_due(self, moment: datetime.datetime) -> None:
        """Starts an execution of every schedule that is due at `moment`."""
        with self._backend.lock:
            due = [(key, when) for key, when in self._due.items() if when <= moment]
            for (scope, name), _ in due:
                record = self._backend.records.of(scope, KIND)[name]
                self._plan(scope, record, moment)
        for (scope, name), when in due:
            with self._backend.lock:
                found = self._backend.records.of(scope, KIND).get(name)
            if found is not None:
                self._start(scope, found, when)

    def _start(self, scope: Scope, record: Record, due: datetime.datetime) -> None:
        self._backend.workers.start(
            f"monitor {record['MonitoringScheduleName']}",
            lambda: self._executions.run(scope, record, due),
        )

    def _schedule(self, scope: Scope, record: Record, moment: datetime.datetime) -> None:
        """Plans the next execution, or starts the only one. The caller holds the lock."""
        config = record["MonitoringScheduleConfig"]["ScheduleConfig"]
        if config["ScheduleExpression"] == NOW:
            self._start(scope, record, moment)
            return
        self._plan(scope, record, moment)
        if not self._ticking:
            self._ticking = True
            self._backend.workers.start("monitoring schedules", self._tick)

    def _plan(self, scope: Scope, record: Record, moment: datetime.datetime) -> None:
        key = (scope, record["MonitoringScheduleName"])
        due = next_time(record["MonitoringScheduleConfig"]["ScheduleConfig"], moment)
        if due is None:
            self._due.pop(key, None)
        else:
            self._due[key] = due

    def _tick(self) -> None:
        while not self._backend.workers.closing.wait(TICK_SECONDS):
            self.run_due(self._clock())

    def _check(self, config: Mapping[str, Any], context: Context) -> Definition:
        """Validates a MonitoringScheduleConfig; raises AwsError if it is invalid."""
        if "MonitoringJobDefinition" in config:
            self._backend.identity.check_role(context, config["MonitoringJobDefinition"]["RoleArn"])
        definition = self._executions.definition_of(context.scope, config)
        _check_length(config["ScheduleConfig"], definition)
        if definition.endpoint:
            self._executions.captured_endpoint(context.scope, definition.endpoint)
        return definition

    def _find(self, scope: Scope, request: Request, operation: str) -> Record:
        name = request["MonitoringScheduleName"]
        message = f"Monitoring schedule {name} not found"
        return self._backend.find(scope, KIND, name, operation=operation, message=message)


def _check_length(config: Mapping[str, Any], definition: Definition) -> None:
    """Checks that a job ends before the next one (API_MonitoringStoppingCondition)."""
    allowed = frequency(config)
    if definition.monitoring_type in _MERGED and allowed == _HOUR:
        allowed /= 2
    if definition.max_seconds > allowed.total_seconds():
        raise AwsError(
            "ValidationException",
            f"MaxRuntimeInSeconds {definition.max_seconds} exceeds the frequency of the schedule: "
            f"a {definition.monitoring_type} job of {config['ScheduleExpression']} may run "
            f"{int(allowed.total_seconds())} seconds.",
        )


def _summary(config: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """Returns members that lists show of a schedule's configuration."""
    return {
        "MonitoringType": definition.monitoring_type,
        "MonitoringJobDefinitionName": config.get("MonitoringJobDefinitionName"),
        "EndpointName": definition.endpoint,
    }
