"""Monitors of an endpoint: their schedules, the time of the next runs, and what runs found."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client.drift import model_monitor
from rehearsal.client.drift.monitor import Engine, Monitor, Run
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import STATE_DIRECTORY, LocalAws
from rehearsal.framework.clock import ClockFile

_CREATES_JOB = "createProcessingJob"
_SECOND = timedelta(seconds=1)
_SECONDS_OF_A_RUN = 600.0
_SECONDS_OF_AN_ALARM = 30.0


def clock() -> ClockFile:
    """Returns the time of the local AWS in this folder."""
    return ClockFile(STATE_DIRECTORY)


def of_endpoint(aws: LocalAws, endpoint: str) -> list[Monitor]:
    """Returns the monitors of an endpoint of either engine, by name.

    Args:
        aws: the account of the endpoint.
        endpoint: name of the endpoint.
    """
    found = [*drift_monitors(aws, endpoint), *model_monitor.of_endpoint(aws, endpoint)]
    return sorted(found, key=lambda one: one.name)


def drift_monitors(aws: LocalAws, endpoint: str) -> list[Monitor]:
    """Returns the drift monitors of an endpoint, by name.

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
    now = clock()
    for due, due_monitors in sorted(moments.items(), key=lambda item: item[0]):
        _pass_earlier_runs(aws, due_monitors, due)
        if due > now():
            now.advance(due)
        for monitor in due_monitors:
            report(monitor.name)
            runs.append(_run(aws, monitor, _await(aws, monitor, since=due)))
    return runs


def _pass_earlier_runs(aws: LocalAws, monitors: Sequence[Monitor], due: datetime) -> None:
    """Moves time close to a run, past earlier ones.

    A schedule that was due several times runs once, for the first time that it missed. Where labels
    come late, that run would not read the traffic that `due` reads.
    """
    now = clock()
    missed = [
        (monitor, first)
        for monitor in monitors
        if (first := monitor.next_run(now())) is not None and first < due - _SECOND
    ]
    if missed:
        now.advance(due - _SECOND)
    for monitor, first in missed:
        _await(aws, monitor, since=first, ended=False)


def _await(
    aws: LocalAws, monitor: Monitor, *, since: datetime, ended: bool = True
) -> Mapping[str, Any]:
    """Returns the first run of a monitor that was scheduled for a moment or later.

    Args:
        aws: the account of the monitor.
        monitor: the monitor.
        since: the moment.
        ended: True to wait for its end. Defaults to True.

    Returns:
        A processing job, or an execution of Model Monitor.
    """
    deadline = time.monotonic() + _SECONDS_OF_A_RUN
    while time.monotonic() < deadline:
        found = _first_run(aws, monitor, since)
        if found is not None and (not ended or _has_ended(found)):
            return found
        time.sleep(0.3)
    raise RehearsalError(
        f"Monitor {monitor.name} has not run within {_SECONDS_OF_A_RUN:.0f} s.",
        f"Its schedule is {monitor.expression}; the time is {clock()():%Y-%m-%dT%H:%M:%SZ}.",
        "Read its dead-letter queue: `rehearse env`, then `aws sqs receive-message`."
        if monitor.engine is Engine.DRIFT_MONITOR
        else f"Read its executions: `rehearse env`, then `aws sagemaker list-monitoring-executions "
        f"--monitoring-schedule-name {monitor.name}`.",
    )


def _first_run(aws: LocalAws, monitor: Monitor, since: datetime) -> Mapping[str, Any] | None:
    """Returns the oldest run that was scheduled for a moment or later; None before there is one."""
    if monitor.engine is Engine.MODEL_MONITOR:
        listed = model_monitor.executions(aws, monitor)
        found = [one for one in listed if one["ScheduledTime"] >= since]
        return found[-1] if found else None
    sagemaker = aws.client("sagemaker")
    oldest = None
    for name in _jobs(aws, monitor):
        job: Mapping[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=name)
        scheduled = job.get("Environment", {}).get("end_time")
        if scheduled is None:
            continue  # a job that is no run of a monitor
        if datetime.fromisoformat(scheduled) < since:
            break
        oldest = job
    return oldest


def _has_ended(run: Mapping[str, Any]) -> bool:
    if "MonitoringExecutionStatus" in run:
        return run["MonitoringExecutionStatus"] in model_monitor.ENDED
    return run["ProcessingJobStatus"] not in ("InProgress", "Stopping")


def _jobs(aws: LocalAws, monitor: Monitor) -> list[str]:
    """Returns the names of the runs of a drift monitor, newest first."""
    listed = aws.client("sagemaker").list_processing_jobs(
        NameContains=monitor.name, SortBy="CreationTime", SortOrder="Descending", MaxResults=50
    )
    return [job["ProcessingJobName"] for job in listed["ProcessingJobSummaries"]]


def _run(aws: LocalAws, monitor: Monitor, found: Mapping[str, Any]) -> Run:
    """Returns a run with its reports.

    Args:
        aws: the account of the monitor.
        monitor: the monitor.
        found: its processing job, or its execution of Model Monitor.
    """
    if monitor.engine is Engine.DRIFT_MONITOR:
        return _of_job(aws, monitor, found, found["ProcessingJobStatus"])
    status = found["MonitoringExecutionStatus"]
    if "ProcessingJobArn" not in found:
        reason = found.get("FailureReason", status)
        return Run(
            monitor=monitor,
            job="",
            status=status,
            message=reason,
            violations=(),
            statistics={},
            reports="",
        )
    name = found["ProcessingJobArn"].rpartition("/")[2]
    job = aws.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    return _of_job(aws, monitor, job, status)


def _of_job(aws: LocalAws, monitor: Monitor, job: Mapping[str, Any], status: str) -> Run:
    (output,) = job["ProcessingOutputConfig"]["Outputs"][:1]
    place = output["S3Output"]["S3Uri"]
    files = _files(aws, place, since=job["CreationTime"])
    content = {name: _document(aws, uri) for name, uri in files.items()}
    return Run(
        monitor=monitor,
        job=job["ProcessingJobName"],
        status=status,
        message=job.get("ExitMessage") or job.get("FailureReason") or status,
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
        for kind in ("MetricAlarms", "CompositeAlarms")
        for alarm in page.get(kind, ())
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
