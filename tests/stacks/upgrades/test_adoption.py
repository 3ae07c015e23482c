"""The command that shows which stores of a deleted project can be adopted.

The stacks have the outputs of a project and its stores; the AWS CLI reads them.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.client.local_aws import LocalAws
from stacks import __main__ as commands
from stacks.settings import load_settings
from tests.constructs.projects.deployed_project import ACCOUNT, REGION, bootstrapped_aws

SETTINGS = (
    f'accounts: {{dev: {{id: "{ACCOUNT}", region: {REGION}}}}}\nprojects: [{{name: other}}]\n'
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with bootstrapped_aws(tmp_path_factory.mktemp("adoption") / "aws") as started:
        yield started


@pytest.fixture(autouse=True)
def engineer(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a platform engineer with credentials of the account."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)


def template(project: str, policy: str) -> str:
    """Returns the template of the stores of a project, with its outputs."""
    stores = {"Bucket": "AWS::S3::Bucket", "Key": "AWS::KMS::Key", "Images": "AWS::ECR::Repository"}
    administrator = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    key_policy = {"Version": "2012-10-17", "Statement": [administrator]}
    resources = {
        name: {"Type": kind, "DeletionPolicy": policy, "Properties": {}}
        for name, kind in stores.items()
    }
    resources["Key"]["Properties"] = {"KeyPolicy": key_policy}
    outputs = {
        "ArtifactBucketName": {"Ref": "Bucket"},
        "ArtifactKeyArn": {"Fn::GetAtt": ["Key", "Arn"]},
        "ImageRepositoryUri": {"Fn::GetAtt": ["Images", "RepositoryUri"]},
        "ModelPackageGroupName": project,
    }
    return json.dumps(
        {
            "Resources": resources,
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
    )


def create(aws: LocalAws, stack: str, project: str, policy: str = "Retain") -> dict[str, str]:
    """Creates the stack of a project; returns its outputs."""
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName=stack, TemplateBody=template(project, policy))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 1}
    )
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}


def delete(aws: LocalAws, stack: str) -> None:
    cloudformation = aws.client("cloudformation")
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=found["StackId"], WaiterConfig={"Delay": 1}
    )


def adopt(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str, settings: str = SETTINGS
) -> Any:
    """Runs the command; returns its exit code."""
    config = folder / "settings.yaml"
    config.write_text(settings)
    monkeypatch.setattr(sys, "argv", ["stacks", "adopt", *arguments, "--config", str(config)])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    return ended.value.code


@pytest.mark.parametrize("stack", ["Project-churn", f"SP-{ACCOUNT}-p-churn"])
def test_the_output_is_the_setting_of_the_new_project(
    aws: LocalAws,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    stack: str,
) -> None:
    create(aws, stack, "churn")
    delete(aws, stack)
    create(aws, "SP-of-another", "fraud")
    delete(aws, "SP-of-another")
    last = create(aws, stack, "churn")
    delete(aws, stack)
    assert adopt(monkeypatch, tmp_path, "churn") == 0
    printed = capsys.readouterr().out

    assert yaml.safe_load(printed)["adopt"] == {
        "bucket": last["ArtifactBucketName"],
        "key": last["ArtifactKeyArn"],
        "images": last["ImageRepositoryUri"].partition("/")[2],
    }
    indented = "".join(f"    {line}\n" for line in printed.splitlines())
    file = tmp_path / "new.yaml"
    file.write_text(f"{SETTINGS.splitlines()[0]}\nprojects:\n  - name: churn\n{indented}")
    adopted = load_settings(file).projects[0].adopt
    assert adopted is not None
    assert adopted.bucket == last["ArtifactBucketName"]


def test_a_project_that_exists_is_not_adopted(
    aws: LocalAws,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    create(aws, "Project-here", "here")
    assert adopt(monkeypatch, tmp_path, "here") == 2
    expected = "here: got the stack Project-here in the state CREATE_COMPLETE; delete it first"
    assert expected in capsys.readouterr().err


def test_stores_that_are_gone_are_named(
    aws: LocalAws,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    gone = create(aws, "Project-gone", "gone", "Delete")
    delete(aws, "Project-gone")
    assert adopt(monkeypatch, tmp_path, "gone") == 2
    message = capsys.readouterr().err
    assert f"bucket {gone['ArtifactBucketName']} (" in message
    assert f"images {gone['ImageRepositoryUri'].partition('/')[2]} (" in message
    assert f"key {gone['ArtifactKeyArn']} (PendingDeletion" in message
    assert "removal: destroy leaves none; remove adopt" in message


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (["unknown"], SETTINGS, "unknown: got no deleted stack of the project in"),
        (["churn", "--in", "prod"], SETTINGS, "--in: got prod; allowed are the accounts dev"),
        (
            ["churn"],
            SETTINGS.replace(ACCOUNT, "999999999999"),
            f"got credentials of {ACCOUNT}; run the command again with credentials of 999999999999",
        ),
        (
            ["churn"],
            'accounts: {a: {id: "111111111111", region: eu-west-1}, '
            'b: {id: "222222222222", region: eu-west-1}}\nprojects: [{name: other, in: a}]\n',
            "add --in with the account, one of a, b",
        ),
    ],
)
def test_a_project_that_cannot_be_found_is_explained(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    settings: str,
    message: str,
) -> None:
    assert adopt(monkeypatch, tmp_path, *arguments, settings=settings) == 2
    assert message in capsys.readouterr().err
