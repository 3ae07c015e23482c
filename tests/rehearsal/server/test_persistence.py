"""What a user has made survives the end of the server, orderly or not."""

import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.server.main import SERVICES
from rehearsal.server.state_keeper import FILE_NAME, REPORT_NAME
from tests.rehearsal.conftest import Aws, start_server, wait_until_ready

WAIT_SECONDS = 120
TRUST = {"Service": ["sagemaker.amazonaws.com", "codepipeline.amazonaws.com"]}


@contextmanager
def serving(state: Path) -> Iterator[tuple[Any, Aws]]:
    (state / "endpoint.json").unlink(missing_ok=True)
    process = start_server(state, services=SERVICES)
    try:
        yield process, Aws(wait_until_ready(process, state), state)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        process.communicate()


def wait(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    pytest.fail(f"{what} did not happen")


def populate(aws: Aws) -> dict[str, str]:
    """Makes something in many services; returns what is needed to find it again."""
    role = aws.role("worker", TRUST, {"Action": "*"})
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="kept-artifacts")
    s3.put_bucket_versioning(Bucket="kept-artifacts", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="kept-artifacts", Key="data.csv", Body=b"a,b\n1,2\n")
    aws.client("ssm").put_parameter(Name="/kept", Value="1", Type="String")
    sagemaker = aws.client("sagemaker")
    sagemaker.create_model_package_group(
        ModelPackageGroupName="churn", Tags=[{"Key": "team", "Value": "ml"}]
    )
    sagemaker.create_feature_group(
        FeatureGroupName="customers",
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "String"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
        RoleArn=role,
    )
    wait(
        lambda: (
            sagemaker.describe_feature_group(FeatureGroupName="customers")["FeatureGroupStatus"]
            == "Created"
        ),
        "the feature group",
    )
    aws.client("sagemaker-featurestore-runtime").put_record(
        FeatureGroupName="customers",
        Record=[
            {"FeatureName": "id", "ValueAsString": "7"},
            {"FeatureName": "at", "ValueAsString": "2026-01-01T00:00:00Z"},
        ],
    )
    codecommit = aws.client("codecommit")
    codecommit.create_repository(repositoryName="churn")
    commit = codecommit.create_commit(
        repositoryName="churn",
        branchName="main",
        putFiles=[{"filePath": "a.txt", "fileContent": b"1"}],
    )["commitId"]
    aws.client("codeconnections").create_connection(ProviderType="GitHub", ConnectionName="team")
    aws.client("events").put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    aws.client("scheduler").create_schedule_group(Name="nights")
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    cloudwatch.put_dashboard(DashboardName="board", DashboardBody='{"widgets": []}')
    cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 5.0}])
    pipeline(aws, role)
    return {"commit": commit, "role": role}


def pipeline(aws: Aws, role: str) -> None:
    """A pipeline whose second stage waits for an approval."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.txt", "1")
    aws.client("s3").put_object(Bucket="kept-artifacts", Key="in.zip", Body=archive.getvalue())

    def action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
        kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
        return {"name": name, "actionTypeId": kind, **more}

    source = action(
        "In",
        "Source",
        "S3",
        configuration={
            "S3Bucket": "kept-artifacts",
            "S3ObjectKey": "in.zip",
            "PollForSourceChanges": "false",
        },
        outputArtifacts=[{"name": "source"}],
    )
    aws.client("codepipeline").create_pipeline(
        pipeline={
            "name": "release",
            "roleArn": role,
            "artifactStore": {"type": "S3", "location": "kept-artifacts"},
            "stages": [
                {"name": "Source", "actions": [source]},
                {"name": "Staging", "actions": [action("Approve", "Approval", "Manual")]},
            ],
        }
    )
    wait(lambda: token(aws), "the approval")


def token(aws: Aws) -> str | None:
    state = aws.client("codepipeline").get_pipeline_state(name="release")
    for stage in state["stageStates"]:
        for action in stage.get("actionStates", []):
            if found := action.get("latestExecution", {}).get("token"):
                return str(found)
    return None


def check(aws: Aws, made: dict[str, str]) -> None:
    s3, sagemaker = aws.client("s3"), aws.client("sagemaker")
    found = s3.get_object(Bucket="kept-artifacts", Key="data.csv")
    assert found["Body"].read() == b"a,b\n1,2\n"
    assert found["VersionId"] != "null"
    assert aws.client("iam").get_role(RoleName="worker")["Role"]["Arn"] == made["role"]
    group = sagemaker.describe_model_package_group(ModelPackageGroupName="churn")
    assert sagemaker.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]
    record = aws.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName="customers", RecordIdentifierValueAsString="7"
    )
    assert record["Record"]
    codecommit = aws.client("codecommit")
    branch = codecommit.get_branch(repositoryName="churn", branchName="main")["branch"]
    assert branch["commitId"] == made["commit"]
    metadata = codecommit.get_repository(repositoryName="churn")["repositoryMetadata"]
    assert metadata["cloneUrlHttp"].startswith(aws.endpoint["url"])
    assert len(aws.client("codeconnections").list_connections()["Connections"]) == 1
    assert aws.client("events").describe_rule(Name="nightly")["ScheduleExpression"]
    assert aws.client("scheduler").get_schedule_group(Name="nights")["State"] == "ACTIVE"
    cloudwatch = aws.client("cloudwatch")
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == 1
    assert cloudwatch.get_dashboard(DashboardName="board")["DashboardBody"]
    assert cloudwatch.list_metrics(Namespace="n")["Metrics"]
    execution = aws.client("codepipeline").list_pipeline_executions(pipelineName="release")
    assert [one["status"] for one in execution["pipelineExecutionSummaries"]] == ["InProgress"]
    # The approval is asked for again, and its decision ends the execution.
    given = wait(lambda: token(aws), "the approval after the start")
    aws.client("codepipeline").put_approval_result(
        pipelineName="release",
        stageName="Staging",
        actionName="Approve",
        token=given,
        result={"status": "Approved", "summary": "good"},
    )

    def status() -> str:
        shown = aws.client("codepipeline").list_pipeline_executions(pipelineName="release")
        return str(shown["pipelineExecutionSummaries"][0]["status"])

    wait(lambda: status() == "Succeeded", "the end of the execution")


def test_everything_is_there_after_a_stop(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving(state) as (_, aws):
        made = populate(aws)
        secret, trusted = aws.root_secret(), (state / "tls/certificate.pem").read_bytes()
        session = aws.person("ada", {"Action": "s3:*"})
    with serving(state) as (_, aws):
        assert aws.root_secret() == secret
        # A program that runs on trusts the server that it has trusted.
        assert (state / "tls/certificate.pem").read_bytes() == trusted
        assert trusted in (state / "tls/ca-bundle.pem").read_bytes()
        check(aws, made)
        # The session of a role stays valid, as AWS does not know of the stop.
        aws.client("s3", session).list_buckets()
        assert json.loads((state / REPORT_NAME).read_text())["interrupted"] == []


def test_a_crash_loses_at_most_seconds(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving(state) as (process, aws):
        made = populate(aws)
        wait_until_written(aws)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    with serving(state) as (_, aws):
        check(aws, made)


def test_state_of_another_version_is_kept_and_named(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / FILE_NAME).parent.mkdir(parents=True)
    damaged = b"\x80\x05\x8c\x02os\x8c\x06system\x93."
    (state / FILE_NAME).write_bytes(damaged)
    process = start_server(state, services=("toy_services:ToyRuntime",))
    _, errors = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 2
    assert "os.system is no part of a record" in errors
    assert "rehearse down --delete" in errors
    assert len(errors.strip().splitlines()) == 1
    assert (state / FILE_NAME).read_bytes() == damaged


def test_jobs_and_builds_that_ran_have_failed_with_the_reason(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving(state) as (process, aws):
        running(aws)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    with serving(state) as (_, aws):
        build = aws.client("codebuild")
        (found,) = build.list_builds()["ids"]
        shown = build.batch_get_builds(ids=[found])["builds"][0]
        assert shown["buildStatus"] == "FAULT"
        contexts = [context for phase in shown["phases"] for context in phase.get("contexts", [])]
        assert any("The local AWS ended" in context["message"] for context in contexts)
        report = json.loads((state / REPORT_NAME).read_text())
        assert any(found in line for line in report["interrupted"])


READ = "find / ! -path '/proc/*' \\( -name root-secret -o -name '*.state' \\) -exec cat {} +; "


def test_a_build_reads_neither_the_secret_of_the_root_nor_the_sessions_of_roles(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"
    with serving(state) as (_, aws):
        session = aws.person("ada").get_credentials()
        assert session is not None
        # The state is written again while the build runs.
        build = running(aws, f"sleep 5; {READ} echo all-is-read")
        logs = aws.client("logs")

        def lines() -> str:
            page = {"logGroupName": "/aws/codebuild/sleeper", "logStreamName": build.split(":")[1]}
            try:
                events = logs.get_log_events(**page)["events"]
            except ClientError:  # the stream does not exist yet
                return ""
            text = "\n".join(event["message"] for event in events)
            return text if "\nall-is-read" in text else ""

        printed = wait(lines, "the end of the reading")
        assert aws.root_secret() not in printed
        assert (state / "private/root-secret").read_text() not in printed
        assert str(session.secret_key) not in printed
        assert "sts.sessions" not in printed


def running(aws: Aws, *command: str) -> str:
    """Starts a build that does not end, and waits until the state has it."""
    role = aws.role("builder", {"Service": "codebuild.amazonaws.com"}, {"Action": "*"})
    build = aws.client("codebuild")
    commands = {"version": 0.2, "phases": {"build": {"commands": [*command, "sleep 1000"]}}}
    build.create_project(
        name="sleeper",
        source={"type": "NO_SOURCE", "buildspec": json.dumps(commands)},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=role,
    )
    identifier = build.start_build(projectName="sleeper")["build"]["id"]
    wait_until_written(aws)
    return str(identifier)


def wait_until_written(aws: Aws) -> None:
    """Waits until the state of this moment is in the file."""
    file, began = aws.state / FILE_NAME, time.time()
    # A change, as the state so far may have been written just before.
    aws.client("scheduler").create_schedule_group(Name="after-everything")
    wait(lambda: file.exists() and file.stat().st_mtime > began, "the writing of the state")
