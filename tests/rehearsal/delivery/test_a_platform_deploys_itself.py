"""A platform's pipeline changes itself, publishes assets and deploys the stages of its app.

Everything is real: the CDK CLI bootstraps and deploys once by hand; then a push adds a stage.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rehearsal.client import server_process
from rehearsal.client.cdk import Cdk
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.process_tree import Commands
from stacks.wheels import build_library_wheel

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 300.0
ELSEWHERE = "222222222222"


@dataclass(frozen=True)
class Platform:
    """The account in which the platform was deployed by hand, and its repository."""

    aws: LocalAws
    repository: Path

    def push(self, *stages: str) -> None:
        """Commits an app with these stages and pushes it."""
        (self.repository / "stages.json").write_text(json.dumps(stages))
        url = self.outputs("Platform")["CloneUrl"]
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        for arguments in (
            ("init", "--quiet", "--initial-branch", "main"),
            ("add", "--all"),
            (*who, "commit", "--quiet", "--message", "Add a stage"),
            ("push", "--quiet", url, "main"),
        ):
            self.run("git", *arguments)

    def client(self, service: str, account: str) -> Any:
        """A client as root of an account."""
        secret = self.aws.root_keys.secret_access_key(account)
        return boto3.Session(account, secret, region_name=self.aws.region).client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.aws.url,
            verify=str(self.aws.ca_bundle),
            config=Config(s3={"addressing_style": "path"}),
        )

    def run(self, *command: str) -> None:
        done = subprocess.run(
            command,
            cwd=self.repository,
            env=self.aws.environment() | {"PYTHONPATH": f"{ROOT / 'constructs'}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"

    def outputs(self, stack: str) -> dict[str, str]:
        found = self.aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", ())}

    def executions(self) -> list[dict[str, Any]]:
        """The executions that have ended, the first one first; empty while one runs."""
        listed = self.aws.client("codepipeline").list_pipeline_executions(pipelineName="platform")
        found: list[dict[str, Any]] = listed["pipelineExecutionSummaries"][::-1]
        running = any(one["status"] in ("InProgress", "Stopping") for one in found)
        return [] if running else found

    def actions(self, execution: str) -> list[str]:
        """STAGE/ACTION STATUS of an execution, in their order, with what went wrong."""
        listed = self.aws.client("codepipeline").list_action_executions(
            pipelineName="platform", filter={"pipelineExecutionId": execution}
        )["actionExecutionDetails"]
        listed.sort(key=lambda action: action["startTime"])
        return [
            " ".join(
                (
                    f"{action['stageName']}/{action['actionName']}",
                    action["status"],
                    _error(action),
                )
            ).strip()
            for action in listed
        ]


def _error(action: dict[str, Any]) -> str:
    result = action.get("output", {}).get("executionResult", {})
    return str(result.get("errorDetails", {}).get("message", ""))


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("platform")
    repository, directory = folder / "repository", folder / "aws"
    repository.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, repository)
    shutil.copy(ROOT / "seed_code/model_deploy/requirements.txt", repository)
    shutil.copy(Path(__file__).parent / "platform_app.py", repository / "app.py")
    (repository / "cdk.json").write_text(json.dumps({"app": "python app.py"}))
    (repository / ".gitignore").write_text("cdk.out\nnode_modules\n")
    (repository / "stages.json").write_text(json.dumps(["Staging"]))
    build_library_wheel(repository / "wheels")
    aws, _ = server_process.start(directory)
    try:
        for account in (aws.account, ELSEWHERE):
            Cdk(Commands()).bootstrap(aws, f"aws://{account}/{aws.region}")
        deployed = Platform(aws, repository)
        cdk = shutil.which("cdk", path=os.pathsep.join([aws.environment()["PATH"]]))
        quiet = ("--require-approval", "never", "--no-notices")
        deployed.run(str(cdk), "deploy", "Platform", *quiet)
        yield deployed
    finally:
        server_process.stop(directory)


def test_a_push_that_adds_stages_changes_the_pipeline_and_deploys_them(platform: Platform) -> None:
    platform.push("Staging", "Production", "Elsewhere")

    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(executions := platform.executions()) < 3 and not _failed(executions):
        assert time.monotonic() < deadline, [platform.actions(_id(one)) for one in executions]
        time.sleep(0.5)

    *_, pushed, restarted = executions
    assert platform.actions(_id(pushed)) == [
        "Source/Source Succeeded",
        "Build/Synth Succeeded",
        "UpdatePipeline/SelfMutate Abandoned",
    ]
    assert pushed["status"] == "Cancelled"
    assert platform.actions(_id(restarted)) == [
        "Source/Source Succeeded",
        "Build/Synth Succeeded",
        "UpdatePipeline/SelfMutate Succeeded",
        "Assets/FileAssets Succeeded",
        "Staging/Prepare Succeeded",
        "Staging/Deploy Succeeded",
        "Production/Prepare Succeeded",
        "Production/Deploy Succeeded",
        "Elsewhere/Prepare Succeeded",
        "Elsewhere/Deploy Succeeded",
    ]
    ssm, s3 = platform.aws.client("ssm"), platform.aws.client("s3")
    assert ssm.get_parameter(Name="/greeting/Staging")["Parameter"]["Value"] == "no file"
    published = ssm.get_parameter(Name="/greeting/Production")["Parameter"]["Value"]
    bucket = f"cdk-hnb659fds-assets-{platform.aws.account}-{platform.aws.region}"
    content = s3.get_object(Bucket=bucket, Key=published)["Body"].read()
    assert json.loads(content) == ["Staging", "Production", "Elsewhere"]
    there = platform.client("ssm", ELSEWHERE)
    assert there.get_parameter(Name="/greeting/Elsewhere")["Parameter"]["Value"] == "no file"


def test_long_templates_leave_nothing_behind(platform: Platform) -> None:
    for account in (platform.aws.account, ELSEWHERE):
        buckets = platform.client("s3", account).list_buckets()["Buckets"]

        assert not [one["Name"] for one in buckets if one["Name"].startswith("codepipeline-")]


def _id(execution: dict[str, Any]) -> str:
    return str(execution["pipelineExecutionId"])


def _failed(executions: list[dict[str, Any]]) -> bool:
    """Whether the newest one failed; the very first did, as there was no branch yet."""
    return len(executions) > 1 and executions[-1]["status"] == "Failed"
