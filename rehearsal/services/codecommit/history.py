"""Differences of commits, and the history of a file.

Source: GetDifferences and ListFileCommitHistory in the CodeCommit API reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.codecommit.commit_rules import described_commit, find
from rehearsal.services.codecommit.path_rules import file_path
from rehearsal.services.codecommit.records import RepositoryRecord, RepositoryStore

_PAGE = 100
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_NO_OBJECT = "0" * 40
_TOKEN_ERROR = "InvalidContinuationTokenException"  # noqa: S105  # an error code


class HistoryOperations:
    """GetDifferences and ListFileCommitHistory.

    Args:
        repositories: the repositories.
    """

    def __init__(self, repositories: RepositoryStore) -> None:
        self._repositories = repositories

    def get_differences(self, request: Request, context: Context) -> Response:
        record = self._repositories.of_request(request, context)
        after = _commit(record, request["afterCommitSpecifier"])
        before = None
        if "beforeCommitSpecifier" in request:
            before = _commit(record, request["beforeCommitSpecifier"])
        wanted = []
        for member, commit in (("beforePath", before), ("afterPath", after)):
            path = request.get(member, "").strip("/")
            if path and commit and find(record, commit, PurePosixPath(path)) is None:
                raise AwsError("PathDoesNotExistException", f"{path} does not exist in {commit}")
            wanted.append(path)
        found = [
            one
            for one in _differences(record, before or _EMPTY_TREE, after)
            if _is_wanted(one, *wanted)
        ]
        kept, more = page(found, request, size=_PAGE, error=_TOKEN_ERROR)
        return {"differences": kept, **more}

    def list_file_commit_history(self, request: Request, context: Context) -> Response:
        record = self._repositories.of_request(request, context)
        path = file_path(request["filePath"])
        specifier = request.get("commitSpecifier") or record.default_branch
        if not specifier:
            raise AwsError("CommitRequiredException", "The repository has no default branch yet.")
        tip = _commit(record, specifier)
        lines = record.git.run("rev-list", "--parents", tip, "--", path).decode().splitlines()
        children: dict[str, list[str]] = {}
        for line in lines:
            commit_id, *parents = line.split()
            for parent in parents:
                children.setdefault(parent, []).append(commit_id)
        versions = [line.split()[0] for line in lines]
        kept, more = page(
            versions,
            request,
            size=_PAGE,
            size_member="maxResults",
            token_member="nextToken",  # noqa: S106  # the name of a member
            error=_TOKEN_ERROR,
        )
        return {
            "revisionDag": [
                _version(record, commit_id, path, children.get(commit_id, [])) for commit_id in kept
            ],
            **more,
        }


def _commit(record: RepositoryRecord, specifier: str) -> str:
    commit_id = record.git.resolve(specifier)
    if commit_id is None:
        raise AwsError("CommitDoesNotExistException", f"Commit {specifier} does not exist")
    return commit_id


def _differences(record: RepositoryRecord, before: str, after: str) -> Iterator[dict[str, Any]]:
    """Yields the changed files by path; a renamed file is a deletion and an addition."""
    output = record.git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", before, after)
    fields = output.decode().split("\0")[:-1]
    for head, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old_id, new_id, change = head.removeprefix(":").split(" ")
        difference: dict[str, Any] = {"changeType": change if change in "AD" else "M"}
        for member, mode, blob in (
            ("beforeBlob", old_mode, old_id),
            ("afterBlob", new_mode, new_id),
        ):
            if blob != _NO_OBJECT:
                difference[member] = {"blobId": blob, "path": path, "mode": mode}
        yield difference


def _is_wanted(difference: dict[str, Any], before: str, after: str) -> bool:
    if not before and not after:
        return True
    ends = (("beforeBlob", before), ("afterBlob", after))
    return any(
        path and f"{difference.get(member, {}).get('path', '')}/".startswith(f"{path}/")
        for member, path in ends
    )


def _version(
    record: RepositoryRecord, commit_id: str, path: str, children: list[str]
) -> dict[str, Any]:
    found = find(record, commit_id, PurePosixPath(path))
    blob = {"blobId": found.object_id} if found else {}
    commit = record.git.commit(commit_id)
    return {
        **({"commit": described_commit(commit)} if commit else {}),
        **blob,
        "path": path,
        "revisionChildren": children,
    }
