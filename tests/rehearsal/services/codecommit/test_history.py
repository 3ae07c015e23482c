"""Differences of commits, and the history of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.codecommit import CodeCommit
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient

DEMO = {"repositoryName": "demo"}


@pytest.fixture
def codecommit(tmp_path: Path) -> Any:
    client = ServiceClient(CodeCommit(FakePlatform(tmp_path)), CALLER)
    client.create_repository(**DEMO)
    return client


@pytest.fixture
def commits(codecommit: Any) -> list[str]:
    """Three commits: two files, one of them changed, the other moved."""
    steps: list[tuple[dict[str, str], list[str]]] = [
        ({"README.md": "one", "src/train.py": "pass"}, []),
        ({"README.md": "two"}, []),
        ({"src/fit.py": "pass"}, ["src/train.py"]),
    ]
    made: list[str] = []
    for puts, deletions in steps:
        parent = {"parentCommitId": made[-1]} if made else {}
        commit = codecommit.create_commit(
            **DEMO,
            **parent,
            branchName="main",
            commitMessage=f"step {len(made)}",
            putFiles=[
                {"filePath": path, "fileContent": text.encode()} for path, text in puts.items()
            ],
            deleteFiles=[{"filePath": path} for path in deletions],
        )
        made.append(commit["commitId"])
    return made


def failure(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**DEMO, **request)
    return str(caught.value.response["Error"]["Code"])


def changes(codecommit: Any, **request: Any) -> list[tuple[str, str]]:
    found = codecommit.get_differences(**DEMO, **request)["differences"]
    return [
        (one["changeType"], one.get("afterBlob", one.get("beforeBlob"))["path"]) for one in found
    ]


def test_differences_have_the_type_of_the_change(codecommit: Any, commits: list[str]) -> None:
    first, second, third = commits
    assert changes(codecommit, afterCommitSpecifier=first) == [
        ("A", "README.md"),
        ("A", "src/train.py"),
    ]
    assert changes(codecommit, beforeCommitSpecifier=first, afterCommitSpecifier=second) == [
        ("M", "README.md")
    ]
    moved = {"beforeCommitSpecifier": second, "afterCommitSpecifier": "main"}
    assert changes(codecommit, **moved) == [("A", "src/fit.py"), ("D", "src/train.py")]
    assert third == codecommit.get_branch(**DEMO, branchName="main")["branch"]["commitId"]


def test_differences_are_limited_to_a_path_and_have_pages(
    codecommit: Any, commits: list[str]
) -> None:
    whole = {"beforeCommitSpecifier": commits[0], "afterCommitSpecifier": commits[2]}
    assert changes(codecommit, **whole, afterPath="README.md") == [("M", "README.md")]
    assert changes(codecommit, **whole, beforePath="src", afterPath="src") == [
        ("A", "src/fit.py"),
        ("D", "src/train.py"),
    ]
    first = codecommit.get_differences(**DEMO, **whole, MaxResults=2)
    rest = codecommit.get_differences(**DEMO, **whole, MaxResults=2, NextToken=first["NextToken"])
    assert (len(first["differences"]), len(rest["differences"])) == (2, 1)
    blob = first["differences"][0]["afterBlob"]
    assert (blob["mode"], len(blob["blobId"])) == ("100644", 40)


def test_the_history_of_a_file_has_its_versions(codecommit: Any, commits: list[str]) -> None:
    readme = codecommit.list_file_commit_history(**DEMO, filePath="README.md")["revisionDag"]
    moved = codecommit.list_file_commit_history(**DEMO, filePath="src/train.py")["revisionDag"]

    assert [one["commit"]["commitId"] for one in readme] == [commits[1], commits[0]]
    assert readme[0]["revisionChildren"] == []
    assert readme[1]["revisionChildren"] == [commits[1]]
    assert readme[0]["blobId"] != readme[1]["blobId"]
    assert readme[0]["commit"]["message"] == "step 1"
    assert [one["commit"]["commitId"] for one in moved] == [commits[2], commits[0]]
    assert "blobId" not in moved[0], "the last commit removes the file"
    page = codecommit.list_file_commit_history(**DEMO, filePath="README.md", maxResults=1)
    assert (len(page["revisionDag"]), page["nextToken"]) == (1, "1")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"afterCommitSpecifier": "none"}, "CommitDoesNotExistException"),
        ({"afterCommitSpecifier": "main", "afterPath": "none"}, "PathDoesNotExistException"),
        (
            {"afterCommitSpecifier": "main", "NextToken": "x"},
            "InvalidContinuationTokenException",
        ),
    ],
)
def test_differences_of_what_does_not_exist_are_errors(
    codecommit: Any, commits: list[str], request_: dict[str, str], code: str
) -> None:
    assert failure(codecommit.get_differences, **request_) == code


def test_a_history_needs_a_commit(codecommit: Any) -> None:
    history = codecommit.list_file_commit_history

    assert failure(history, filePath="README.md") == "CommitRequiredException"
    assert failure(history, filePath="README.md", commitSpecifier="x") == (
        "CommitDoesNotExistException"
    )
