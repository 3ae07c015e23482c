"""Monitors of an endpoint: their schedules, the time of the next runs, and what runs found."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import STATE_DIRECTORY, LocalAws
from rehearsal.framework.clock import ClockFile
from rehearsal.framework.schedule_expressions import parse

_CREATES_JOB = "createProcessingJob"
_HOUR = timedelta(hours=1)
_SECONDS_OF_A_RUN = 600.0
_SECONDS_OF_AN_ALARM = 30.0


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """A monitor that EventBridge Scheduler starts.

    Args:
        name: name of the monitor, with which the names of its runs begin.
        analysis: what it analyzes, such as `DATA_QUALITY`.
        expression: schedule expression.
        zone: time zone of the expression.
        labels: S3 URI below which it reads labels; empty without any.
        label_delay: the time that it waits for labels.
        source: S3 URI below which it reads captured traffic; empty if it is unknown.
        period: duration of the traffic that a run reads. Defaults to an hour.
    """

    name: str
    analysis: str
    expression: str
    zone: str
    labels: str
    label_delay: timedelta
    source: str = ""
    period: timedelta = _HOUR

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
        return parse(self.expression, zone=self.zone, anchor=moment).after(before)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a monitor that has ended.

    Args:
        monitor: the monitor.
        job: name of its processing job.
        status: status of the job.
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


def clock() -> ClockFile:
    """Returns the time of the local AWS in this folder."""
    return ClockFile(STATE_DIRECTORY)


def of_endpoint(aws: LocalAws, endpoint: str) -> list[Monitor]:
    """Returns the monitors of an endpoint, by name.

    Args:
        aws: the account of the endpoint.
        endpoint: name of the endpoint.
    """
    scheduler = aws.client("scheduler")
    found = []
    for page in scheduler.get_paginator("list_schedules").paginate():
        for summary in page["Schedules"]:
            if _CREATES_JOB not in summary["Target"]["Arn"] or summary["State"] != "ENABLED":
                continue
            schedule = scheduler.get_schedule(Name=summary["Name"], GroupName=summary["GroupName"])
            monitor = _monitor(schedule, endpoint)
            if monitor is not None:
                found.append(monitor)
    return sorted(found, key=lambda one: one.name)


def has_model_monitor(aws: LocalAws, endpoint: str) -> bool:
    """Returns True if Model Monitor has a schedule for an endpoint.

    Args:
        aws: the account of the endpoint.
        endpoint: name of the endpoint.
    """
    listed = aws.client("sagemaker").list_monitoring_schedules(EndpointName=endpoint, MaxResults=1)
    return bool(listed["MonitoringScheduleSummaries"])


def _monitor(schedule: Mapping[str, Any], endpoint: str) -> Monitor | None:
    request = json.loads(schedule["Target"].get("Input") or "{}")
    variables = request.get("Environment", {})
    if variables.get("sagemaker_endpoint_name") != endpoint:
        return None
    return Monitor(
        name=variables.get("sagemaker_monitoring_schedule_name", schedule["Name"]),
        analysis=variables.get("analysis_type", ""),
        expression=schedule["ScheduleExpression"],
        zone=schedule.get("ScheduleExpressionTimezone", "UTC"),
        labels=variables.get("ground_truth_source", ""),
        label_delay=timedelta(hours=float(variables.get("ground_truth_delay_hours", 0))),
        source=variables.get("dataset_source", ""),
        period=timedelta(hours=float(variables.get("period_hours", 1))),
    )


def has_traffic(aws: LocalAws, monitor: Monitor, moment: datetime) -> bool:
    """Returns True if the window of a moment's traffic has traffic before that moment.

    Args:
        aws: the account of the monitor.
        monitor: the monitor.
        moment: the moment.
    """
    hours = tuple(f"/{hour}/" for hour in monitor.hours_before(moment))
    if not monitor.source or not hours:
        return False
    bucket, _, prefix = monitor.source.removeprefix("s3://").partition("/")
    pages = (
        aws.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=bucket, Prefix=f"{prefix.rstrip('/')}/")
    )
    return any(
        hour in f"/{entry['Key']}"
        for page in pages
        for entry in page.get("Contents", ())
        for hour in hours
    )


def run_for(
    aws: LocalAws,
    monitors: Sequence[Monitor],
    sent: datetime,
    *,
    report: Callable[[str], None] = lambda _: None,
) -> list[Run]:
    """Moves the time of the local AWS to the monitors' next runs; returns the runs.

    Args:
        aws: the account of the monitors.
        monitors: monitors to run.
        sent: time of the traffic that they shall read.
        report: takes the name of the monitor that is awaited.

    Raises:
        RehearsalError: a run does not start or does not end.
    """
    moments: dict[datetime, list[Monitor]] = {}
    for monitor in monitors:
        due = monitor.first_run_for(sent)
        if due is not None:
            moments.setdefault(due, []).append(monitor)
    runs = []
    for due, due_monitors in sorted(moments.items(), key=lambda item: item[0]):
        before = {monitor.name: set(_jobs(aws, monitor)) for monitor in due_monitors}
        now = clock()
        if due > now():
            now.advance(due)
        for monitor in due_monitors:
            report(monitor.name)
            runs.append(_await(aws, monitor, before[monitor.name]))
    return runs


def _jobs(aws: LocalAws, monitor: Monitor) -> list[str]:
    """Returns the names of the runs of a monitor, newest first."""
    listed = aws.client("sagemaker").list_processing_jobs(
        NameContains=monitor.name, SortBy="CreationTime", SortOrder="Descending", MaxResults=50
    )
    return [job["ProcessingJobName"] for job in listed["ProcessingJobSummaries"]]


def _await(aws: LocalAws, monitor: Monitor, before: set[str]) -> Run:
    sagemaker = aws.client("sagemaker")
    deadline = time.monotonic() + _SECONDS_OF_A_RUN
    while time.monotonic() < deadline:
        new = [name for name in _jobs(aws, monitor) if name not in before]
        if new:
            job = sagemaker.describe_processing_job(ProcessingJobName=new[-1])
            if job["ProcessingJobStatus"] not in ("InProgress", "Stopping"):
                return _run(aws, monitor, job)
        time.sleep(0.3)
    raise RehearsalError(
        f"Monitor {monitor.name} has not run within {_SECONDS_OF_A_RUN:.0f} s.",
        f"Its schedule is {monitor.expression}; the time is {clock()():%Y-%m-%dT%H:%M:%SZ}.",
        "Read its dead-letter queue: `rehearse env`, then `aws sqs receive-message`.",
    )


def _run(aws: LocalAws, monitor: Monitor, job: Mapping[str, Any]) -> Run:
    (output,) = job["ProcessingOutputConfig"]["Outputs"][:1]
    place = output["S3Output"]["S3Uri"]
    files = _files(aws, place, since=job["CreationTime"])
    content = {name: _document(aws, uri) for name, uri in files.items()}
    return Run(
        monitor=monitor,
        job=job["ProcessingJobName"],
        status=job["ProcessingJobStatus"],
        message=job.get("ExitMessage") or job.get("FailureReason", ""),
        violations=content.get("constraint_violations.json", {}).get("violations", ()),
        statistics=content.get("statistics.json", {}),
        reports=place,
    )


def _files(aws: LocalAws, place: str, since: datetime) -> dict[str, str]:
    """Returns the newest JSON files below a place by name, if they were written since then."""
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    entries = [entry for page in pages for entry in page.get("Contents", ())]
    return {
        entry["Key"].rpartition("/")[2]: f"s3://{bucket}/{entry['Key']}"
        for entry in sorted(entries, key=lambda entry: entry["LastModified"])
        # S3 knows seconds only.
        if entry["Key"].endswith(".json") and entry["LastModified"] >= since - timedelta(seconds=1)
    }


def _document(aws: LocalAws, uri: str) -> dict[str, Any]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    found = json.loads(body)
    return found if isinstance(found, dict) else {}


def alarms(aws: LocalAws, prefix: str) -> list[dict[str, Any]]:
    """Returns the metric and composite alarms whose names begin with a prefix.

    Args:
        aws: the account of the alarms.
        prefix: beginning of their names.
    """
    pages = (
        aws.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    )
    return [
        {
            "name": alarm["AlarmName"],
            "state": alarm["StateValue"],
            "reason": alarm.get("StateReason", ""),
        }
        for page in pages
        for alarm in (*page["MetricAlarms"], *page["CompositeAlarms"])
    ]


def settled_alarms(aws: LocalAws, prefix: str) -> list[dict[str, Any]]:
    """Returns the alarms once their states have been the same for seconds.

    Args:
        aws: the account of the alarms.
        prefix: beginning of their names.
    """
    deadline = time.monotonic() + _SECONDS_OF_AN_ALARM
    since, before = time.monotonic(), alarms(aws, prefix)
    while before and time.monotonic() < min(deadline, since + 4.0):
        time.sleep(0.5)
        now = alarms(aws, prefix)
        if [one["state"] for one in now] != [one["state"] for one in before]:
            since, before = time.monotonic(), now
    return before


def put_labels(
    aws: LocalAws, place: str, labels: Mapping[str, Sequence[str]], moment: datetime
) -> str:
    """Writes the labels of requests where a monitor reads them; returns the URI of the file.

    Args:
        aws: the account of the bucket.
        place: S3 URI of the folder of labels.
        labels: actual values of the rows of each request, by inference id.
        moment: time of the requests.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html
    """
    lines = "".join(f"{line}\n" for line in _label_lines(labels))
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    name = f"{prefix.strip('/')}/{moment:%Y/%m/%d/%H}/labels-{moment:%M%S}.jsonl"
    try:
        aws.client("s3").put_object(Bucket=bucket, Key=name.lstrip("/"), Body=lines.encode())
    except ClientError as error:
        raise RehearsalError(f"Labels cannot be written to {place}.", str(error)) from error
    return f"s3://{bucket}/{name.lstrip('/')}"


def _label_lines(labels: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for identity, values in labels.items():
        yield json.dumps(
            {
                "groundTruthData": {"data": "\n".join(values), "encoding": "CSV"},
                "eventMetadata": {"eventId": identity},
                "eventVersion": "0",
            }
        )
