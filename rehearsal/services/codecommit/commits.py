"""Operations on commits, files and folders."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import PurePosixPath

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.git.repository import FileChange, GitError, Signature
from rehearsal.services.codecommit.commit_rules import (
    MODES,
    change_of,
    check_changes,
    check_parent,
    commit_of,
    described_commit,
    files_of,
    find,
    folder_member,
    metadata_of,
)
from rehearsal.services.codecommit.events import ReferenceEvents
from rehearsal.services.codecommit.records import RepositoryRecord, RepositoryStore


class CommitOperations:
    """Operations on commits, files and folders.

    Args:
        repositories: the repositories.
        events: reports changes of branches.
    """

    def __init__(self, repositories: RepositoryStore, events: ReferenceEvents) -> None:
        self._repositories = repositories
        self._events = events

    def get_commit(self, request: Request, context: Context) -> Response:
        commit = self._repositories.of_request(request, context).git.commit(request["commitId"])
        if commit is None:
            raise AwsError(
                "CommitIdDoesNotExistException", f"Commit {request['commitId']} does not exist"
            )
        return {"commit": described_commit(commit)}

    def get_file(self, request: Request, context: Context) -> Response:
        record = self._repositories.of_request(request, context)
        commit_id = commit_of(record, request)
        path = PurePosixPath(request["filePath"].strip("/"))
        found = find(record, commit_id, path)
        if found is None or found.mode not in MODES:
            raise AwsError("FileDoesNotExistException", f"{path} is not a file of {commit_id}")
        content = record.git.blob(found.object_id)
        return {
            "commitId": commit_id,
            "blobId": found.object_id,
            "filePath": str(path),
            "fileMode": MODES[found.mode],
            "fileSize": len(content),
            "fileContent": content,
        }

    def get_folder(self, request: Request, context: Context) -> Response:
        record = self._repositories.of_request(request, context)
        commit_id = commit_of(record, request)
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
            group, shown = folder_member(entry, folder)
            groups[group].append(shown)
        return {"commitId": commit_id, "folderPath": folder or "/", **groups}

    def create_commit(self, request: Request, context: Context) -> Response:
        if request.get("setFileModes"):
            raise AwsError(
                "InvalidFileModeException",
                "the rehearsal does not support setFileModes of CreateCommit; "
                "use fileMode of putFiles",
            )
        record = self._repositories.of_request(request, context)
        puts = [change_of(record, put) for put in request.get("putFiles", [])]
        deletions = [
            FileChange(path=item["filePath"].strip("/"), content=None)
            for item in request.get("deleteFiles", [])
        ]
        parent = check_parent(record, request)
        before = files_of(record, parent)
        check_changes(puts, deletions, before)
        commit_id = self._write(record, [*puts, *deletions], parent, request, context)
        after = files_of(record, commit_id)
        if after == before:
            record.git.set_branch(request["branchName"], str(parent), expected=commit_id)
            raise AwsError("NoChangeException", "the commit would change nothing")
        self._events.branch_changed(
            record, request["branchName"], parent, commit_id, context.caller_arn
        )
        commit = record.git.commit(commit_id)
        return {
            "commitId": commit_id,
            "treeId": commit.tree_id if commit else "",
            "filesAdded": [metadata_of(after[put.path]) for put in puts if put.path not in before],
            "filesUpdated": [metadata_of(after[put.path]) for put in puts if put.path in before],
            "filesDeleted": [metadata_of(before[item.path]) for item in deletions],
        }

    def put_file(self, request: Request, context: Context) -> Response:
        if not request["fileContent"]:
            raise AwsError(
                "FileContentRequiredException",
                f"{request['filePath']} is empty. Empty files cannot be added to a repository "
                "with the API",
            )
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
            made = self.create_commit(commit, context)
        except AwsError as error:
            if error.code == "NoChangeException":
                raise AwsError(
                    "SameFileContentException", "the file already has this content"
                ) from error
            raise
        written = (made["filesAdded"] + made["filesUpdated"])[0]
        return {
            "commitId": made["commitId"],
            "blobId": written["blobId"],
            "treeId": made["treeId"],
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
