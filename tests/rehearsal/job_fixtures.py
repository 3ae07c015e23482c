"""S3, ECR and CloudWatch Logs in a separate process, and small images, for tests of jobs."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal.containers.build_log import BuildLog
from rehearsal.containers.image import Image
from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.interpreter import running_interpreter
from rehearsal.framework.platform import Scope
from rehearsal.services.codebuild.engine.plan import BuildPlan
from rehearsal.services.codebuild.engine.run import BuildRun
from rehearsal.services.sagemaker.data_plane import JobRun, ServedModel, ServerRun
from rehearsal.services.sagemaker.hosting.serving.model_server import ModelServer
from rehearsal.services.sagemaker.jobs.job import STOP_GRACE, Job
from tests.rehearsal.fakes import ROLE, SCOPE, FakePlatform
from tests.rehearsal.services.codebuild.build_observer import Observer, Prepare

ACCOUNT, REGION = "111111111111", "us-east-1"


@dataclass(frozen=True)
class JobSurroundings:
    """The inputs of a job beside its request, and a dedicated bucket."""

    session: boto3.Session
    environment: dict[str, str]
    image_store: ImageStore
    bucket: str
    directory: Path

    @property
    def scope(self) -> Scope:
        return Scope(ACCOUNT, REGION)

    def job(self, request: dict[str, Any], *, grace: float = STOP_GRACE, **options: Any) -> Job:
        """Returns the job of a Create*Job request; `options` are members of its JobRun."""
        name = next(value for member, value in request.items() if member.endswith("JobName"))
        run = JobRun(
            name=name,
            scope=self.scope,
            request=request,
            session=self.session,
            environment=self.environment,
            **options,
        )
        return Job(run, self.image_store, grace)

    def server(
        self,
        *containers: dict[str, Any],
        name: str = "e",
        restarts: bool = False,
        **options: Any,
    ) -> ModelServer:
        """Returns a server of containers; `options` are members of its model or its ServerRun."""
        members = {
            member: options.pop(member) for member in ("isolated", "direct") if member in options
        }
        run = ServerRun(
            name=name,
            scope=self.scope,
            model=ServedModel(containers=containers, role_arn=ROLE, **members),
            session=self.session,
            environment=self.environment,
            **options,
        )
        return ModelServer(run, self.image_store, restarts=restarts)

    def put(self, key: str, content: str | bytes) -> str:
        """Stores an object and returns its URI."""
        body = content.encode() if isinstance(content, str) else content
        self.session.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def get(self, key: str) -> bytes:
        response = self.session.client("s3").get_object(Bucket=self.bucket, Key=key)
        return response["Body"].read()

    def keys(self, prefix: str = "") -> list[str]:
        response = self.session.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in response.get("Contents", [])]

    def log_lines(self, group: str, stream_prefix: str = "") -> list[str]:
        """Returns the lines of all streams of a group whose name starts with a prefix."""
        logs, lines = self.session.client("logs"), []
        for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]:
            if stream["logStreamName"].startswith(stream_prefix):
                response = logs.get_log_events(
                    logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
                )
                lines += [event["message"] for event in response["events"]]
        return lines

    def image(self, program: str) -> str:
        """Builds and publishes an image whose entry point is a Python program; returns its URI."""
        context = self.directory / f"context-{uuid.uuid4().hex}"
        context.mkdir()
        (context / "main.py").write_text(program)
        (context / "Dockerfile").write_text(
            f"FROM python:{running_interpreter().minor_version}-slim\n"
            "COPY main.py /opt/program/\n"
            'ENTRYPOINT ["python3", "-u", "/opt/program/main.py"]\n'
        )
        repository = f"r{uuid.uuid4().hex[:8]}"
        self.session.client("ecr").create_repository(repositoryName=repository)
        uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}"
        publish(self.session, uri, ["v1"], self.image_store.build(context))
        return f"{uri}:v1"


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The URL of a plain ministack without authentication."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "LOG_LEVEL": "ERROR"}
    settings |= {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/_localstack/health", process)
        yield url
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 240
    while True:
        try:
            urllib.request.urlopen(url, timeout=60).close()  # noqa: S310  a local server
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("ministack did not start") from error
            time.sleep(0.1)


@pytest.fixture(scope="session")
def shared_image_store(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    return ImageStore(tmp_path_factory.mktemp("images"))


class EmulatorSession(boto3.Session):
    """Clients of the emulator, created once because loading a service model takes long."""

    def __init__(self, url: str) -> None:
        super().__init__(ACCOUNT, "any", region_name=REGION)
        self._url = url
        self._clients: dict[str, Any] = {}

    def client(self, service_name: str, *_: Any, **__: Any) -> Any:
        if service_name not in self._clients:
            made = super().client(service_name, endpoint_url=self._url)  # type: ignore[call-overload]
            self._clients[service_name] = made
        return self._clients[service_name]


@pytest.fixture(scope="session")
def emulator_session(emulator: str) -> boto3.Session:
    return EmulatorSession(emulator)


@pytest.fixture
def job_surroundings(
    emulator: str,
    emulator_session: boto3.Session,
    shared_image_store: ImageStore,
    tmp_path: Path,
) -> JobSurroundings:
    """A session, an environment and a fresh bucket of the emulator."""
    variables = {
        "AWS_ENDPOINT_URL": emulator,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "any",
    }
    bucket = f"bucket-{uuid.uuid4().hex[:12]}"
    emulator_session.client("s3").create_bucket(Bucket=bucket)
    return JobSurroundings(emulator_session, variables, shared_image_store, bucket, tmp_path)


@pytest.fixture(scope="session")
def plain_image() -> Image:
    """Python and nothing else."""
    return Image(digest="sha256:plain", interpreter=running_interpreter())


@pytest.fixture
def build_lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The log of the builds of a test."""
    found: list[str] = []
    monkeypatch.setattr(BuildLog, "_send", lambda _, line: found.append(line))
    return found


@pytest.fixture
def build_platform(tmp_path: Path) -> FakePlatform:
    platform = FakePlatform(tmp_path)
    platform.ca_bundle.write_text("certificates")
    return platform


@pytest.fixture
def prepare_build(build_platform: FakePlatform, tmp_path: Path, build_lines: list[str]) -> Prepare:
    def make(buildspec: str, **settings: Any) -> tuple[BuildRun, Observer]:
        build_uuid = str(uuid.uuid4())
        plan: dict[str, Any] = {
            "scope": SCOPE,
            "project": "demo",
            "build_id": f"demo:{build_uuid}",
            "build_uuid": build_uuid,
            "arn": SCOPE.arn("codebuild", f"build/demo:{build_uuid}"),
            "number": 7,
            "initiator": "ada",
            "service_role": ROLE,
            "source": {"type": "NO_SOURCE", "buildspec": buildspec},
            "source_version": None,
            "secondary_sources": [],
            "secondary_versions": {},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "secondary_artifacts": [],
            "environment": {"image": "aws/codebuild/amazonlinux-x86_64-standard:5.0"},
            "cache": {"type": "NO_CACHE"},
            "encryption_key": None,
            "log_group": None,
            "log_stream": None,
            "timeout_minutes": 5,
            "vpc": None,
            "volume": tmp_path / "volume",
            "caches": tmp_path / "volume/caches/demo",
        }
        observer = Observer()
        return BuildRun(BuildPlan(**plan | settings), build_platform, observer), observer

    return make
