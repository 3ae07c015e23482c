"""Applications and job runs of EMR Serverless, with boto3 as the client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.service import INTERRUPTED
from rehearsal.services.emr_serverless import EmrServerless
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.in_process import InProcess
from tests.rehearsal.services.emr_serverless.spark_jobs import FakeSpark

ROLE = "arn:aws:iam::111111111111:role/spark"
IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/spark:1"
DRIVER = {"sparkSubmit": {"entryPoint": "s3://bucket/count.py"}}
APPLICATION = {"releaseLabel": "emr-7.5.0", "type": "SPARK", "name": "etl"}


@pytest.fixture
def spark() -> FakeSpark:
    return FakeSpark()


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def service(platform: FakePlatform, spark: FakeSpark) -> Iterator[EmrServerless]:
    made = EmrServerless(platform, spark)
    yield made
    made.close()


@pytest.fixture
def served(service: EmrServerless) -> InProcess:
    return InProcess(service)


@pytest.fixture
def emr(served: InProcess) -> Any:
    return served.client()


def created(emr: Any, **members: Any) -> str:
    found: str = emr.create_application(**{**APPLICATION, **members})["applicationId"]
    return found


def started(emr: Any, application: str, **members: Any) -> dict[str, str]:
    """Starts a job run and returns the members that name it."""
    given = {"executionRoleArn": ROLE, "jobDriver": DRIVER, **members}
    run = emr.start_job_run(applicationId=application, **given)
    return {name: run[name] for name in ("applicationId", "jobRunId")}


def ended(emr: Any, run: dict[str, str]) -> dict[str, Any]:
    """Waits for the end of a job run."""
    return until(emr, run, lambda found: found["state"] in ("SUCCESS", "FAILED", "CANCELLED"))


def until(emr: Any, run: dict[str, str], reached: Callable[[Any], bool]) -> dict[str, Any]:
    for _ in range(500):
        found: dict[str, Any] = emr.get_job_run(**run)["jobRun"]
        if reached(found):
            return found
        time.sleep(0.01)
    raise AssertionError(found)


def code_of(call: Callable[..., Any], **members: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**members)
    return str(raised.value.response["Error"]["Code"])


def test_an_application_has_the_defaults_of_aws(emr: Any) -> None:
    application = created(emr, tags={"team": "a"})
    found = emr.get_application(applicationId=application)["application"]
    assert (found["state"], found["architecture"]) == ("CREATED", "X86_64")
    assert found["autoStartConfiguration"] == {"enabled": True}
    assert found["autoStopConfiguration"] == {"enabled": True, "idleTimeoutMinutes": 15}
    assert found["tags"] == {"team": "a"}
    assert found["arn"].endswith(f":/applications/{application}")
    (listed,) = emr.list_applications(states=["CREATED"])["applications"]
    assert (listed["id"], listed["name"]) == (application, "etl")


def test_a_job_run_starts_the_application_and_gets_its_role(
    emr: Any, platform: FakePlatform, spark: FakeSpark
) -> None:
    application = created(emr)
    run = started(emr, application, name="daily", tags={"a": "b"})
    found = ended(emr, run)
    assert (found["state"], found["name"], found["releaseLabel"]) == (
        "SUCCESS",
        "daily",
        "emr-7.5.0",
    )
    assert found["executionTimeoutMinutes"] == 720
    assert found["tags"] == {"a": "b"}
    assert found["endedAt"] >= found["startedAt"] >= found["createdAt"]
    (job,) = spark.jobs
    assert job.record["jobDriver"] == DRIVER
    state = emr.get_application(applicationId=application)["application"]["state"]
    assert state == "STARTED"
    (principal, source) = platform.assumed[-1]
    assert principal == "emr-serverless.amazonaws.com"
    assert str(source).endswith(f"/applications/{application}")
    (listed,) = emr.list_job_runs(applicationId=application, states=["SUCCESS"])["jobRuns"]
    assert listed["id"] == run["jobRunId"]


def test_a_failed_job_has_a_reason(emr: Any, spark: FakeSpark) -> None:
    spark.failure = "Traceback (exit code 1)"
    found = ended(emr, started(emr, created(emr)))
    assert found["state"] == "FAILED"
    assert found["stateDetails"] == "Job failed: Traceback (exit code 1)"


def test_a_role_that_does_not_trust_the_service_fails_the_job(
    emr: Any, platform: FakePlatform
) -> None:
    application = created(emr)
    platform.denied.add(("sts:AssumeRole", ROLE))
    assert "may not assume" in ended(emr, started(emr, application))["stateDetails"]


def test_the_caller_needs_to_pass_the_role(emr: Any, platform: FakePlatform) -> None:
    application = created(emr)
    platform.denied.add(("iam:PassRole", ROLE))
    given = {"applicationId": application, "executionRoleArn": ROLE, "jobDriver": DRIVER}
    assert code_of(emr.start_job_run, **given) == "AccessDeniedException"


def test_a_job_run_is_cancelled(emr: Any, spark: FakeSpark) -> None:
    spark.held.clear()
    application = created(emr)
    run = started(emr, application)
    until(emr, run, lambda found: found["state"] == "RUNNING")
    assert code_of(emr.stop_application, applicationId=application) == "ConflictException"
    emr.cancel_job_run(**run)
    assert ended(emr, run)["state"] == "CANCELLED"
    assert code_of(emr.cancel_job_run, **run) == "ValidationException"
    emr.stop_application(applicationId=application)
    emr.delete_application(applicationId=application)
    assert code_of(emr.get_application, applicationId=application) == "ResourceNotFoundException"


def test_an_application_without_automatic_start_is_started_first(emr: Any) -> None:
    application = created(emr, autoStartConfiguration={"enabled": False})
    given = {"applicationId": application, "executionRoleArn": ROLE, "jobDriver": DRIVER}
    assert code_of(emr.start_job_run, **given) == "ValidationException"
    emr.start_application(applicationId=application)
    assert ended(emr, started(emr, application))["state"] == "SUCCESS"
    assert code_of(emr.delete_application, applicationId=application) == "ConflictException"
    update = {"applicationId": application, "architecture": "ARM64"}
    assert code_of(emr.update_application, **update) == "ConflictException"
    emr.stop_application(applicationId=application)
    assert emr.update_application(**update)["application"]["architecture"] == "ARM64"


def test_a_repeated_request_makes_nothing_new(emr: Any, spark: FakeSpark) -> None:
    application = created(emr, clientToken="once")
    assert created(emr, clientToken="once") == application
    first = started(emr, application, clientToken="run")
    assert started(emr, application, clientToken="run") == first
    ended(emr, first)
    assert len(spark.jobs) == 1


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"type": "HIVE"}, "applications of type HIVE"),
        ({"releaseLabel": "emr-5.36.0"}, "use emr-6.6.0 or later"),
        ({"releaseLabel": "emr-spark-8.0.0"}, "its Spark is 3.5"),
        ({"imageConfiguration": {"imageUri": IMAGE}}, "imageConfiguration of CreateApplication"),
        (
            {"networkConfiguration": {"subnetIds": ["subnet-1"]}},
            "networkConfiguration of CreateApplication",
        ),
    ],
)
def test_applications_that_are_not_supported(
    emr: Any, members: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ClientError, match=reason):
        created(emr, **members)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"jobDriver": {"hive": {"query": "select 1"}}}, "job runs of Hive"),
        ({"mode": "STREAMING"}, "in the mode STREAMING"),
        ({"retryPolicy": {"maxAttempts": 3}}, "retryPolicy of StartJobRun"),
    ],
)
def test_job_runs_that_are_not_supported(emr: Any, members: dict[str, Any], reason: str) -> None:
    application = created(emr)
    with pytest.raises(ClientError, match=reason):
        started(emr, application, **members)


def test_iam_evaluates_application_and_job_run(served: InProcess, emr: Any) -> None:
    application = created(emr)
    run = started(emr, application)
    ended(emr, run)
    asked = {one.action: one.resource_arn for one in served.evaluations}
    assert asked["emr-serverless:CreateApplication"] == "*"
    assert asked["emr-serverless:StartJobRun"].endswith(f"/applications/{application}")
    assert asked["emr-serverless:GetJobRun"].endswith(f"/jobruns/{run['jobRunId']}")


def test_the_end_of_the_server_fails_what_ran(
    service: EmrServerless, emr: Any, spark: FakeSpark
) -> None:
    spark.held.clear()
    run = started(emr, created(emr))
    until(emr, run, lambda found: found["state"] == "RUNNING")
    (sentence,) = service.resume()
    assert run["jobRunId"] in sentence
    found = emr.get_job_run(**run)["jobRun"]
    assert (found["state"], found["stateDetails"]) == ("FAILED", INTERRUPTED)
