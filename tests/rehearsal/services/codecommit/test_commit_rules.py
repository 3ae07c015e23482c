"""Commits that CodeCommit's API rejects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.codecommit import CodeCommit
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient

MEGABYTE = 1024 * 1024


@pytest.fixture
def codecommit(tmp_path: Path) -> Any:
    client = ServiceClient(CodeCommit(FakePlatform(tmp_path)), CALLER)
    client.create_repository(repositoryName="demo")
    return client


def _commit(codecommit: Any, files: dict[str, bytes], **more: Any) -> str:
    commit_id: str = codecommit.create_commit(
        repositoryName="demo",
        branchName="main",
        putFiles=[{"filePath": path, "fileContent": content} for path, content in files.items()],
        **more,
    )["commitId"]
    return commit_id


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_empty_file_is_rejected_by_both_operations(codecommit: Any) -> None:
    with pytest.raises(ClientError, match=r"tests/__init__\.py is empty") as error:
        _commit(codecommit, {"README.md": b"hello", "tests/__init__.py": b""})
    assert _code(error) == "SourceFileOrContentRequiredException"
    with pytest.raises(ClientError, match="is empty") as error:
        codecommit.put_file(
            repositoryName="demo", branchName="main", filePath="empty", fileContent=b""
        )
    assert _code(error) == "FileContentRequiredException"


@pytest.mark.parametrize(
    "path",
    [
        "a//b",
        "a/./b",
        "../b",
        "a/",
        "a\\",
        "a/.git/config",
        ".GIT/config",
        "line\nbreak",
        "n" * 256,
        "/".join(["folder"] * 21) + "/file",
        "/".join(["x" * 200] * 21),
    ],
)
def test_a_path_that_codecommit_does_not_take_is_rejected(codecommit: Any, path: str) -> None:
    with pytest.raises(ClientError) as error:
        _commit(codecommit, {path: b"x"})
    assert _code(error) == "InvalidPathException"


def test_the_longest_and_deepest_paths_are_taken(codecommit: Any) -> None:
    paths = ["n" * 255, "/".join(["folder"] * 20) + "/file", "/leading", "a b\u00e9.txt"]
    commit = _commit(codecommit, dict.fromkeys(paths, b"x"))
    found = codecommit.get_folder(repositoryName="demo", folderPath="/", commitSpecifier=commit)
    assert {item["absolutePath"] for item in found["files"]} == {
        "n" * 255,
        "leading",
        "a b\u00e9.txt",
    }


def test_a_path_is_a_file_or_a_folder(codecommit: Any) -> None:
    with pytest.raises(ClientError) as error:
        _commit(codecommit, {"a": b"1", "a/b": b"2"})
    assert _code(error) == "PutFileEntryConflictException"

    first = _commit(codecommit, {"a": b"1", "folder/b": b"2"})
    for path, code in (
        ("a/b", "DirectoryNameConflictsWithFileNameException"),
        ("folder", "FileNameConflictsWithDirectoryNameException"),
    ):
        with pytest.raises(ClientError) as error:
            _commit(codecommit, {path: b"3"}, parentCommitId=first)
        assert _code(error) == code
    replaced = _commit(
        codecommit, {"a/b": b"3"}, parentCommitId=first, deleteFiles=[{"filePath": "a"}]
    )
    assert replaced != first


def test_files_have_seven_megabytes_together_and_six_each(codecommit: Any) -> None:
    with pytest.raises(ClientError) as error:
        _commit(codecommit, {"large": b"x" * (6 * MEGABYTE + 1)})
    assert _code(error) == "FileContentSizeLimitExceededException"
    with pytest.raises(ClientError, match="together") as error:
        _commit(codecommit, {"a": b"x" * 4 * MEGABYTE, "b": b"y" * 4 * MEGABYTE})
    assert _code(error) == "FileContentSizeLimitExceededException"
    assert _commit(codecommit, {"a": b"x" * 4 * MEGABYTE, "b": b"y" * 3 * MEGABYTE})
