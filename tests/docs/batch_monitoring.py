"""A transform job with data capture, and a monitor that detects drift in its input."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.docs.conftest import Account
from tests.docs.waiting import begun_now, eventually

NAMESPACE = "MLOps/DriftMonitor"
ROWS = 300


def finds_drift_of_a_batch(account: Account, outputs: Mapping[str, str]) -> None:
    stores = account.outputs_of("Stores")
    s3, bucket = account.client("s3"), stores["BucketName"]
    account.publish_project_image(stores["RepositoryUri"])
    trained = f"age,balance\n{_rows(older_by=0)}"
    s3.put_object(Bucket=bucket, Key="batch/training/customers.csv", Body=trained.encode())
    s3.put_object(Bucket=bucket, Key="batch/today/customers.csv", Body=_rows(older_by=30).encode())

    _make_baseline(account, outputs["BaselineJob"])
    scored = _run_now(account, "scores", "Transform")
    assert scored["TransformJobStatus"] == "Completed", scored
    within_the_hour = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    job = _run_now(account, outputs["MonitorName"], "Processing", end_time=within_the_hour)

    assert job["ExitMessage"].startswith("CompletedWithViolations"), job
    (key,) = (
        entry["Key"]
        for entry in s3.list_objects_v2(Bucket=bucket, Prefix="batch/drift/")["Contents"]
        if entry["Key"].endswith("constraint_violations.json")
    )
    found = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["violations"]
    assert {one["feature_name"] for one in found} == {"age"}
    metrics = account.client("cloudwatch").list_metrics(
        Namespace=NAMESPACE, MetricName="feature_baseline_drift_age"
    )["Metrics"]
    (monitor,) = metrics[0]["Dimensions"]
    assert monitor == {"Name": "MonitoringSchedule", "Value": outputs["MonitorName"]}


def _rows(*, older_by: int) -> str:
    chosen = random.Random(7)  # noqa: S311  reproducible, not secret
    rows = [(chosen.randint(20, 60) + older_by, chosen.randint(0, 900)) for _ in range(ROWS)]
    return "".join(f"{age},{balance}\n" for age, balance in rows)


def _make_baseline(account: Account, machine: str) -> None:
    functions = account.client("stepfunctions")
    execution = functions.start_execution(stateMachineArn=machine)["executionArn"]

    def ended() -> Any:
        found = functions.describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else found

    ran = eventually(ended)
    assert ran["status"] == "SUCCEEDED", ran
    job = _ended(account, "Processing", json.loads(ran["output"])["ProcessingJobArn"])
    assert job["ProcessingJobStatus"] == "Completed", job


def _run_now(account: Account, named: str, kind: str, **environment: str) -> dict[str, Any]:
    """Runs the job of a schedule at another time, and returns it when it has ended.

    The monitor analyzes a past day; `environment` selects the current one.
    """
    scheduler = account.client("scheduler")
    begins = f'"{kind}JobName":"{named}-<'
    (target,) = (
        found["Target"]
        for one in scheduler.list_schedules()["Schedules"]
        if begins in (found := scheduler.get_schedule(Name=one["Name"]))["Target"]["Input"]
    )
    job = json.loads(target["Input"])
    if environment:
        job["Environment"].update(environment)
    listed = getattr(account.client("sagemaker"), f"list_{kind.lower()}_jobs")

    def started() -> Any:
        found = listed(NameContains=named)[f"{kind}JobSummaries"]
        runs = [one for one in found if "baseline" not in one[f"{kind}JobName"]]
        return runs[0][f"{kind}JobArn"] if runs else None

    with begun_now(scheduler, f"{named}-now", {**target, "Input": json.dumps(job)}):
        return _ended(account, kind, eventually(started))


def _ended(account: Account, kind: str, arn: str) -> dict[str, Any]:
    """Returns a job when it has ended."""
    describe = getattr(account.client("sagemaker"), f"describe_{kind.lower()}_job")
    name = arn.rpartition("/")[2]

    def ended() -> Any:
        found = describe(**{f"{kind}JobName": name})
        return None if found[f"{kind}JobStatus"] in ("InProgress", "Stopping") else found

    job: dict[str, Any] = eventually(ended)
    return job
