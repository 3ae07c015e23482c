"""The guide for platform engineers: its commands, in their order."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws
from tests.docs.synthesis import ROOT
from tests.repository_copy import copy_repository
from tests.short_builds import shorten_builds

GUIDE = (ROOT / "docs/platform.md").read_text()
REHEARSAL = (ROOT / "docs/rehearsal.md").read_text()
PRODUCTION, PIPELINE, STAGING = "123456789012", "111111111111", "222222222222"
REGION, POLICY = "eu-central-1", "MlPlatformDeployment"
PATIENCE_SECONDS = 240.0
# Placeholders of the guide for values that are known later, or elsewhere.
NOT_HERE = {
    "make setup": "it has made the environment in which this test runs",
    "aws sagemaker add-tags": "it needs a Studio domain; the example of the construct has one",
}


def commands(guide: str) -> list[str]:
    """Returns the commands of a guide's shell blocks, without their comments."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", guide, re.S):
        lines = block.replace("\\\n", " ").splitlines()
        found += [re.sub(r"(^|\s+)#.*$", "", line).strip() for line in lines]
    return [re.sub(r"\s+", " ", one) for one in found if one]


@dataclass
class Reader:
    """A user who follows the guide in a copy of this repository."""

    aws: LocalAws
    folder: Path
    answers: dict[str, str] = field(default_factory=dict)
    projects: list[str] = field(default_factory=list)

    def run(self, command: str) -> str:
        """Runs a command unchanged, except for placeholders in capitals."""
        account = self.account(command)
        for placeholder, value in self.placeholders(account).items():
            command = command.replace(placeholder, value)
        if "cdk deploy" in command:
            command += " --require-approval never"  # the terminal is not interactive
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env={
                **self.aws.environment(),
                **self.credentials(command, account),
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "PYTHONPATH": str(ROOT / "constructs"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def credentials(self, command: str, account: str) -> dict[str, str]:
        """Returns credentials of the account's root, or of a principal of the product."""
        if "ProductId" not in command:
            return self.aws.root_variables(account)
        iam, sts = self.client("iam"), self.client("sts")
        trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
        role = iam.create_role(
            RoleName="ada",
            Path="/sagemaker-personas/",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
        iam.attach_role_policy(RoleName="ada", PolicyArn=administrator)
        given = sts.assume_role(RoleArn=role, RoleSessionName="ada")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    def account(self, command: str) -> str:
        """Returns the account whose credentials the guide requires."""
        if named := re.search(r"aws://(\d{12})/", command):
            return named[1]
        return PIPELINE if "config/organisation.yaml" in command else PRODUCTION

    def placeholders(self, account: str) -> dict[str, str]:
        policies = self.client("iam", account).list_policies(Scope="Local")["Policies"]
        arns = [one["Arn"] for one in policies if one["PolicyName"].startswith(POLICY)]
        return {
            "ACCOUNT/REGION": f"{PRODUCTION}/{REGION}",
            "POLICY_ARN,POLICY_ARN": ",".join(sorted(arns)),
            **self.answers,
        }

    def client(self, service: str, account: str = PRODUCTION) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.aws.url,
            verify=str(self.aws.ca_bundle),
            region_name=REGION,
            aws_access_key_id=account,
            aws_secret_access_key=self.aws.root_keys.secret_access_key(account),
        )

    def learn_outputs(self) -> None:
        """Reads the outputs of ProjectTemplates, as a user does."""
        stack = self.client("cloudformation").describe_stacks(StackName="ProjectTemplates")
        for output in stack["Stacks"][0]["Outputs"]:
            name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", output["OutputKey"]).upper()
            self.answers[name] = output["OutputValue"]

    def settled_project(self, name: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found: dict[str, Any] = self.client("sagemaker").describe_project(ProjectName=name)
            if not found["ProjectStatus"].endswith(("Pending", "InProgress")):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.5)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("guide")
    repository = copy_repository(tmp_path_factory.mktemp("repository"))
    shorten_builds(repository / "seed_code")
    aws, _ = server_process.start(folder / "aws")
    try:
        yield Reader(aws, repository)
    finally:
        server_process.stop(folder / "aws")


def edit(reader: Reader) -> None:
    """Makes the edits of a user after copying the example, except account and Region."""
    settings = reader.folder / "config/production.yaml"
    text = settings.read_text()
    catalog = 'project_templates: {service_catalog: {principals: ["role/sagemaker-personas/*"]}}'
    settings.write_text(text.replace("project_templates: {}", catalog))


def write_pipeline(reader: Reader) -> None:
    """Writes the settings of the guide."""
    (shown,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.S)
    (reader.folder / "config/organisation.yaml").write_text(shown)


def test_every_command_of_the_guide_works_in_its_order(reader: Reader) -> None:
    """From an empty account to one that a pipeline deploys."""
    files: list[str] = []
    for command in commands(GUIDE):
        if any(command.startswith(one) for one in NOT_HERE):
            continue
        if "POLICY_FILE" in command:
            for number, path in enumerate(files, 1):
                once = command.replace("POLICY_FILE", path).replace(
                    f"{POLICY}1", f"{POLICY}{number}"
                )
                reader.run(once)
                # The account of the stage gets its resources in the same way.
                reader.client("iam", STAGING).create_policy(
                    PolicyName=f"{POLICY}{number}",
                    PolicyDocument=(reader.folder / path).read_text(),
                )
            continue
        if "create-project" in command:
            reader.learn_outputs()
            name = f"fraud-{len(reader.projects) + 1}"
            reader.run(command.replace("fraud", name))
            reader.projects.append(name)
            project = reader.settled_project(name)
            assert project["ProjectStatus"] == "CreateCompleted", project
            continue
        if "config/organisation.yaml" in command:
            write_pipeline(reader)
        answer = reader.run(command)
        if command.startswith("cp "):
            edit(reader)
        if "execution-policy" in command:
            files = answer.split()
    stacks = reader.client("cloudformation", PIPELINE).describe_stacks()["Stacks"]
    found = {one["StackName"]: one["StackStatus"] for one in stacks}
    assert found["PlatformPipeline"] == "CREATE_COMPLETE"
    attached = reader.client("iam").list_attached_role_policies(
        RoleName=f"cdk-hnb659fds-cfn-exec-role-{PRODUCTION}-{REGION}"
    )["AttachedPolicies"]
    assert attached
    assert all(one["PolicyName"].startswith(POLICY) for one in attached)


def test_the_rehearsal_is_another_account_as_its_guide_says(reader: Reader) -> None:
    (block,) = [
        block for block in re.findall(r"```sh\n(.*?)```", REHEARSAL, re.S) if STAGING in block
    ]

    answer = reader.run(block.replace("\\\n", " "))

    assert f'"Account": "{STAGING}"' in answer
    stacks = reader.client("cloudformation", STAGING).describe_stacks(StackName="CDKToolkit")
    assert stacks["Stacks"][0]["StackStatus"].endswith("_COMPLETE")


def test_the_guide_makes_no_project_that_the_example_has() -> None:
    example = (ROOT / "config/examples/sandbox.yaml").read_text()
    deployed = re.findall(r"^\s*- name: (\w+)", example, re.M)

    made = re.findall(r"--project-name (\S+)", GUIDE)
    assert deployed and made
    assert not set(deployed) & set(made)
