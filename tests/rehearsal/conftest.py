"""The server as a process, with toy services."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config

from rehearsal.framework.root_keys import RootKeys
from tests.rehearsal.job_fixtures import build_lines as build_lines
from tests.rehearsal.job_fixtures import build_platform as build_platform
from tests.rehearsal.job_fixtures import emulator as emulator
from tests.rehearsal.job_fixtures import emulator_session as emulator_session
from tests.rehearsal.job_fixtures import job_surroundings as job_surroundings
from tests.rehearsal.job_fixtures import plain_image as plain_image
from tests.rehearsal.job_fixtures import prepare_build as prepare_build
from tests.rehearsal.job_fixtures import shared_image_store as shared_image_store

PROJECT = Path(__file__).parents[2]
START_SECONDS = 240
STOP_SECONDS = 60
# A dependency has a package `tests`, so a dotted path from the root would find that one.
TOYS = "toy_services"
ACCOUNT = "111111111111"
REGION = "us-east-1"
SERVICES = (
    f"{TOYS}:ToySageMaker",
    f"{TOYS}:ToyRuntime",
    f"{TOYS}:ToyCodeCommit",
    "rehearsal.services.budgets:Budgets",
    "rehearsal.services.application_autoscaling:ApplicationAutoScaling",
    "rehearsal.services.scheduler:Scheduler",
    "rehearsal.services.cloudwatch:CloudWatch",
)


# Shared by all sessions: parsing the models of services is most of the time of a session.
_MODELS = botocore.session.Session().get_component("data_loader")


def start_server(state: Path, *options: str, services: tuple[str, ...] = SERVICES) -> Any:
    """Starts the server as a separate process."""
    chosen = [item for service in services for item in ("--service", service)]
    command = [sys.executable, "-m", "rehearsal.server.main", "--state-directory", str(state)]
    return subprocess.Popen(
        [*command, *chosen, *options],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}{os.pathsep}{Path(__file__).parent / 'toys'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until_ready(process: Any, state: Path) -> dict[str, Any]:
    """Returns the content of endpoint.json when it exists."""
    deadline = time.monotonic() + START_SECONDS
    while not (state / "endpoint.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"The server did not start: {process.communicate()[1]}")
        time.sleep(0.1)
    endpoint: dict[str, Any] = json.loads((state / "endpoint.json").read_text())
    return endpoint


@dataclass(frozen=True)
class Aws:
    """The running server, and clients for it."""

    endpoint: dict[str, Any]
    state: Path
    clients: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)

    def root_secret(self, account: str = ACCOUNT) -> str:
        """Returns the secret access key of the root of an account."""
        return RootKeys.read(self.state).secret_access_key(account)

    def session(
        self, key: str = ACCOUNT, secret: str | None = None, token: str | None = None
    ) -> boto3.Session:
        """Returns a session; by default of the root user of the account."""
        core = botocore.session.Session()
        core.register_component("data_loader", _MODELS)
        return boto3.Session(
            botocore_session=core,
            aws_access_key_id=key,
            aws_secret_access_key=secret or self.root_secret(key),
            aws_session_token=token,
            region_name=REGION,
        )

    def client(self, service: str, session: boto3.Session | None = None, **config: Any) -> Any:
        """Returns a client, which is kept: its creation takes 25 times as long as a call."""
        key = (service, session, repr(config))
        if key not in self.clients:
            self.clients[key] = (session or self.session()).client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.endpoint["url"],
                verify=self.endpoint["ca_bundle"],
                config=Config(retries={"max_attempts": 0}, **config),
            )
        return self.clients[key]

    def role(self, name: str, trusts: dict[str, Any], *allows: dict[str, Any]) -> str:
        """Creates a role with a trust policy and the given statements; returns its ARN."""
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": trusts, "Action": "sts:AssumeRole"}
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy([trust]))[
            "Role"
        ]["Arn"]
        if allows:
            document = _policy([{"Effect": "Allow", "Resource": "*", **one} for one in allows])
            iam.put_role_policy(RoleName=name, PolicyName="allow", PolicyDocument=document)
        return arn

    def person(self, name: str, *allows: dict[str, Any]) -> boto3.Session:
        """Returns a session of a new role that the account may assume."""
        arn = self.role(name, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, *allows)
        given = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="person")
        keys = given["Credentials"]
        return self.session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    def settled(self, stack: str, client: Any = None) -> dict[str, Any]:
        """Waits for the operation of a stack; returns the stack with the reasons of failures."""
        cloudformation = client or self.client("cloudformation")
        while True:
            found: dict[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            if not found["StackStatus"].endswith("IN_PROGRESS"):
                break
            time.sleep(0.05)
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        failed = [e for e in events if e["ResourceStatus"].endswith("FAILED")]
        return {**found, "Reasons": [e.get("ResourceStatusReason", "") for e in failed]}

    def deploy(self, stack: str, resources: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Creates a stack, or updates it with `update=True`; waits for its end."""
        client = options.pop("client", None) or self.client("cloudformation")
        outputs = options.pop("outputs", {})
        operation = client.update_stack if options.pop("update", False) else client.create_stack
        template = {"Resources": resources, "Outputs": outputs}
        operation(StackName=stack, TemplateBody=json.dumps(template), **options)
        return self.settled(stack, client)


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@contextmanager
def running_server(folder: Path, services: tuple[str, ...] = SERVICES) -> Iterator[Aws]:
    """A server with its state below a folder; it ends with the block."""
    state = folder / "state"
    process = start_server(state, services=services)
    try:
        yield Aws(wait_until_ready(process, state), state)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_server(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture
def start() -> Iterator[Any]:
    """Starts servers with `start(state, *options, services=...)`; ends them after the test."""
    processes = []

    def begin(*arguments: Any, **options: Any) -> Any:
        processes.append(start_server(*arguments, **options))
        return processes[-1]

    yield begin
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def server_process(start: Any, tmp_path: Path) -> Any:
    """A dedicated server: `server_process(services=...)` returns its process and endpoint."""

    def begin(**options: Any) -> Any:
        process = start(tmp_path / "state", **options)
        return process, wait_until_ready(process, tmp_path / "state")

    return begin
