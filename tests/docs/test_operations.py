"""The pages about operations: their commands, on one organisation, in the order of its life.

It takes minutes: the CDK CLI deploys the platform of two accounts, changes it and destroys it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws
from tests.docs.synthesis import ROOT
from tests.docs.waiting import eventually
from tests.repository_copy import copy_repository
from tests.short_builds import shorten_builds

PAGES = ROOT / "docs/operations"
DEV, PROD, REGION = "111111111111", "222222222222", "eu-central-1"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
CONFIG, PEOPLE = "config/company.yaml", "config/people.yaml"
EARLIER_VERSION = "0.0.9"
# Commands of blocks without `sh`, and why the rehearsal does not run them.
ON_AWS_ONLY = {
    "aws kms rotate-key-on-demand": "a key of the rehearsal has one material",
    "aws cloudformation continue-update-rollback": "it needs a rollback that has failed",
    "npx cdk rollback": "it needs a rollback that has failed",
}
_BLOCK = re.compile(r"```(sh|yaml|console)\n(.*?)```", re.S)
_ACCOUNT = re.compile(r"# With credentials of (\d{12})")
_VARIABLES = "ROLE|KEY|DOMAIN_ID|DOMAIN_ARN|LOCATION"


def blocks(page: str, section: str = "") -> list[tuple[str, str]]:
    """Returns the language and the text of the blocks of a page, or of one of its sections."""
    text = (PAGES / f"{page}.md").read_text()
    if section:
        (_, text) = text.split(f"\n## {section}\n")
        text = text.partition("\n## ")[0]
    return _BLOCK.findall(text)


@dataclass
class Engineer:
    """A platform engineer, with a copy of this repository and all accounts of the organisation."""

    aws: LocalAws
    folder: Path

    def follow(self, page: str, section: str = "", **placeholders: str) -> str:
        """Follows a page: writes its settings and runs its commands; returns their output."""
        output = ""
        for language, text in blocks(page, section):
            if language == "yaml":
                self.write_settings(text)
            elif language == "sh":
                output += self.run(text, **placeholders)
        return output

    def run(self, script: str, **placeholders: str) -> str:
        """Runs commands as the administrator of the account that they name; returns the output."""
        done = self.attempt(script, **placeholders)
        assert done.returncode == 0, f"{script}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def attempt(self, script: str, **placeholders: str) -> subprocess.CompletedProcess[str]:
        """Runs commands, which may fail; variables of the shell remain for the next ones."""
        account = found[1] if (found := _ACCOUNT.search(script)) else DEV
        for placeholder, value in {"POLICY_ARN": ADMINISTRATOR, **placeholders}.items():
            script = script.replace(placeholder, value)
        keep = f"export -p | grep -E '^declare -x ({_VARIABLES})=' > variables.sh || true"
        lines = ["set -a", "touch variables.sh", "source variables.sh", script, keep]
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
            cwd=self.folder,
            env={
                **self.aws.environment(),
                **self.aws.root_variables(account),
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_PAGER": "",
                "CDK_REQUIRE_APPROVAL": "never",  # the terminal is not interactive
                "PATH": f"{Path(sys.executable).parent}:{self.aws.environment()['PATH']}",
                "PYTHONPATH": "constructs:jobs",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def write_settings(self, shown: str) -> None:
        """Adds settings to the file that the first line names; other excerpts are not written."""
        if named := re.match(r"# (config/\w+\.yaml)\n", shown):
            path = self.folder / named[1]
            before = yaml.safe_load(path.read_text()) if path.exists() else {}
            path.write_text(yaml.safe_dump(merged(before, yaml.safe_load(shown))))

    def settings(self, path: str = CONFIG) -> dict[str, Any]:
        """Returns the settings of a file."""
        found: dict[str, Any] = yaml.safe_load((self.folder / path).read_text())
        return found

    def save(self, settings: Mapping[str, Any], path: str = CONFIG) -> None:
        """Writes the settings of a file anew."""
        (self.folder / path).write_text(yaml.safe_dump(dict(settings)))

    def client(self, service: str, account: str = DEV) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.aws.url,
            verify=str(self.aws.ca_bundle),
            region_name=REGION,
            aws_access_key_id=account,
            aws_secret_access_key=self.aws.root_keys.secret_access_key(account),
        )

    def stacks(self, account: str = DEV) -> dict[str, str]:
        """Returns the status of each stack of an account, without the bootstrap stack."""
        found = self.client("cloudformation", account).describe_stacks()["Stacks"]
        return {
            one["StackName"]: one["StackStatus"]
            for one in found
            if one["StackName"] != "CDKToolkit"
        }

    def resources(self) -> dict[str, list[str]]:
        """Returns the stateful resources of the account of the platform, by their kind."""
        sagemaker = self.client("sagemaker")
        repositories = self.client("codecommit").list_repositories()["repositories"]
        return {
            "buckets": [one["Name"] for one in self.client("s3").list_buckets()["Buckets"]],
            "keys": [one["KeyId"] for one in self.client("kms").list_keys()["Keys"]],
            "repositories": [one["repositoryId"] for one in repositories],
            "domains": [one["DomainId"] for one in sagemaker.list_domains()["Domains"]],
        }

    def profiles(self) -> set[str]:
        found = self.client("sagemaker").list_user_profiles()["UserProfiles"]
        return {one["UserProfileName"] for one in found}


def merged(before: Any, change: Any) -> Any:
    """Returns settings with a change; a list of named entries gets or replaces an entry."""
    if isinstance(before, dict) and isinstance(change, dict):
        return {**before, **{key: merged(before.get(key), one) for key, one in change.items()}}
    if isinstance(before, list) and isinstance(change, list):
        names = [one["name"] for one in change]
        return [*(one for one in before if one["name"] not in names), *change]
    return change


@pytest.fixture(scope="module")
def engineer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engineer]:
    """An engineer after the first deployment, which was one of an earlier version."""
    folder = tmp_path_factory.mktemp("operations")
    repository = copy_repository(tmp_path_factory.mktemp("repository"))
    shorten_builds(repository / "seed_code")
    aws, _ = server_process.start(folder / "aws")
    try:
        found = Engineer(aws, repository)
        set_version(found.folder, EARLIER_VERSION)
        found.follow("first-deployment")
        yield found
    finally:
        server_process.stop(folder / "aws")


def set_version(folder: Path, version: str) -> None:
    file = folder / "pyproject.toml"
    text = (ROOT / "pyproject.toml").read_text()
    file.write_text(re.sub(r'^version = ".*"', f'version = "{version}"', text, flags=re.M))


@pytest.mark.parametrize("page", sorted(path.stem for path in PAGES.glob("*.md")))
def test_a_page_names_each_command_that_is_for_aws_only(page: str) -> None:
    for language, text in blocks(page):
        if language == "console":
            assert any(command in text for command in ON_AWS_ONLY), text
    assert any(language == "sh" for language, _ in blocks(page))


def test_the_first_deployment_is_complete_with_the_execution_policies(engineer: Engineer) -> None:
    assert set(engineer.stacks()) >= {"Network", "Studio", "People", "Project-churn"}
    assert set(engineer.stacks().values()) == {"CREATE_COMPLETE"}
    assert engineer.profiles() == {"ada"}
    attached = engineer.client("iam").list_attached_role_policies(
        RoleName=f"cdk-hnb659fds-cfn-exec-role-{DEV}-{REGION}"
    )["AttachedPolicies"]
    assert attached
    assert all(one["PolicyName"].startswith("ml-platform-") for one in attached)


def test_a_person_is_added(engineer: Engineer) -> None:
    engineer.follow("add", "Add a person")

    assert engineer.profiles() == {"ada", "grace"}


def test_a_project_is_added(engineer: Engineer) -> None:
    engineer.follow("add", "Add a project")

    assert engineer.stacks()["Project-fraud"] == "CREATE_COMPLETE"


def test_an_account_is_added_for_a_stage(engineer: Engineer) -> None:
    engineer.follow("add", "Add an account")

    assert engineer.stacks(PROD) == {"ProjectTarget-fraud-prod": "CREATE_COMPLETE"}
    pipeline = engineer.client("codepipeline").get_pipeline(name="fraud-model-deploy")["pipeline"]
    assert f"arn:aws:iam::{PROD}:role/" in str(pipeline["stages"])


def test_the_ids_of_an_existing_network_are_valid_settings(engineer: Engineer) -> None:
    output = engineer.follow("take-over", "Network")

    assert re.search(r"subnet-\S+\s+vpc-", output)
    ((_, shown),) = [one for one in blocks("take-over", "Network") if one[0] == "yaml"]
    accounts = {"accounts": engineer.settings()["accounts"]}
    engineer.save({**accounts, **yaml.safe_load(shown)}, "config/existing.yaml")
    plan = engineer.run("python -m stacks plan --config config/existing.yaml")
    assert "Network" not in re.findall(r"^\s*(\w+)", plan, re.M)


def test_an_existing_domain_lists_the_project_templates(engineer: Engineer) -> None:
    output = engineer.follow("take-over", "Domain")

    assert "s3://" in output


def test_all_keys_are_rotated_every_year(engineer: Engineer) -> None:
    output = engineer.follow("rotate-a-key")

    rotated = dict(line.split() for line in output.splitlines())
    assert list(rotated.values()).count("True") >= 3
    kms = engineer.client("kms")
    for key in [one for one, status in rotated.items() if status != "True"]:
        # AWS rotates its own keys; the rehearsal lists the one of S3 without rotation.
        description = kms.describe_key(KeyId=key)["KeyMetadata"]["Description"]
        assert description.startswith("Default key that protects my S3 objects")


def test_an_upgrade_replaces_nothing_stateful_and_proposes_the_seed(engineer: Engineer) -> None:
    before = engineer.resources()
    shutil.copy(ROOT / "pyproject.toml", engineer.folder)
    readme = engineer.folder / "seed_code/model_build/README.md"
    readme.write_text(f"{readme.read_text()}\nNew in this version.\n")

    output = engineer.follow("upgrade")

    assert engineer.resources() == before
    assert "behind" in output
    requests = engineer.client("codecommit").list_pull_requests(
        repositoryName="churn-model-build", pullRequestStatus="OPEN"
    )["pullRequestIds"]
    assert len(requests) == 1


def test_deployments_models_and_sessions_are_stopped_in_an_emergency(engineer: Engineer) -> None:
    sagemaker = engineer.client("sagemaker")
    package = sagemaker.create_model_package(
        ModelPackageGroupName="churn",
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [{"Image": f"{DEV}.dkr.ecr.{REGION}.amazonaws.com/churn:1"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    pipeline = engineer.client("codepipeline")

    engineer.follow("break-glass", "Stop deployments")
    (stage,) = [
        one
        for one in pipeline.get_pipeline_state(name="churn-model-deploy")["stageStates"]
        if one["stageName"] == "Production"
    ]
    assert not stage["inboundTransitionState"]["enabled"]
    engineer.follow("break-glass", "Stop a model", MODEL_PACKAGE_ARN=package)
    described = sagemaker.describe_model_package(ModelPackageName=package)
    assert described["ModelApprovalStatus"] == "Rejected"
    engineer.follow("break-glass", "Revoke sessions")
    variables = (engineer.folder / "variables.sh").read_text()
    (role,) = re.findall(r'ROLE="(.*)"', variables)
    iam = engineer.client("iam")
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["AWSRevokeOlderSessions"]

    engineer.follow("break-glass", "Afterwards")
    assert "AWSRevokeOlderSessions" not in iam.list_role_policies(RoleName=role)["PolicyNames"]


def test_a_project_whose_creation_failed_is_deployed_again(engineer: Engineer) -> None:
    codecommit = engineer.client("codecommit")
    codecommit.create_repository(repositoryName="pricing-model-build")
    settings = engineer.settings()
    engineer.save(merged(settings, {"projects": [{"name": "pricing", "in": "dev"}]}))
    deploy = f"npx cdk deploy dev/Project-pricing --exclusively --context config={CONFIG}"
    assert engineer.attempt(deploy).returncode != 0
    assert engineer.stacks()["Project-pricing"] == "ROLLBACK_COMPLETE"
    codecommit.delete_repository(repositoryName="pricing-model-build")

    output = engineer.follow("recover")

    assert re.search(r"Project-pricing\s+ROLLBACK_COMPLETE", output)
    assert "exists" in output
    assert engineer.stacks()["Project-pricing"] == "CREATE_COMPLETE"


def test_a_person_is_deleted(engineer: Engineer) -> None:
    people = engineer.settings(PEOPLE)
    engineer.save({name: one for name, one in people.items() if name != "grace"}, PEOPLE)

    engineer.follow("delete", "Delete a person")

    assert engineer.profiles() == {"ada"}


def test_a_project_is_deleted_with_its_stages(engineer: Engineer) -> None:
    engineer.follow("delete", "Delete a project")

    assert "Project-fraud" not in engineer.stacks()
    assert engineer.stacks(PROD) == {}
    settings = engineer.settings()
    kept = [one for one in settings["projects"] if one["name"] != "fraud"]
    engineer.save({**settings, "projects": kept})


def test_a_domain_is_deleted(engineer: Engineer) -> None:
    engineer.follow("delete", "Delete a domain")

    eventually(partial(_no_domain, engineer))
    assert {"People", "Project-churn", "Studio"} & set(engineer.stacks()) == set()


def _no_domain(engineer: Engineer) -> bool | None:
    return None if engineer.client("sagemaker").list_domains()["Domains"] else True


def test_a_tear_down_stops_at_the_network_of_a_deleted_domain_and_shows_what_remains(
    engineer: Engineer,
) -> None:
    """The security groups of the domain's file system have to be deleted by hand."""
    buckets = engineer.client("s3").list_buckets()["Buckets"]
    (_, destroy), (_, show) = blocks("tear-down")[:2]

    done = engineer.attempt(destroy)
    output = engineer.run(show)

    assert "DependencyViolation" in done.stdout + done.stderr
    assert "Network" in engineer.stacks()
    assert [one["Name"] for one in buckets if one["Name"] not in output] == []
    assert "churn-model-build" in output
