"""The pipeline of the settings deploys this repository's own stacks, by pushes of its files.

The CDK CLI deploys the pipeline once by hand; then a push adds a wave. The first wave is in the
account of the pipeline, below a prefix; the second one in another account, after an approval.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.client import server_process
from rehearsal.client.cdk import Cdk
from rehearsal.client.process_tree import Commands
from tests.rehearsal.delivery.deployed_platform import ROOT, Platform

TOOLING, OTHER = "111111111111", "222222222222"
REGION = "us-east-1"
CONFIG = "config/platform.yaml"
ACCOUNTS = f"""
accounts:
  tooling: {{id: "{TOOLING}", region: {REGION}}}
  dev: {{id: "{TOOLING}", region: {REGION}, prefix: dev-}}
  prod: {{id: "{OTHER}", region: {REGION}}}
project_templates: {{in: [dev, prod], templates: [{{name: tabular-model}}]}}
platform_pipeline:
  in: tooling
  waves:
    - {{accounts: [dev]}}
"""
PROD = '    - {accounts: [prod], approval: "Deploy to production?"}\n'
PATIENCE_SECONDS = 900.0


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("platform")
    repository = folder / "repository"
    for path in _tracked_files():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, repository / path)
    (repository / CONFIG).write_text(ACCOUNTS)
    aws, _ = server_process.start(folder / "aws")
    try:
        for place in (f"{TOOLING}/{REGION}", f"{OTHER}/{REGION}"):
            Cdk(Commands()).bootstrap(aws, f"aws://{place}")
        deployed = Platform(aws, repository, "PlatformPipeline")
        deployed.deploy("PlatformPipeline", "--context", f"config={CONFIG}")
        yield deployed
    finally:
        server_process.stop(folder / "aws")


def _tracked_files() -> list[str]:
    """The files that a push of this repository contains and that exist."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [path for path in listed.split("\0") if path and (ROOT / path).is_file()]


def _wait(platform: Platform, what: str, look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, (what, _actions(platform))
        time.sleep(0.5)
    return found


def _actions(platform: Platform) -> list[str]:
    """The actions of the newest execution."""
    listed = platform.aws.client("codepipeline").list_pipeline_executions(pipelineName="platform")
    return platform.actions(listed["pipelineExecutionSummaries"][0]["pipelineExecutionId"])


def _approval(platform: Platform) -> dict[str, str] | None:
    """The approval that the newest execution waits for; a failed action ends the test."""
    failed = [one for one in _actions(platform) if " Failed" in one]
    if any("Source/Source" not in one for one in failed):
        pytest.fail("\n".join(failed))
    states = platform.aws.client("codepipeline").get_pipeline_state(name="platform")["stageStates"]
    waiting = (
        {"stageName": stage["stageName"], "actionName": action["actionName"], "token": token}
        for stage in states
        for action in stage["actionStates"]
        if (token := action.get("latestExecution", {}).get("token"))
    )
    return next(waiting, None)


def test_a_push_deploys_the_stacks_of_all_waves(platform: Platform) -> None:
    (platform.repository / CONFIG).write_text(ACCOUNTS + PROD)
    platform.push()

    approval = _wait(platform, "the approval", lambda: _approval(platform))

    assert approval["stageName"] == "Prod"
    there = platform.client("cloudformation", OTHER)
    assert "ProjectTemplates" not in _stacks(there)
    platform.aws.client("codepipeline").put_approval_result(
        pipelineName="platform", result={"summary": "yes", "status": "Approved"}, **approval
    )
    executions = _wait(platform, "the deployment", platform.executions)

    assert executions[-1]["status"] == "Succeeded", _actions(platform)
    succeeded = [one.removesuffix(" Succeeded") for one in _actions(platform)]
    assert succeeded[:4] == [
        "Source/Source",
        "Build/Synth",
        "UpdatePipeline/SelfMutate",
        "Assets/FileAssets",
    ]
    here = platform.client("cloudformation", TOOLING)
    assert _stacks(here)["dev-ProjectTemplates"] == "CREATE_COMPLETE"
    assert _stacks(there)["ProjectTemplates"] == "CREATE_COMPLETE"


def _stacks(cloudformation: Any) -> dict[str, str]:
    return {
        one["StackName"]: one["StackStatus"] for one in cloudformation.describe_stacks()["Stacks"]
    }
