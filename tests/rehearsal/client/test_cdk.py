"""The arguments of the CDK CLI, and its output as progress and errors."""

import json
import os
import stat
from pathlib import Path

import pytest
from rich.console import Console

from rehearsal.client import cdk
from rehearsal.client.cdk import Cdk
from rehearsal.client.errors import RehearsalError
from rehearsal.client.process_tree import Commands
from rehearsal.client.progress import Board, Status
from tests.rehearsal.stubbed_aws import StubbedAws

DEPLOY = """
Templates: start: Building Templates Template
Templates: creating CloudFormation changeset...
Templates |  0/11 | 3:23:36 PM | CREATE_IN_PROGRESS      | AWS::CloudFormation::Stack | Templates
Templates |  2/11 | 3:23:36 PM | CREATE_COMPLETE         | AWS::KMS::Key | Templates/Key (Key0A2D)
Templates | 11/11 | 3:23:36 PM | CREATE_COMPLETE         | AWS::CloudFormation::Stack | Templates
Templates | 10/11 | 3:23:36 PM | CREATE_IN_PROGRESS      | AWS::Lambda::Function | Late
 ✅  Other (no changes)
"""
FAILURE = """
Templates |  1/11 | 3:23:36 PM | CREATE_FAILED           | AWS::S3::Bucket | B no permission
❌  Templates failed to deploy
‣ DeploymentError: Resource updates failed:
  B no permission
Source Location: ...aws-cdk-lib...
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an app and a program `cdk` that records its calls."""
    (tmp_path / "cdk.json").write_text("{}")
    program = tmp_path / "node_modules" / ".bin" / "cdk"
    program.parent.mkdir(parents=True)
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\necho "$AWS_ACCESS_KEY_ID" >> {tmp_path}/keys\n'
        'printf "%s" "$OUTPUT"\nexit ${STATUS:-0}\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def board() -> Board:
    return Board(Console(file=Path(os.devnull).open("w")))


def test_synthesis_passes_the_configuration_and_replaces_an_old_assembly(app: Path) -> None:
    (app / "my.yaml").write_text("")
    cdk.ASSEMBLY.mkdir(parents=True)
    Cdk(Commands()).synth(Path("my.yaml"))
    call = (app / "calls").read_text()
    assert "synth --quiet --output build/rehearsal/cdk.out --context config=my.yaml" in call
    assert not cdk.ASSEMBLY.exists()


def test_a_folder_without_an_app_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RehearsalError, match=r"no cdk\.json"):
        Cdk(Commands()).synth()


@pytest.mark.usefixtures("app")
def test_a_settings_file_that_does_not_exist_is_rejected() -> None:
    with pytest.raises(RehearsalError, match=r"other\.yaml does not exist"):
        Cdk(Commands()).synth(Path("other.yaml"))


def test_each_account_is_bootstrapped_with_its_own_key_and_trusts_the_first(app: Path) -> None:
    tool, aws = Cdk(Commands()), StubbedAws()
    tool.bootstrap(aws, "aws://111111111111/us-east-1")
    tool.bootstrap(aws, "aws://222222222222/eu-west-1")
    first, second = (app / "calls").read_text().splitlines()
    assert "--trust" not in first
    assert "bootstrap aws://222222222222/eu-west-1" in second
    assert "--trust 111111111111" in second
    assert (app / "keys").read_text().split() == ["111111111111", "222222222222"]


@pytest.mark.usefixtures("app")
def test_a_deployment_shows_every_stack_until_it_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OUTPUT", DEPLOY)
    shown = board()
    Cdk(Commands()).deploy(StubbedAws(), shown, ("deploy",))
    assert shown.rows["deploy", "Templates"].status is Status.SUCCEEDED
    assert shown.rows["deploy", "Templates"].detail.startswith("11/11 CREATE_COMPLETE")
    assert shown.rows["deploy", "Other"].detail == "no changes"


@pytest.mark.usefixtures("app")
def test_a_failed_deployment_has_the_error_of_the_cli_and_keeps_its_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OUTPUT", FAILURE)
    monkeypatch.setenv("STATUS", "1")
    shown = board()
    with pytest.raises(RehearsalError, match="could not be deployed") as caught:
        Cdk(Commands()).deploy(StubbedAws(), shown, ("deploy",))
    assert caught.value.why.splitlines() == [
        "❌  Templates failed to deploy",
        "‣ DeploymentError: Resource updates failed:",
        "  B no permission",
    ]
    assert "CREATE_FAILED" in Path("build/rehearsal/cdk-deploy.log").read_text()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("CREATE_COMPLETE", Status.SUCCEEDED),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Status.RUNNING),
        ("UPDATE_COMPLETE", Status.SUCCEEDED),
        ("ROLLBACK_COMPLETE", Status.FAILED),
        ("UPDATE_ROLLBACK_FAILED", Status.FAILED),
        ("ROLLBACK_IN_PROGRESS", Status.RUNNING),
    ],
)
def test_a_stack_has_the_status_of_its_own_events(status: str, expected: Status) -> None:
    assert cdk.stack_status("AWS::CloudFormation::Stack", status) is expected
    assert cdk.stack_status("AWS::S3::Bucket", status) is Status.RUNNING


def test_environments_are_those_of_the_stacks_each_once(tmp_path: Path) -> None:
    def stack(environment: str) -> dict[str, str]:
        return {"type": "aws:cloudformation:stack", "environment": environment}

    artifacts = {
        "a": stack("aws://222222222222/us-east-1"),
        "b": stack("aws://unknown-account/unknown-region"),
        "c": stack("aws://222222222222/us-east-1"),
        "d": {"type": "cdk:tree"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    assert cdk.environments(tmp_path, "111111111111", "eu-west-1") == [
        "aws://111111111111/eu-west-1",
        "aws://222222222222/us-east-1",
    ]
