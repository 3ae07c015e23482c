"""Monitors of an endpoint, and the time of their runs."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody

from rehearsal.client.drift import monitors
from rehearsal.client.drift.monitor import Engine, Monitor
from rehearsal.client.local_aws import STATE_DIRECTORY
from tests.rehearsal.stubbed_aws import StubbedAws

SENT = datetime(2026, 11, 30, 12, 40, tzinfo=UTC)


def monitor(expression: str, delay: int = 0, hours: int = 1) -> Monitor:
    return Monitor(
        name="churn-prod-data",
        analysis="DATA_QUALITY",
        expression=expression,
        zone="UTC",
        labels="",
        label_delay=timedelta(hours=delay),
        source="s3://bucket/capture/churn-prod",
        period=timedelta(hours=hours),
    )


@pytest.mark.parametrize(
    ("expression", "delay", "due"),
    [
        ("cron(20 * ? * * *)", 0, "2026-11-30T13:20"),
        ("cron(0 * ? * * *)", 0, "2026-11-30T13:00"),
        ("cron(20 0 ? * * *)", 0, "2026-12-01T00:20"),
        ("cron(20 * ? * * *)", 24, "2026-12-01T13:20"),
    ],
)
def test_the_next_run_is_the_first_after_the_hour_of_the_traffic(
    expression: str, delay: int, due: str
) -> None:
    found = monitor(expression, delay).first_run_for(SENT)
    assert found is not None
    assert found.strftime("%Y-%m-%dT%H:%M") == due


@pytest.mark.parametrize(
    ("found", "first", "count"),
    [
        (monitor("cron(20 * ? * * *)"), "2026/11/30/12", 1),
        (monitor("cron(20 0 ? * * *)", hours=24), "2026/11/30/00", 13),
        (monitor("cron(20 0 ? * * *)", delay=2, hours=24), "2026/11/29/22", 15),
        (monitor("cron(20 6 ? * * *)", hours=24), "2026/11/30/06", 7),
    ],
)
def test_the_window_of_a_moment_begins_with_the_period_of_its_run(
    found: Monitor, first: str, count: int
) -> None:
    hours = found.hours_before(SENT)
    assert (hours[0], hours[-1], len(hours)) == (first, "2026/11/30/12", count)


@pytest.mark.parametrize(
    ("hour", "daily", "expected"),
    [
        ("2026/11/30/01", True, True),
        ("2026/11/30/12", False, True),
        ("2026/11/30/01", False, False),
        ("2026/11/29/23", True, False),
    ],
)
def test_earlier_traffic_is_that_of_the_window(hour: str, daily: bool, expected: bool) -> None:
    found = monitor("cron(20 0 ? * * *)", hours=24) if daily else monitor("cron(20 * ? * * *)")
    key = f"capture/churn-prod/main/{hour}/40-12-345.jsonl"
    aws = StubbedAws(ListObjectsV2={"Contents": [{"Key": key}]})
    assert monitors.has_traffic(aws, found, SENT) is expected
    ((_, request),) = aws.calls
    assert request["Prefix"] == "capture/churn-prod/"


def test_labels_name_the_request_that_they_belong_to() -> None:
    lines = [json.loads(line) for line in monitors._label_lines({"a": ["yes", "no"], "b": ["no"]})]
    assert [line["eventMetadata"]["eventId"] for line in lines] == ["a", "b"]
    assert lines[0]["groundTruthData"] == {"data": "yes\nno", "encoding": "CSV"}


JOBS = "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob"
JOB = "arn:aws:sagemaker:us-east-1:111111111111:processing-job/churn-prod-data-1"
ROLE = "arn:aws:iam::111111111111:role/starter"


def schedule(request: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the schedule of a monitor; the endpoint of `other` is another one."""
    name = request["Name"]
    variables = {
        "analysis_type": "MODEL_QUALITY",
        "sagemaker_endpoint_name": "other" if name == "other" else "churn-prod",
        "sagemaker_monitoring_schedule_name": name,
        "ground_truth_source": "s3://bucket/ground-truth",
        "ground_truth_delay_hours": "24",
        "dataset_source": "s3://bucket/capture",
        "period_hours": "24",
    }
    return {
        "Name": name,
        "ScheduleExpression": "cron(20 * ? * * *)",
        "ScheduleExpressionTimezone": "UTC",
        "Target": {"Arn": JOBS, "RoleArn": ROLE, "Input": json.dumps({"Environment": variables})},
    }


def summaries() -> dict[str, Any]:
    targets = {"churn-prod-quality": JOBS, "other": JOBS, "ingestion": "arn:aws:states:::x"}
    return {
        "Schedules": [
            {"Name": name, "GroupName": "default", "State": "ENABLED", "Target": {"Arn": arn}}
            for name, arn in targets.items()
        ]
    }


def test_the_monitors_of_an_endpoint_are_known_by_their_schedules() -> None:
    aws = StubbedAws(
        ListSchedules=summaries(),
        GetSchedule=schedule,
        ListMonitoringSchedules={"MonitoringScheduleSummaries": []},
    )
    (found,) = monitors.of_endpoint(aws, "churn-prod")
    assert (found.name, found.analysis) == ("churn-prod-quality", "MODEL_QUALITY")
    assert found.labels == "s3://bucket/ground-truth"
    assert found.label_delay == timedelta(hours=24)
    assert (found.source, found.period) == ("s3://bucket/capture", timedelta(hours=24))


def test_labels_are_put_in_the_folder_of_the_hour() -> None:
    aws = StubbedAws(PutObject={})
    uri = monitors.put_labels(aws, "s3://bucket/ground-truth", {"a": ["yes"]}, SENT)
    assert uri == "s3://bucket/ground-truth/2026/11/30/12/labels-4000.jsonl"
    ((_, request),) = aws.calls
    assert request["Key"] == "ground-truth/2026/11/30/12/labels-4000.jsonl"


def test_time_is_moved_to_the_run_and_its_reports_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    STATE_DIRECTORY.mkdir(parents=True)
    created = now = datetime.now(UTC)
    due = monitor("cron(20 * ? * * *)").first_run_for(now)
    reports = {
        "constraint_violations.json": {"violations": [{"feature_name": "temperature"}]},
        "statistics.json": {"version": 0.0},
    }

    def jobs(request: Mapping[str, Any]) -> dict[str, Any]:
        ran = monitors.clock().lead > timedelta()
        one = {
            "ProcessingJobName": "churn-prod-data-1",
            "ProcessingJobArn": JOB,
            "CreationTime": created,
            "ProcessingJobStatus": "Completed",
        }
        return {"ProcessingJobSummaries": [one] if ran else []}

    def body(request: Mapping[str, Any]) -> dict[str, Any]:
        content = json.dumps(reports[request["Key"].rpartition("/")[2]]).encode()
        return {"Body": StreamingBody(BytesIO(content), len(content))}

    aws = StubbedAws(
        ListProcessingJobs=jobs,
        DescribeProcessingJob={
            "ProcessingJobName": "churn-prod-data-1",
            "ProcessingJobArn": JOB,
            "ProcessingJobStatus": "Completed",
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                    "VolumeSizeInGB": 30,
                }
            },
            "AppSpecification": {"ImageUri": "image"},
            "Environment": {"end_time": f"{due:%Y-%m-%dT%H:%M:%SZ}"},
            "CreationTime": created,
            "ExitMessage": "CompletedWithViolations",
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": "reports",
                        "S3Output": {
                            "S3Uri": "s3://bucket/monitoring",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
        },
        ListObjectsV2={
            "Contents": [{"Key": f"monitoring/{name}", "LastModified": created} for name in reports]
            + [{"Key": "monitoring/old.json", "LastModified": created - timedelta(hours=1)}]
        },
        GetObject=body,
    )

    (run,) = monitors.run_for(aws, [monitor("cron(20 * ? * * *)")], now)

    assert run.message == "CompletedWithViolations"
    assert [one["feature_name"] for one in run.violations] == ["temperature"]
    assert monitors.clock()().minute in (20, 21)
    assert timedelta() < monitors.clock().lead <= timedelta(minutes=81)


def test_earlier_runs_of_a_monitor_with_late_labels_are_passed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A schedule that missed several runs runs for the first of them, which reads other traffic."""
    monkeypatch.chdir(tmp_path)
    STATE_DIRECTORY.mkdir(parents=True)
    late = replace(monitor("cron(0 * ? * * *)", delay=3), engine=Engine.MODEL_MONITOR)
    sent = datetime.now(UTC)
    due = late.first_run_for(sent)
    assert due is not None
    scheduled: list[datetime] = []

    def run_missed(_: Mapping[str, Any]) -> dict[str, Any]:
        """Runs as the schedule does: once for the first time that it has missed."""
        after = max(scheduled, default=sent)
        now, first = monitors.clock()(), late.next_run(after)
        if first is not None and first <= now:
            following = late.next_run(now)
            scheduled.append(first)
            assert following is not None
        return {"MonitoringExecutionSummaries": [execution(one) for one in reversed(scheduled)]}

    aws = StubbedAws(ListMonitoringExecutions=run_missed)

    (run,) = monitors.run_for(aws, [late], sent)

    assert scheduled[-1] == due
    assert (run.status, run.message, run.job) == ("Failed", "Job inputs had no data", "")


def execution(due: datetime) -> dict[str, Any]:
    """Returns an execution of Model Monitor that found no data."""
    return {
        "MonitoringScheduleName": "churn-prod-data",
        "ScheduledTime": due,
        "CreationTime": due,
        "LastModifiedTime": due,
        "MonitoringExecutionStatus": "Failed",
        "FailureReason": "Job inputs had no data",
    }
