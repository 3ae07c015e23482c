"""Operations on commits, files and folders."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from rehearsal.aws.codecommit.records import RepositoryRecord
from rehearsal.aws.codecommit.repositories import RepositoryOperations, branch_commit
from rehearsal.aws.platform import AwsError, Context
from rehearsal.aws.service import Request, Response
from rehearsal.execution.git_http import ReferenceUpdate
from rehearsal.execution.git_repository import FileChange, GitError, Signature, TreeEntry

# https://docs.aws.amazon.com/codecommit/latest/userguide/limits.html
_FILES_PER_COMMIT = 100
_FILE_SIZE = 6 * 1024 * 1024
_GIT_MODES = {"NORMAL": "100644", "EXECUTABLE": "100755", "SYMLINK": "120000"}
_MODES = {mode: name for name, mode in _GIT_MODES.items()}


class CommitOperations(RepositoryOperations):
    """What CodeCommit's API does with a repository's content."""

    def get_commit(self, request: Request, context: Context) -> Response:
        commit = self.repository(request, context).git.commit(request["commitId"])
        if commit is None:
            raise AwsError(
                "CommitIdDoesNotExistException", f"Commit {request['commitId']} does not exist"
            )
        return {
            "commit": {
                "commitId": commit.commit_id,
                "treeId": commit.tree_id,
                "parents": list(commit.parents),
                "message": commit.message,
                "author": vars(commit.author),
                "committer": vars(commit.committer),
                "additionalData": "",
            }
        }

    def get_file(self, request: Request, context: Context) -> Response:
        record = self.repository(request, context)
        commit_id = _commit(record, request)
        path = PurePosixPath(request["filePath"].strip("/"))
        found = _find(record, commit_id, path)
        if found is None or found.mode not in _MODES:
            raise AwsError("FileDoesNotExistException", f"{path} is not a file of {commit_id}")
        content = record.git.blob(found.object_id)
        return {
            "commitId": commit_id,
            "blobId": found.object_id,
            "filePath": str(path),
            "fileMode": _MODES[found.mode],
            "fileSize": len(content),
            "fileContent": content,
        }

    def get_folder(self, request: Request, context: Context) -> Response:
        record = self.repository(request, context)
        commit_id = _commit(record, request)
        folder = request["folderPath"].strip("/")
        try:
            entries = record.git.entries(commit_id, folder)
        except GitError as error:
            raise AwsError(
                "FolderDoesNotExistException", f"{folder!r} is not a folder of {commit_id}"
            ) from error
        groups: dict[str, list[dict[str, str]]] = {
            "subFolders": [],
            "files": [],
            "symbolicLinks": [],
            "subModules": [],
        }
        for entry in entries:
            group, shown = _folder_member(entry, folder)
            groups[group].append(shown)
        return {"commitId": commit_id, "folderPath": folder or "/", **groups}

    def create_commit(self, request: Request, context: Context) -> Response:
        if request.get("setFileModes"):
            raise AwsError(
                "InvalidFileModeException",
                "the rehearsal does not implement setFileModes of CreateCommit; "
                "give fileMode with putFiles",
            )
        record = self.repository(request, context)
        puts = [_change(record, put) for put in request.get("putFiles", [])]
        deletions = [
            FileChange(path=item["filePath"].strip("/"), content=None)
            for item in request.get("deleteFiles", [])
        ]
        parent = _check_parent(record, request)
        before = _files(record, parent)
        _check_changes(puts, deletions, before)
        commit_id = self._write(record, [*puts, *deletions], parent, request, context)
        after = _files(record, commit_id)
        if after == before:
            record.git.set_branch(request["branchName"], str(parent), expected=commit_id)
            raise AwsError("NoChangeException", "the commit would change nothing")
        self._moved(record, request["branchName"], parent, commit_id, context)
        commit = record.git.commit(commit_id)
        return {
            "commitId": commit_id,
            "treeId": commit.tree_id if commit else "",
            "filesAdded": [_metadata(after[put.path]) for put in puts if put.path not in before],
            "filesUpdated": [_metadata(after[put.path]) for put in puts if put.path in before],
            "filesDeleted": [_metadata(before[item.path]) for item in deletions],
        }

    def put_file(self, request: Request, context: Context) -> Response:
        put = {
            key: request[key] for key in ("filePath", "fileContent", "fileMode") if key in request
        }
        commit = {
            "repositoryName": request["repositoryName"],
            "branchName": request["branchName"],
            "putFiles": [put],
            "authorName": request.get("name", ""),
            "email": request.get("email", ""),
            "commitMessage": request.get("commitMessage", ""),
        }
        if "parentCommitId" in request:
            commit["parentCommitId"] = request["parentCommitId"]
        try:
            answer = self.create_commit(commit, context)
        except AwsError as error:
            if error.code == "NoChangeException":
                raise AwsError(
                    "SameFileContentException", "the file already has this content"
                ) from error
            raise
        written = (answer["filesAdded"] + answer["filesUpdated"])[0]
        return {
            "commitId": answer["commitId"],
            "blobId": written["blobId"],
            "treeId": answer["treeId"],
        }

    def _write(
        self,
        record: RepositoryRecord,
        changes: Sequence[FileChange],
        parent: str | None,
        request: Request,
        context: Context,
    ) -> str:
        author = Signature(
            name=request.get("authorName") or context.caller_arn.rsplit("/", 1)[-1],
            email=request.get("email") or "",
            date=f"{int(time.time())} +0000",
        )
        try:
            return record.git.write_commit(
                request["branchName"],
                changes,
                message=request.get("commitMessage", ""),
                author=author,
                parent=parent,
            )
        except GitError as error:
            raise AwsError("InvalidPathException", str(error)) from error

    def _moved(
        self,
        record: RepositoryRecord,
        branch: str,
        old: str | None,
        new: str,
        context: Context,
    ) -> None:
        update = ReferenceUpdate(full_name=f"refs/heads/{branch}", old_commit=old, new_commit=new)
        self.changed(record, [update], context.caller_arn)


def _commit(record: RepositoryRecord, request: Request) -> str:
    specifier = request.get("commitSpecifier") or record.default_branch or "HEAD"
    commit_id = record.git.resolve(specifier)
    if commit_id is None:
        raise AwsError("CommitDoesNotExistException", f"Commit {specifier} does not exist")
    return commit_id


def _find(record: RepositoryRecord, commit_id: str, path: PurePosixPath) -> TreeEntry | None:
    folder = "" if str(path.parent) == "." else str(path.parent)
    try:
        entries = record.git.entries(commit_id, folder)
    except GitError:
        return None
    return next((entry for entry in entries if entry.path == path.name), None)


def _folder_member(entry: TreeEntry, folder: str) -> tuple[str, dict[str, str]]:
    paths = {
        "absolutePath": f"{folder}/{entry.path}".lstrip("/"),
        "relativePath": entry.path,
    }
    if entry.kind == "tree":
        return "subFolders", {"treeId": entry.object_id, **paths}
    if entry.kind == "commit":
        return "subModules", {"commitId": entry.object_id, **paths}
    group = "symbolicLinks" if _MODES[entry.mode] == "SYMLINK" else "files"
    return group, {"blobId": entry.object_id, **paths, "fileMode": _MODES[entry.mode]}


def _change(record: RepositoryRecord, put: Mapping[str, Any]) -> FileChange:
    if "sourceFile" in put:
        raise AwsError(
            "RestrictedSourceFileException",
            "the rehearsal does not implement sourceFile of CreateCommit; give fileContent",
        )
    content = put.get("fileContent")
    if content is None:
        raise AwsError("SourceFileOrContentRequiredException", f"{put['filePath']} has no content")
    if len(content) > _FILE_SIZE:
        raise AwsError(
            "FileContentSizeLimitExceededException",
            f"{put['filePath']} has {len(content)} bytes; at most {_FILE_SIZE} are allowed: "
            "use a git client",
        )
    return FileChange(
        path=put["filePath"].strip("/"),
        content=bytes(content),
        mode=_GIT_MODES[put.get("fileMode", "NORMAL")],
    )


def _check_parent(record: RepositoryRecord, request: Request) -> str | None:
    """The commit to build on, None for a first commit; the API's rules for `parentCommitId`."""
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


def _check_changes(
    puts: Sequence[FileChange], deletions: Sequence[FileChange], before: Mapping[str, TreeEntry]
) -> None:
    paths = [change.path for change in (*puts, *deletions)]
    if not paths:
        raise AwsError("FileEntryRequiredException", "give at least one file")
    if len(paths) > _FILES_PER_COMMIT:
        raise AwsError(
            "MaximumFileEntriesExceededException",
            f"got {len(paths)} files, at most {_FILES_PER_COMMIT} are allowed: use a git client",
        )
    if len(set(paths)) != len(paths):
        raise AwsError("SamePathRequestException", "a path is given more than once")
    missing = [item.path for item in deletions if item.path not in before]
    if missing:
        raise AwsError("FileDoesNotExistException", f"no such file: {', '.join(missing)}")


def _files(record: RepositoryRecord, commit_id: str | None) -> dict[str, TreeEntry]:
    if commit_id is None:
        return {}
    return {entry.path: entry for entry in record.git.entries(commit_id, recursive=True)}


def _metadata(entry: TreeEntry) -> dict[str, str]:
    return {
        "absolutePath": entry.path,
        "blobId": entry.object_id,
        "fileMode": _MODES[entry.mode],
    }
