"""A platform with a pipeline that deploys it, and its repository."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rehearsal.client.local_aws import LocalAws

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Platform:
    """The account in which the platform was deployed by hand, and its repository.

    Args:
        aws: the local AWS, whose first account is that of the pipeline.
        repository: the repository of the platform.
        stack: stack of the pipeline.
    """

    aws: LocalAws
    repository: Path
    stack: str

    def push(self) -> None:
        """Commits all files and pushes them."""
        url = self.outputs(self.stack)["CloneUrl"]
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        for arguments in (
            ("init", "--quiet", "--initial-branch", "main"),
            ("add", "--all"),
            (*who, "commit", "--quiet", "--message", "Add a stage"),
            ("push", "--quiet", url, "main"),
        ):
            self.run("git", *arguments)

    def client(self, service: str, account: str, region: str | None = None) -> Any:
        """A client as root of an account."""
        there = replace(self.aws, accounts=(account,), region=region or self.aws.region)
        return there.client(service)

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

    def deploy(self, *arguments: str) -> None:
        """Deploys stacks by hand, with the CDK CLI."""
        cdk = shutil.which("cdk", path=self.aws.environment()["PATH"])
        self.run(str(cdk), "deploy", *arguments, "--require-approval", "never", "--no-notices")

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
