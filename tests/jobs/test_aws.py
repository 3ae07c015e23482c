"""AWS Region of clients, which SageMaker sets in AWS_REGION only."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlops_jobs.aws import client
from mlops_jobs.failure import InputError
from seed_code.model_build.tests.conftest import Fitted
from tests.jobs.monitoring.captured import captured_calls
from tests.jobs.monitoring.captured import environment as monitor_environment

SRC = Path(__file__).parents[2] / "seed_code/model_build/src"
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


class Denying(ThreadingHTTPServer):
    """An AWS that denies every call, and records service and Region of each."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Denial)
        self.asked: list[tuple[str, str]] = []


class _Denial(BaseHTTPRequestHandler):
    server: Denying

    def deny(self) -> None:
        scope = re.search(r"Credential=key/\d+/([^/]+)/([^/]+)/", self.headers["Authorization"])
        assert scope is not None
        self.server.asked.append((scope[2], scope[1]))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = deny  # noqa: N815  the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is its own."""


@pytest.fixture
def aws_that_denies() -> Iterator[Denying]:
    with Denying() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("nothing_set")
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "us-gov-west-1"])
def test_every_client_calls_the_endpoint_of_the_region(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    for service in ("s3", "sts", "cloudwatch", "sagemaker", "sagemaker-featurestore-runtime"):
        made = client(service)
        assert made.meta.region_name == region
        assert f".{region}.amazonaws.com" in made.meta.endpoint_url


@pytest.mark.usefixtures("nothing_set")
def test_a_client_without_a_region_is_rejected() -> None:
    with pytest.raises(
        InputError, match=("AWS_REGION: got no Region for s3; SageMaker sets the variable")
    ):
        client("s3")


def container(server: Denying, variables: dict[str, str]) -> dict[str, str]:
    """Returns the environment of a container, with the address of a fake of AWS."""
    address = f"http://127.0.0.1:{server.server_port}"
    return {
        **variables,
        **KEYS,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SRC),
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": address,
    }


def run(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "tabular", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    return done.stderr


def test_a_monitor_publishes_in_the_region_of_its_container(
    aws_that_denies: Denying, binary: Fitted, tmp_path: Path
) -> None:
    capture = tmp_path / "capture.jsonl"
    rows = [row[:-1] for row in binary.raw[:20]]
    capture.write_text("\n".join(captured_calls(rows, binary.predictor)))
    variables = monitor_environment(
        tmp_path,
        "DATA_QUALITY",
        dataset_source=str(capture),
        publish_cloudwatch_metrics="Enabled",
        metrics_namespace="MLOps/DriftMonitor",
    )
    said = run(container(aws_that_denies, variables), "monitor")
    assert "metrics_namespace: PutMetricData failed" in said
    assert set(aws_that_denies.asked) == {("monitoring", "eu-central-1")}


def test_a_monitor_reads_a_bucket_of_the_region_of_its_container(
    aws_that_denies: Denying, tmp_path: Path
) -> None:
    variables = monitor_environment(tmp_path, "DATA_QUALITY", dataset_source="s3://bucket/capture")
    said = run(container(aws_that_denies, variables), "monitor")
    assert "s3://bucket/capture/: cannot be listed" in said
    assert set(aws_that_denies.asked) == {("s3", "eu-central-1")}


def test_ingestion_works_in_the_region_of_its_container(aws_that_denies: Denying) -> None:
    said = run(
        container(aws_that_denies, {}),
        "ingest",
        "--feature-group=customers",
        "--source=s3://bucket/features",
        "--ledger=s3://bucket/ledger",
    )
    assert "the call to AWS failed" in said
    assert set(aws_that_denies.asked) == {("sagemaker", "eu-central-1")}
