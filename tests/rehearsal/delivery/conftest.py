"""The real server with CodeCommit, CodeBuild and CodePipeline, and a small delivery deployed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal.framework.root_keys import RootKeys

PROJECT = Path(__file__).parents[3]
ACCOUNT, REGION = "111111111111", "us-east-1"
SERVICES = (
    "rehearsal.services.codepipeline:CodePipeline",
    "rehearsal.services.codebuild:CodeBuild",
    "rehearsal.services.codecommit:CodeCommit",
    "rehearsal.services.codeconnections:CodeConnections",
    "rehearsal.services.codestar_notifications:CodeStarNotifications",
    "rehearsal.services.chatbot:Chatbot",
)
BUILDSPEC = """
version: 0.2
env:
  exported-variables: [VERSION]
phases:
  build:
    commands:
      - echo "$GREETING $AUDIENCE from $COMMIT"
      - test "$CODEBUILD_RESOLVED_SOURCE_VERSION" = "$COMMIT"
      - export VERSION="v-$(cat VERSION)"
      - sh check.sh
artifacts:
  files: [deployed.template.json]
"""
DEPLOYED = {
    "Parameters": {"Greeting": {"Type": "String"}},
    "Resources": {
        "Deployed": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Name": "demo-deployed",
                "Type": "String",
                "Value": {"Ref": "Greeting"},
            },
        }
    },
    "Outputs": {"Value": {"Value": {"Ref": "Greeting"}}},
}
SEED = {
    "buildspec.yml": BUILDSPEC,
    "VERSION": "1\n",
    "check.sh": "exit 0\n",
    "deployed.template.json": json.dumps(DEPLOYED),
}


@cache
def _session(key: str, secret: str, token: str | None, region: str) -> boto3.Session:
    return boto3.Session(key, secret, token, region_name=region)


@cache
def _client(session: boto3.Session, service: str, url: str, ca_bundle: str) -> Any:
    """Returns the same client each time: polls would spend their time on its creation."""
    return session.client(service, endpoint_url=url, verify=ca_bundle)  # type: ignore[call-overload]


@dataclass(frozen=True)
class Delivery:
    """The running server with the stack of template.yaml, as the root of the account."""

    url: str
    ca_bundle: str
    state: Path
    clone_url: str = ""

    def root_secret(self, account: str) -> str:
        return RootKeys.read(self.state).secret_access_key(account)

    def client(
        self, service: str, key: str = ACCOUNT, *, region: str = REGION, **credentials: str
    ) -> Any:
        secret = credentials.get("secret") or self.root_secret(key)
        session = _session(key, secret, credentials.get("token"), region)
        return _client(session, service, self.url, self.ca_bundle)

    def git(
        self, *arguments: str, directory: Path, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """git as a person has set it up for CodeCommit: the AWS CLI is the credential helper."""
        helper = f"!{Path(sys.executable).parent}/aws codecommit credential-helper $@"
        settings = {
            "credential.helper": f"{helper} --ignore-host-check",
            "credential.useHttpPath": "true",
            "user.name": "Ada",
            "user.email": "ada@example.com",
        }
        options = [item for key, value in settings.items() for item in ("-c", f"{key}={value}")]
        return subprocess.run(
            ["git", *options, *arguments],
            cwd=directory,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(directory),
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_SSL_CAINFO": self.ca_bundle,
                "AWS_CA_BUNDLE": self.ca_bundle,
                "AWS_ACCESS_KEY_ID": ACCOUNT,
                "AWS_SECRET_ACCESS_KEY": self.root_secret(ACCOUNT),
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                **(environment or {}),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def wait(self, what: str, look: Callable[[], Any], seconds: float = 60) -> Any:
        """Looks until there is something, and fails with `what` when there is nothing in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.2)
        pytest.fail(f"timed out waiting for {what}\n{self.log()}")

    def log(self) -> str:
        return (self.state / "server.log").read_text()[-4000:]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivery]:
    state = tmp_path_factory.mktemp("delivery") / "state"
    chosen = [item for service in SERVICES for item in ("--service", service)]
    process = subprocess.Popen(
        [sys.executable, "-m", "rehearsal.server.main", "--state-directory", str(state), *chosen],
        cwd=PROJECT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not (state / "endpoint.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"the server did not start: {process.communicate()[1]}")
            time.sleep(0.1)
        endpoint = json.loads((state / "endpoint.json").read_text())
        yield Delivery(endpoint["url"], endpoint["ca_bundle"], state)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


@pytest.fixture(scope="package")
def delivery(server: Delivery) -> Delivery:
    """The stack, deployed; its repository is seeded, so that the pipeline has started by itself."""
    seed = io.BytesIO()
    with zipfile.ZipFile(seed, "w") as archive:
        for name, text in SEED.items():
            archive.writestr(name, text)
    s3 = server.client("s3")
    s3.create_bucket(Bucket="seeds")
    s3.put_object(Bucket="seeds", Key="demo.zip", Body=seed.getvalue())
    cloudformation = server.client("cloudformation")
    cloudformation.create_stack(
        StackName="demo",
        TemplateBody=(Path(__file__).parent / "template.yaml").read_text(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": "SeedBucket", "ParameterValue": "seeds"},
            {"ParameterKey": "SeedKey", "ParameterValue": "demo.zip"},
        ],
    )

    def settled() -> Any:
        stack = cloudformation.describe_stacks(StackName="demo")["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    stack = server.wait("the stack", settled)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        events = cloudformation.describe_stack_events(StackName="demo")["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
            for event in events
            if event.get("ResourceStatusReason")
        ]
        pytest.fail(f"{stack['StackStatus']}\n" + "\n".join(reasons))
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    return Delivery(server.url, server.ca_bundle, server.state, outputs["CloneUrl"])
