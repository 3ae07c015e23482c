"""A platform's pipeline changes itself, publishes assets and deploys the stages of its app.

Everything is real: the CDK CLI bootstraps and deploys once by hand; then a push adds a stage.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.client import server_process
from rehearsal.client.cdk import Cdk
from rehearsal.client.process_tree import Commands
from stacks.wheels import build_library_wheel
from tests.rehearsal.delivery.deployed_platform import ROOT, Platform

PATIENCE_SECONDS = 300.0
ELSEWHERE = "222222222222"


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
        deployed = Platform(aws, repository, "Platform")
        deployed.deploy("Platform")
        yield deployed
    finally:
        server_process.stop(directory)


def test_a_push_that_adds_stages_changes_the_pipeline_and_deploys_them(platform: Platform) -> None:
    stages = ["Staging", "Production", "Elsewhere"]
    (platform.repository / "stages.json").write_text(json.dumps(stages))
    platform.push()

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
