"""Ingestion of a file into the feature group; a bad row fails the job with its line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.docs.conftest import Account
from tests.docs.waiting import begun_now, eventually

PREFIX = "features/balances"
HEADING = "customer_id,event_time,orders,balance\n"


def ingests_files(account: Account, outputs: Mapping[str, str]) -> None:
    """Runs the schedule's job twice, in the image of a project."""
    stores, group = account.outputs_of("Stores"), outputs["FeatureGroupName"]
    account.publish_project_image(stores["RepositoryUri"])
    alarm = _alarm(account, outputs["StaleAlarm"])
    # A group without records is stale.
    eventually(lambda: _state(account, alarm) == "ALARM" or None)

    _put(account, stores["BucketName"], "day-1.csv", "c-1,2026-11-22T03:00:00Z,3,12.5\n")
    job = _run(account, outputs["IngestionName"], "first")

    assert job["ExitMessage"] == "Completed: 1 records of 1 files were written.", job
    assert _record(account, group, "c-1") == {
        "customer_id": "c-1",
        "event_time": "2026-11-22T03:00:00Z",
        "orders": "3",
        "balance": "12.5",
    }
    eventually(lambda: _written(account, alarm) == 1 or None)

    good = "c-2,2026-11-22T03:00:00Z,4,0\n"
    _put(account, stores["BucketName"], "day-2.csv", f"{good}c-3,2026-11-22T03:00:00Z,many,0\n")
    job = _run(account, outputs["IngestionName"], "second")

    assert job["ProcessingJobStatus"] == "Failed"
    problem = "features/balances/day-2.csv, line 3: 'orders' is not a 64-bit whole number"
    assert problem in job["ExitMessage"]
    assert _record(account, group, "c-2")["orders"] == "4"


def _put(account: Account, bucket: str, name: str, rows: str) -> None:
    account.client("s3").put_object(
        Bucket=bucket, Key=f"{PREFIX}/{name}", Body=(HEADING + rows).encode()
    )


def _run(account: Account, ingestion: str, run: str) -> dict[str, Any]:
    """Runs the schedule's target once, at once, and returns the job when it has ended."""
    scheduler, sagemaker = account.client("scheduler"), account.client("sagemaker")
    targets = [
        scheduler.get_schedule(Name=one["Name"])["Target"]
        for one in scheduler.list_schedules()["Schedules"]
        if "createProcessingJob" in one["Target"]["Arn"]
    ]
    (target,) = (one for one in targets if f'"{ingestion}-' in one["Input"])
    before = _jobs(sagemaker, ingestion)

    def ended() -> dict[str, Any] | None:
        for name in _jobs(sagemaker, ingestion) - before:
            job: dict[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=name)
            return None if job["ProcessingJobStatus"] == "InProgress" else job
        return None

    with begun_now(scheduler, f"{ingestion}-{run}", target):
        found: dict[str, Any] = eventually(ended)
    return found


def _jobs(sagemaker: Any, ingestion: str) -> set[str]:
    found = sagemaker.list_processing_jobs(NameContains=ingestion)["ProcessingJobSummaries"]
    return {one["ProcessingJobName"] for one in found}


def _record(account: Account, group: str, identifier: str) -> dict[str, str]:
    answer = account.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName=group, RecordIdentifierValueAsString=identifier
    )
    return {one["FeatureName"]: one["ValueAsString"] for one in answer["Record"]}


def _alarm(account: Account, name: str) -> dict[str, Any]:
    answer = account.client("cloudwatch").describe_alarms(AlarmNames=[name])
    found: dict[str, Any] = answer["MetricAlarms"][0]
    return found


def _state(account: Account, alarm: Mapping[str, Any]) -> str:
    return str(_alarm(account, alarm["AlarmName"])["StateValue"])


def _written(account: Account, alarm: Mapping[str, Any]) -> float:
    """Returns the current values of the alarm's metrics; the alarm itself takes an hour."""
    now = datetime.now(UTC)
    answer = account.client("cloudwatch").get_metric_data(
        MetricDataQueries=alarm["Metrics"],
        StartTime=now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
    )
    (result,) = answer["MetricDataResults"]
    return float(sum(result["Values"]))
