"""MLflow Apps with AWS's own client, `sagemaker-mlflow`, in a shell and in a container."""

import os
import ssl
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import ACCOUNT, REGION, Aws, running_server
from tests.rehearsal.services.sagemaker.gateway import BUCKET, TRUST, wait

SERVICES = ("rehearsal.services.sagemaker.service:SageMaker",)
ARTIFACTS = {"Action": ["s3:*Object", "s3:ListBucket"]}
CALL = {"Action": "sagemaker:CallMlflowAppApi"}
TRACK = {"Action": ["sagemaker-mlflow:*"]}
RUN = """
    import sys, mlflow
    mlflow.set_tracking_uri(sys.argv[1])
    mlflow.set_experiment("churn")
    with mlflow.start_run(run_name="execution") as run:
        mlflow.log_params({"depth": 7})
        mlflow.log_metric("auc", 0.75)
        mlflow.log_text("<p>page</p>", "evaluation/page.html")
        with mlflow.start_run(run_name="trial", nested=True):
            mlflow.log_metric("auc", 0.7)
    print("run", run.info.run_id)
"""


READ = """
    import sys, mlflow
    mlflow.set_tracking_uri(sys.argv[1])
    client = mlflow.MlflowClient()
    run = client.get_run(sys.argv[2])
    trials = client.search_runs(
        [run.info.experiment_id], f"tags.mlflow.parentRunId = '{sys.argv[2]}'"
    )
    print("read", run.data.params["depth"], trials[0].data.metrics["auc"])
"""


@dataclass(frozen=True)
class Shell:
    """A shell with the variables of `rehearse env`."""

    cloud: Aws

    def python(self, session: boto3.Session, program: str, *arguments: str) -> Any:
        credentials = session.get_credentials()
        assert credentials is not None
        bundle, proxy = self.cloud.endpoint["ca_bundle"], self.cloud.endpoint["proxy"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        variables = {
            "AWS_ENDPOINT_URL": self.cloud.endpoint["url"],
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_SESSION_TOKEN": credentials.token or "",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CA_BUNDLE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "HTTPS_PROXY": proxy,
            "NO_PROXY": "127.0.0.1,localhost",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        }
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program), *arguments],
            env={**kept, **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def create_app(cloud: Aws, name: str, role: str, bucket: str = BUCKET) -> dict[str, Any]:
    sagemaker = cloud.client("sagemaker")
    arn = sagemaker.create_mlflow_app(
        Name=name, ArtifactStoreUri=f"s3://{bucket}/mlflow", RoleArn=role
    )["Arn"]

    def settled() -> Any:
        found = sagemaker.describe_mlflow_app(Arn=arn)
        return found if found["Status"] != "Creating" else None

    found: dict[str, Any] = wait(settled)
    return found


@dataclass(frozen=True)
class Tracked:
    """An App and a run that an earlier server has left."""

    app: str
    run_id: str
    artifacts: list[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def tracked(folder: Path) -> Tracked:
    with running_server(folder, SERVICES) as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        app = create_app(cloud, "team", cloud.role("mlflow-app", TRUST, ARTIFACTS))
        assert app["Status"] == "Created"
        tracker = cloud.person("tracker", CALL, TRACK, ARTIFACTS)
        done = Shell(cloud).python(tracker, RUN, app["Arn"])
        assert done.returncode == 0, done.stderr[-3000:]
        run_id = next(line.split()[1] for line in done.stdout.splitlines() if line[:4] == "run ")
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
        return Tracked(app["Arn"], run_id, keys)


@pytest.fixture(scope="module")
def cloud(folder: Path, tracked: Tracked) -> Iterator[Aws]:
    """A server with the state of the one that has tracked."""
    with running_server(folder, SERVICES) as aws:
        yield aws


def test_clients_write_artifacts_to_the_bucket_of_the_app(tracked: Tracked) -> None:
    page = f"{tracked.run_id}/artifacts/evaluation/page.html"
    assert [key for key in tracked.artifacts if key.endswith(page)]
    assert all(key.startswith("mlflow/") for key in tracked.artifacts)


def test_runs_outlive_the_server(cloud: Aws, tracked: Tracked) -> None:
    reader = cloud.person(
        "reader", CALL, {"Action": ["sagemaker-mlflow:GetRun", "sagemaker-mlflow:SearchRuns"]}
    )

    done = Shell(cloud).python(reader, READ, tracked.app, tracked.run_id)

    assert "read 7 0.7" in done.stdout, done.stderr[-3000:]


@pytest.mark.parametrize(
    ("name", "allowed", "missing"),
    [
        ("no-call", [TRACK], "sagemaker:CallMlflowAppApi"),
        ("no-get", [CALL, {"Action": "sagemaker-mlflow:SearchRuns"}], "sagemaker-mlflow:GetRun"),
        (
            "other-app",
            [
                {**one, "Resource": "arn:aws:sagemaker:*:*:mlflow-app/other"}
                for one in (CALL, TRACK)
            ],
            "sagemaker:CallMlflowAppApi",
        ),
    ],
)
def test_a_call_needs_the_action_of_its_operation_on_the_app(
    cloud: Aws, tracked: Tracked, name: str, allowed: list[dict[str, Any]], missing: str
) -> None:
    person = cloud.person(name, *allowed)

    done = Shell(cloud).python(person, READ, tracked.app, tracked.run_id)

    assert done.returncode != 0
    assert f"not authorized to perform: {missing} on resource: {tracked.app}" in done.stderr
    assert "403" in done.stderr or "PERMISSION_DENIED" in done.stderr


def test_a_wrong_signature_reaches_no_run(cloud: Aws, tracked: Tracked) -> None:
    stranger = cloud.session(ACCOUNT, "not-the-secret")

    done = Shell(cloud).python(stranger, READ, tracked.app, tracked.run_id)

    assert done.returncode != 0
    assert "signature" in done.stderr.lower()


def test_tracking_servers_are_rejected_by_name(cloud: Aws, tracked: Tracked) -> None:
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:mlflow-tracking-server/team"

    done = Shell(cloud).python(cloud.session(), READ, arn, tracked.run_id)

    assert "does not support MLflow tracking servers" in done.stderr
    with pytest.raises(ClientError, match=r"does not support .*CreateMlflowTrackingServer"):
        cloud.client("sagemaker").create_mlflow_tracking_server(
            TrackingServerName="team",
            ArtifactStoreUri=f"s3://{BUCKET}/x",
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/a",
        )


def test_the_pages_open_once_with_the_permissions_of_who_asked(
    cloud: Aws, tracked: Tracked
) -> None:
    opening = {"Action": ["sagemaker:CreatePresignedMlflowAppUrl", "sagemaker-mlflow:AccessUI"]}
    person = cloud.person("viewer", CALL, opening, {"Action": "sagemaker-mlflow:SearchExperiments"})
    sagemaker = cloud.client("sagemaker", person)
    url = sagemaker.create_presigned_mlflow_app_url(Arn=tracked.app)["AuthorizedUrl"]
    browser = urllib.request.build_opener(
        urllib.request.HTTPSHandler(
            context=ssl.create_default_context(cafile=cloud.endpoint["ca_bundle"])
        ),
        urllib.request.HTTPCookieProcessor(CookieJar()),
        urllib.request.ProxyHandler({}),
    )

    with browser.open(url, timeout=120) as page:
        assert "<title>MLflow</title>" in page.read().decode()
        place = page.url
    with browser.open(f"{place}static-files/favicon.ico", timeout=60) as icon:
        assert icon.status == 200
    search = urllib.request.Request(  # noqa: S310  # the URL of the local AWS
        f"{place}ajax-api/2.0/mlflow/experiments/search",
        b'{"max_results": 5}',
        {"Content-Type": "application/json"},
    )
    with browser.open(search, timeout=60) as found:
        assert "churn" in found.read().decode()
    with pytest.raises(urllib.error.HTTPError) as denied:
        browser.open(f"{place}ajax-api/2.0/mlflow/runs/get?run_id={tracked.run_id}", timeout=60)
    assert denied.value.code == 403
    with pytest.raises(urllib.error.HTTPError) as again:
        browser.open(url, timeout=60)
    assert again.value.code == 403


def test_an_app_without_its_bucket_fails(cloud: Aws) -> None:
    role = cloud.role("mlflow-lost", TRUST, ARTIFACTS)

    assert create_app(cloud, "lost", role, bucket="no-such-bucket")["Status"] == "CreateFailed"
