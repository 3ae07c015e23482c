"""A transform job captures what it reads; the monitor of such jobs finds that it has drifted."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.docs.conftest import Account
from tests.docs.synthesis import ROOT
from tests.docs.waiting import eventually

NAME = "nightly-scores"
NAMESPACE = "aws/sagemaker/ModelMonitoring/data-metrics"
ROWS = 300


def finds_drift_of_a_batch(account: Account, outputs: Mapping[str, str]) -> None:
    stores = account.outputs_of("Stores")
    s3, bucket = account.client("s3"), stores["BucketName"]
    account.publish_image(ROOT / "seed_code/model_build", stores["RepositoryUri"], "model-build")
    trained = f"age,balance\n{_rows(older_by=0)}"
    s3.put_object(Bucket=bucket, Key="batch/training/customers.csv", Body=trained.encode())
    s3.put_object(Bucket=bucket, Key="batch/customers/today.csv", Body=_rows(older_by=30).encode())

    _make_baseline(account, outputs["BaselineJob"])
    _score(account, bucket, f"{stores['RepositoryUri']}:1")
    job = _run_now(account, outputs["MonitorName"])

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


def _score(account: Account, bucket: str, image: str) -> None:
    """The nightly job, with the role of whoever runs such jobs."""
    iam, sagemaker = account.client("iam"), account.client("sagemaker")
    role = iam.create_role(
        RoleName=NAME, AssumeRolePolicyDocument=_policy(Principal="sagemaker.amazonaws.com")
    )["Role"]["Arn"]
    allowed = ["s3:*", "kms:*", "ecr:*", "logs:*"]
    iam.put_role_policy(
        RoleName=NAME, PolicyName="all", PolicyDocument=_policy(Action=allowed, Resource="*")
    )
    place = f"s3://{bucket}"
    sagemaker.create_model(
        ModelName=NAME,
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": image, "ModelDataUrl": f"{place}/models/churn/model.tar.gz"},
    )
    source = {"S3DataType": "S3Prefix", "S3Uri": f"{place}/batch/customers/"}
    arn = sagemaker.create_transform_job(
        TransformJobName=NAME,
        ModelName=NAME,
        TransformInput={
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        TransformOutput={"S3OutputPath": f"{place}/batch/answers", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m7i.large", "InstanceCount": 1},
        DataCaptureConfig={"DestinationS3Uri": f"{place}/batch/capture"},
    )["TransformJobArn"]
    job = _ended(account, "Transform", arn)
    assert job["TransformJobStatus"] == "Completed", job
    sagemaker.delete_model(ModelName=NAME)
    iam.delete_role_policy(RoleName=NAME, PolicyName="all")
    iam.delete_role(RoleName=NAME)


def _policy(**members: Any) -> str:
    if "Principal" in members:
        members = {"Action": "sts:AssumeRole", "Principal": {"Service": members["Principal"]}}
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **members}]})


def _run_now(account: Account, monitor: str) -> dict[str, Any]:
    """Runs the monitor over the day that goes on: its schedule's target, at another time."""
    scheduler = account.client("scheduler")
    (target,) = (
        found["Target"]
        for one in scheduler.list_schedules()["Schedules"]
        if monitor in (found := scheduler.get_schedule(Name=one["Name"]))["Target"]["Input"]
    )
    job = json.loads(target["Input"])
    job["Environment"]["end_time"] = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    soon = datetime.now(UTC) + timedelta(seconds=1)
    scheduler.create_schedule(
        Name="batch-drift-now",
        ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={**target, "Input": json.dumps(job)},
        ActionAfterCompletion="DELETE",
    )
    listed = account.client("sagemaker").list_processing_jobs

    def started() -> Any:
        found = listed(NameContains=monitor)["ProcessingJobSummaries"]
        runs = [one for one in found if "baseline" not in one["ProcessingJobName"]]
        return runs[0]["ProcessingJobArn"] if runs else None

    return _ended(account, "Processing", eventually(started))


def _ended(account: Account, kind: str, arn: str) -> dict[str, Any]:
    """A job when it has ended."""
    describe = getattr(account.client("sagemaker"), f"describe_{kind.lower()}_job")
    name = arn.rpartition("/")[2]

    def ended() -> Any:
        found = describe(**{f"{kind}JobName": name})
        return None if found[f"{kind}JobStatus"] in ("InProgress", "Stopping") else found

    job: dict[str, Any] = eventually(ended)
    return job
