"""The loop in four accounts: code and pipelines in one, a stage in each of the others.

Settings and commands are those of docs/project-accounts.md, and IAM is enforced.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rehearsal.framework.root_keys import RootKeys
from tests.end_to_end.conftest import FLIGHT, ROOT, TIMEOUT_SECONDS, Checkout, client_of

TOOLING, REGION = "111111111111", "us-east-1"
STAGES = {"dev": "222222222222", "staging": "333333333333", "prod": "444444444444"}
GUIDE = (ROOT / "docs/project-accounts.md").read_text().replace("eu-central-1", REGION)
SETTINGS = next(iter(re.findall(r"```yaml\n(.*?)```", GUIDE, re.S)))
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_SCRIPT = re.compile(r"```sh\n# With credentials of (\d{12})\n(.*?)```", re.S)


def scripts(title: str) -> list[tuple[str, str]]:
    """Returns the commands of a section of the guide, each with its account."""
    (_, text) = GUIDE.split(f"\n## {title}\n")
    found = _SCRIPT.findall(text.partition("\n## ")[0])
    return [(account, script.replace("POLICY_ARN", ADMINISTRATOR)) for account, script in found]


@dataclass(frozen=True)
class Accounts:
    """Four accounts of a local AWS in a copy of the checkout."""

    checkout: Checkout

    def client(self, service: str, account: str) -> Any:
        """Returns a client of the root of an account."""
        variables = self.checkout.environment
        keys = RootKeys.read(self.checkout.folder / "build/rehearsal/aws")
        return client_of(
            variables["AWS_ENDPOINT_URL"],
            variables["AWS_CA_BUNDLE"],
            account,
            keys.secret_access_key(account),
            REGION,
            service,
        )

    def run(self, script: str, account: str) -> None:
        """Runs commands of the guide as the administrator of an account."""
        keys = RootKeys.read(self.checkout.folder / "build/rehearsal/aws")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.checkout.folder,
            env={
                **os.environ,
                **self.checkout.environment,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": "constructs:jobs",
                "AWS_ACCESS_KEY_ID": account,
                "AWS_SECRET_ACCESS_KEY": keys.secret_access_key(account),
                "AWS_PAGER": "",
            },
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]

    def git(self, folder: Path, *arguments: str) -> None:
        user = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        done = subprocess.run(
            ["git", *user, *arguments],
            cwd=folder,
            env={**os.environ, **self.checkout.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def push(self) -> None:
        """Clones model-build, changes the settings and pushes them."""
        stack = self.client("cloudformation", TOOLING).describe_stacks(StackName="Project-churn")
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Stacks"][0]["Outputs"]}
        clone = self.checkout.folder / "model-build"
        self.git(self.checkout.folder, "clone", outputs["ModelBuildRepositoryCloneUrl"], str(clone))
        readme = clone / "README.md"
        readme.write_text(readme.read_text() + "\nTrained in the tooling account.\n")
        self.git(clone, "commit", "--all", "--message", "Train the model")
        self.git(clone, "push", "origin", "main")

    def newest(self, pipeline: str) -> dict[str, Any]:
        """Returns the newest execution of a pipeline."""
        codepipeline = self.client("codepipeline", TOOLING)
        listed = codepipeline.list_pipeline_executions(pipelineName=f"churn-{pipeline}")
        found: dict[str, Any] = listed["pipelineExecutionSummaries"][0]
        return found

    def states(self, pipeline: str) -> list[dict[str, Any]]:
        """Returns the states of the actions of a pipeline."""
        codepipeline = self.client("codepipeline", TOOLING)
        stages = codepipeline.get_pipeline_state(name=f"churn-{pipeline}")["stageStates"]
        return [one for stage in stages for one in stage["actionStates"]]

    def succeed(self, pipeline: str) -> None:
        """Waits until the newest execution of a pipeline succeeds."""
        newest = wait(lambda: self.ended(pipeline))
        failed = [one for one in self.states(pipeline) if "errorDetails" in str(one)]
        assert newest["status"] == "Succeeded", failed

    def ended(self, pipeline: str) -> dict[str, Any] | None:
        newest = self.newest(pipeline)
        return None if newest["status"] in ("InProgress", "Stopping") else newest

    def approve(self, package: str) -> None:
        """Approves a model, and the deployment to production when it asks."""
        before = self.newest("model-deploy")["pipelineExecutionId"]
        self.client("sagemaker", TOOLING).update_model_package(
            ModelPackageArn=package, ModelApprovalStatus="Approved"
        )
        wait(lambda: self.newest("model-deploy")["pipelineExecutionId"] != before)
        token = wait(self.token)
        self.client("codepipeline", TOOLING).put_approval_result(
            pipelineName="churn-model-deploy",
            stageName="Staging",
            actionName="Approval",
            result={"summary": "by the test", "status": "Approved"},
            token=token,
        )

    def token(self) -> str | None:
        """Returns the token of the approval that waits; fails if the execution has failed."""
        failed = [one for one in self.states("model-deploy") if "errorDetails" in str(one)]
        assert self.newest("model-deploy")["status"] == "InProgress", failed
        (asked,) = (one for one in self.states("model-deploy") if one["actionName"] == "Approval")
        token: str | None = asked.get("latestExecution", {}).get("token")
        return token


def wait(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.5)
    return found


@pytest.fixture(scope="module")
def accounts(separate_checkout: Checkout) -> Accounts:
    """A project whose model is in service in all accounts, beginning with a push."""
    started = separate_checkout.rehearse("up")
    assert started.returncode == 0, started.stdout + started.stderr
    found = Accounts(separate_checkout)
    (separate_checkout.folder / "config/four.yaml").write_text(SETTINGS)
    for account, script in scripts("Deploy"):
        found.run(script, account)
    for pipeline in ("model-build", "model-deploy"):
        wait(partial(found.ended, pipeline))
    assert found.newest("model-deploy")["status"] == "Succeeded"  # nothing is approved yet
    found.push()
    wait(lambda: found.newest("model-build")["status"] == "InProgress")
    found.succeed("model-build")
    packages = found.client("sagemaker", TOOLING).list_model_packages(
        ModelPackageGroupName="churn", SortBy="CreationTime", SortOrder="Descending"
    )["ModelPackageSummaryList"]
    found.approve(packages[0]["ModelPackageArn"])
    found.succeed("model-deploy")
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_a_push_in_tooling_becomes_an_endpoint_in_each_account(
    accounts: Accounts, stage: str
) -> None:
    sagemaker = accounts.client("sagemaker", STAGES[stage])
    endpoint = sagemaker.describe_endpoint(EndpointName=f"churn-{stage}")
    assert endpoint["EndpointStatus"] == "InService"
    response = accounts.client("sagemaker-runtime", STAGES[stage]).invoke_endpoint(
        EndpointName=f"churn-{stage}", ContentType="text/csv", Body=FLIGHT
    )
    label, probability = response["Body"].read().decode().strip().split(",")
    assert label in ("yes", "no")
    assert 0 <= float(probability) <= 1


def test_the_account_of_the_project_hosts_nothing(accounts: Accounts) -> None:
    assert not accounts.client("sagemaker", TOOLING).list_endpoints()["Endpoints"]


def test_each_stage_has_settings_in_the_repository(accounts: Accounts) -> None:
    codecommit = accounts.client("codecommit", TOOLING)
    folder = codecommit.get_folder(repositoryName="churn-model-deploy", folderPath="config")
    assert {one["relativePath"] for one in folder["files"]} == {f"{stage}.yaml" for stage in STAGES}


def test_no_change_shows_no_difference(accounts: Accounts) -> None:
    accounts.run("npx cdk diff --all --fail --context config=config/four.yaml", TOOLING)


def test_a_stage_is_removed_by_the_commands_of_the_guide(accounts: Accounts) -> None:
    iam, prefix = accounts.client("iam", STAGES["dev"]), "/sagemaker-projects/"
    assert len(iam.list_roles(PathPrefix=prefix)["Roles"]) == 8
    remove, *clean_up = scripts("Remove a stage")

    accounts.run(remove[1], remove[0])

    assert not accounts.client("sagemaker", STAGES["dev"]).list_endpoints()["Endpoints"]
    remaining = {one["RoleName"] for one in iam.list_roles(PathPrefix=prefix)["Roles"]}
    kept = ("cfn", "model", "monitor", "starter")
    assert remaining == {f"churn-dev-{REGION}-{name}" for name in kept}
    for account, script in clean_up:
        accounts.run(script, account)
    assert not iam.list_roles(PathPrefix=prefix)["Roles"]
    assert not accounts.client("sqs", STAGES["dev"]).list_queues().get("QueueUrls")
