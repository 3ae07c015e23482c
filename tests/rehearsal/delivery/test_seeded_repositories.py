"""Repositories that CloudFormation creates with the zip file of `Code`."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest


@pytest.fixture
def seeded(server: Any) -> Any:
    """Creates a stack with a repository seeded with files; gives its status and its failures."""
    s3, cloudformation = server.client("s3"), server.client("cloudformation")
    s3.create_bucket(Bucket="other-seeds")

    def create(name: str, files: dict[str, bytes]) -> tuple[str, str]:
        seed = io.BytesIO()
        with zipfile.ZipFile(seed, "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        s3.put_object(Bucket="other-seeds", Key=name, Body=seed.getvalue())
        code = {"BranchName": "main", "S3": {"Bucket": "other-seeds", "Key": name}}
        repository = {
            "Type": "AWS::CodeCommit::Repository",
            "Properties": {"RepositoryName": name, "Code": code},
        }
        template = {"Resources": {"Repository": repository}}
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))

        def settled() -> Any:
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

        stack = server.wait("the stack", settled)
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [event.get("ResourceStatusReason", "") for event in events]
        return stack["StackStatus"], "\n".join(reasons)

    return create


def test_a_seed_with_an_empty_file_makes_no_repository(server: Any, seeded: Any) -> None:
    status, reasons = seeded("empty", {"README.md": b"hello", "tests/__init__.py": b""})

    assert status == "ROLLBACK_COMPLETE"
    assert "tests/__init__.py is empty" in reasons
    repositories = server.client("codecommit").list_repositories()["repositories"]
    assert "empty" not in {one["repositoryName"] for one in repositories}


def test_a_seed_larger_than_one_commit_is_committed_in_parts(server: Any, seeded: Any) -> None:
    files = {f"{number}.bin": bytes([number + 1]) * 5_000_000 for number in range(3)}
    files |= {f"small/{number}": b"x" for number in range(150)}
    assert seeded("large", files)[0] == "CREATE_COMPLETE"

    codecommit = server.client("codecommit")
    root = codecommit.get_folder(repositoryName="large", folderPath="/")
    small = codecommit.get_folder(repositoryName="large", folderPath="small")
    assert (len(root["files"]), len(small["files"])) == (3, 150)
