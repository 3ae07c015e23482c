"""Traffic that drifts from the training data is detected and starts a retraining.

This runs last, because the retraining would affect other tests of the loop.
"""

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rehearsal.client.local_aws import find
from tests.docs.waiting import begun_now
from tests.end_to_end.conftest import Loop

PROJECT = "rehearsal"
ENDPOINT = f"{PROJECT}-prod"
APP = Path(__file__).with_name("drift_app.py")
TARGET = "diagnosis"
FEATURES = ("mean radius", "mean texture", "mean area")
REQUESTS = 60  # production captures a fifth of them
ROWS_OF_A_REQUEST = 50
DEADLINE_SECONDS = 1200.0


class Drift:
    """The local AWS of the loop."""

    def __init__(self, loop: Loop) -> None:
        found = find(loop.folder / "build/rehearsal/aws")
        assert found is not None
        self.aws = found
        self.loop = loop

    def client(self, service: str) -> Any:
        account = self.aws.account
        secret = self.aws.root_keys.secret_access_key(account)
        return boto3.Session(account, secret, region_name=self.aws.region).client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.aws.url,
            verify=str(self.aws.ca_bundle),
            config=Config(s3={"addressing_style": "path"}),
        )

    def stack_of_the_project(self) -> dict[str, str]:
        stacks = self.client("cloudformation").describe_stacks()["Stacks"]
        return next(
            found
            for stack in stacks
            if "ModelBuildPipelineName" in (found := _outputs(stack))
            if found["ModelBuildPipelineName"] == f"{PROJECT}-model-build"
        )

    def deploy(self, **context: str) -> dict[str, str]:
        """Deploys the app with the CDK CLI; returns the outputs of its stack."""
        given = [item for name, value in context.items() for item in ("-c", f"{name}={value}")]
        command = ["npx", "cdk", "deploy", "--app", f"{sys.executable} {APP}", "Drift"]
        folder = self.loop.folder
        ended = subprocess.run(
            [*command, "--require-approval", "never", "--output", "cdk.out.drift", *given],
            cwd=folder,
            env={**self.loop.environment, "PYTHONPATH": str(folder / "constructs")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr[-4000:]
        (stack,) = self.client("cloudformation").describe_stacks(StackName="Drift")["Stacks"]
        return _outputs(stack)


def _outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", ())}


def eventually(what: str, attempt: Callable[[], Any]) -> Any:
    """Returns the first result that is not empty."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (result := attempt()):
        assert time.monotonic() < deadline, f"no {what} within {DEADLINE_SECONDS:.0f} s"
        time.sleep(0.5)
    return result


@pytest.fixture(scope="module")
def drift(loop: Loop) -> Drift:
    return Drift(loop)


def test_drift_of_captured_traffic_starts_the_build_pipeline_again(drift: Drift) -> None:
    project = drift.stack_of_the_project()
    s3, bucket = drift.client("s3"), project["ArtifactBucketName"]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    dataset, rows = _dataset(s3, bucket)
    repository = project["ImageRepositoryUri"].partition("/")[2]
    pipeline = project["ModelBuildPipelineName"]
    outputs = drift.deploy(
        endpoint=ENDPOINT,
        bucket=bucket,
        key=rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"],
        repository=repository,
        tag=_tag(drift.client("ecr"), repository),
        dataset=dataset,
        target=TARGET,
        features=",".join(FEATURES),
        pipeline=pipeline,
    )
    # A running training would prevent another start.
    eventually("end of the builds before", lambda: not _executions(drift, pipeline, "InProgress"))
    before = _executions(drift, pipeline)

    _make_baseline(drift, outputs["BaselineJob"])
    sent = _send_shifted(drift, rows)
    job = _run_for_hour_of(sent, drift, outputs["MonitorName"])

    assert job["ExitMessage"].startswith("CompletedWithViolations"), job
    violations = _report(s3, bucket, outputs["MonitorName"])["violations"]
    assert set(FEATURES) <= {found["feature_name"] for found in violations}
    started = eventually(
        "retraining", lambda: [one for one in _executions(drift, pipeline) if one not in before]
    )
    assert len(started) == 1


def _dataset(s3: Any, bucket: str) -> tuple[str, list[dict[str, str]]]:
    """Returns the key and the rows of the training data of the loop."""
    (entry,) = s3.list_objects_v2(Bucket=bucket, Prefix="data/breast_cancer")["Contents"]
    text = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().decode()
    return entry["Key"], list(csv.DictReader(io.StringIO(text)))


def _tag(ecr: Any, repository: str) -> str:
    """Returns the tag of the image of the loop, which was built first."""
    images = ecr.describe_images(repositoryName=repository)["imageDetails"]
    oldest = min(images, key=lambda image: image["imagePushedAt"])
    return str(oldest["imageTags"][0])


def _executions(drift: Drift, pipeline: str, status: str | None = None) -> list[str]:
    """Returns the executions of a pipeline, or those of one status."""
    response = drift.client("codepipeline").list_pipeline_executions(pipelineName=pipeline)
    return [
        found["pipelineExecutionId"]
        for found in response["pipelineExecutionSummaries"]
        if status in (None, found["status"])
    ]


def _make_baseline(drift: Drift, machine: str) -> None:
    """Starts the state machine of the baseline and waits for its job."""
    functions, sagemaker = drift.client("stepfunctions"), drift.client("sagemaker")
    execution = functions.start_execution(stateMachineArn=machine)["executionArn"]

    def ended() -> Any:
        found = functions.describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else found

    ran = eventually("end of the state machine", ended)
    assert ran["status"] == "SUCCEEDED", ran
    name = json.loads(ran["output"])["ProcessingJobArn"].rpartition("/")[2]
    job = eventually("baseline", lambda: _ended_job(sagemaker, name))
    assert job["ProcessingJobStatus"] == "Completed", job


def _send_shifted(drift: Drift, rows: list[dict[str, str]]) -> datetime:
    """Sends rows that differ from the training data; returns the time of the middle request."""
    runtime = drift.client("sagemaker-runtime")
    shifted = [
        ",".join(f"{float(value) * 10:g}" for name, value in row.items() if name != TARGET)
        for row in rows[:ROWS_OF_A_REQUEST]
    ]
    began = datetime.now(UTC)
    for _ in range(REQUESTS):
        runtime.invoke_endpoint(
            EndpointName=ENDPOINT, ContentType="text/csv", Body="\n".join(shifted).encode()
        )
    return began + (datetime.now(UTC) - began) / 2


def _run_for_hour_of(sent: datetime, drift: Drift, monitor: str) -> dict[str, Any]:
    """Runs the target of a monitor's schedule now, for the hour in which most rows were sent."""
    scheduler, sagemaker = drift.client("scheduler"), drift.client("sagemaker")
    (name,) = (
        one["Name"]
        for one in scheduler.list_schedules()["Schedules"]
        if "createProcessingJob" in one["Target"]["Arn"]
    )
    target = scheduler.get_schedule(Name=name)["Target"]
    job = json.loads(target["Input"])
    next_hour = sent.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    job["Environment"]["end_time"] = next_hour.isoformat()

    def ran() -> Any:
        jobs = sagemaker.list_processing_jobs(NameContains=monitor)["ProcessingJobSummaries"]
        runs = [
            one["ProcessingJobName"] for one in jobs if "baseline" not in one["ProcessingJobName"]
        ]
        return _ended_job(sagemaker, runs[0]) if runs else None

    with begun_now(scheduler, "drift-now", {**target, "Input": json.dumps(job)}):
        found: dict[str, Any] = eventually("run of the monitor", ran)
    return found


def _ended_job(sagemaker: Any, name: str) -> Any:
    job = sagemaker.describe_processing_job(ProcessingJobName=name)
    return None if job["ProcessingJobStatus"] in ("InProgress", "Stopping") else job


def _report(s3: Any, bucket: str, monitor: str) -> dict[str, Any]:
    """Returns the violations that a run has reported."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="drift/")
    (key,) = (
        entry["Key"]
        for page in pages
        for entry in page.get("Contents", ())
        if monitor in entry["Key"] and entry["Key"].endswith("constraint_violations.json")
    )
    content: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return content
