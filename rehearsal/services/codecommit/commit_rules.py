"""Rules for commits by CodeCommit's API, and the files of its responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.framework.service import Request
from rehearsal.git.repository import Commit, FileChange, GitError, TreeEntry
from rehearsal.services.codecommit.path_rules import check_files_and_folders, file_path
from rehearsal.services.codecommit.records import RepositoryRecord
from rehearsal.services.codecommit.repositories import branch_commit

# https://docs.aws.amazon.com/codecommit/latest/userguide/limits.html
_MAX_FILE_BYTES = 6 * 1024 * 1024
_MAX_CHANGE_BYTES = 7 * 1024 * 1024
_GIT_MODES = {"NORMAL": "100644", "EXECUTABLE": "100755", "SYMLINK": "120000"}
MODES = {mode: name for name, mode in _GIT_MODES.items()}


def commit_of(record: RepositoryRecord, request: Request) -> str:
    specifier = request.get("commitSpecifier") or record.default_branch or "HEAD"
    commit_id = record.git.resolve(specifier)
    if commit_id is None:
        raise AwsError("CommitDoesNotExistException", f"Commit {specifier} does not exist")
    return commit_id


def find(record: RepositoryRecord, commit_id: str, path: PurePosixPath) -> TreeEntry | None:
    folder = "" if str(path.parent) == "." else str(path.parent)
    try:
        entries = record.git.entries(commit_id, folder)
    except GitError:
        return None
    return next((entry for entry in entries if entry.path == path.name), None)


def folder_member(entry: TreeEntry, folder: str) -> tuple[str, dict[str, str]]:
    paths = {
        "absolutePath": f"{folder}/{entry.path}".lstrip("/"),
        "relativePath": entry.path,
    }
    if entry.kind == "tree":
        return "subFolders", {"treeId": entry.object_id, **paths}
    if entry.kind == "commit":
        return "subModules", {"commitId": entry.object_id, **paths}
    group = "symbolicLinks" if MODES[entry.mode] == "SYMLINK" else "files"
    return group, {"blobId": entry.object_id, **paths, "fileMode": MODES[entry.mode]}


def change_of(record: RepositoryRecord, put: Mapping[str, Any]) -> FileChange:
    if "sourceFile" in put:
        raise AwsError(
            "RestrictedSourceFileException",
            "the rehearsal does not support sourceFile of CreateCommit; use fileContent",
        )
    content = put.get("fileContent")
    if not content:
        raise AwsError(
            "SourceFileOrContentRequiredException",
            f"{put['filePath']} is empty. Empty files cannot be added to a repository with the API",
        )
    if len(content) > _MAX_FILE_BYTES:
        raise AwsError(
            "FileContentSizeLimitExceededException",
            f"{put['filePath']} has {len(content)} bytes; at most {_MAX_FILE_BYTES} are allowed: "
            "use a git client",
        )
    return FileChange(
        path=file_path(put["filePath"]),
        content=bytes(content),
        mode=_GIT_MODES[put.get("fileMode", "NORMAL")],
    )


def check_parent(record: RepositoryRecord, request: Request) -> str | None:
    """Returns the parent of a commit, or None for the first commit of a repository.

    Raises:
        AwsError: `parentCommitId` is missing, unknown or not the tip of the branch.
    """
    branches = record.git.branches()
    parent: str | None = request.get("parentCommitId")
    if not branches:
        if parent:
            raise AwsError("ParentCommitDoesNotExistException", "the repository has no commit")
        return None
    tip = branch_commit(record, request["branchName"])
    if parent is None:
        raise AwsError("ParentCommitIdRequiredException", "parentCommitId is required")
    if parent != tip:
        raise AwsError(
            "ParentCommitIdOutdatedException",
            f"the tip of {request['branchName']} is {tip}, not {parent}",
        )
    return parent


def check_changes(
    puts: Sequence[FileChange], deletions: Sequence[FileChange], before: Mapping[str, TreeEntry]
) -> None:
    paths = [change.path for change in (*puts, *deletions)]
    if len(set(paths)) != len(paths):
        raise AwsError("SamePathRequestException", "a path is given more than once")
    size = sum(len(change.content or b"") for change in puts)
    if size > _MAX_CHANGE_BYTES:
        raise AwsError(
            "FileContentSizeLimitExceededException",
            f"the files have {size} bytes together; at most {_MAX_CHANGE_BYTES} are allowed in a "
            "commit: use a git client",
        )
    missing = [item.path for item in deletions if item.path not in before]
    if missing:
        raise AwsError("FileDoesNotExistException", f"no such file: {', '.join(missing)}")
    kept = set(before) - {item.path for item in deletions}
    check_files_and_folders((change.path for change in puts), kept)


def files_of(record: RepositoryRecord, commit_id: str | None) -> dict[str, TreeEntry]:
    if commit_id is None:
        return {}
    return {entry.path: entry for entry in record.git.entries(commit_id, recursive=True)}


def metadata_of(entry: TreeEntry) -> dict[str, str]:
    return {
        "absolutePath": entry.path,
        "blobId": entry.object_id,
        "fileMode": MODES[entry.mode],
    }


def described_commit(commit: Commit) -> dict[str, Any]:
    """Returns a commit as the API describes it."""
    return {
        "commitId": commit.commit_id,
        "treeId": commit.tree_id,
        "parents": list(commit.parents),
        "message": commit.message,
        "author": vars(commit.author),
        "committer": vars(commit.committer),
        "additionalData": "",
    }
