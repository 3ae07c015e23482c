"""Operations on repositories and branches."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.framework.tags import Tags
from rehearsal.git.repository import GitError
from rehearsal.services.codecommit.events import ReferenceEvents
from rehearsal.services.codecommit.records import RepositoryRecord, RepositoryStore

_PAGE_SIZE = 1000
_INVALID_TOKEN = "InvalidContinuationTokenException"  # noqa: S105  # an error code


class RepositoryOperations:
    """Operations on repositories and branches.

    Args:
        lock: the service's lock.
        tags: the service's tags.
        repositories: the repositories.
        events: reports changes of branches.
        endpoint_url: the address of the gateway, where repositories are cloned.
    """

    def __init__(
        self,
        lock: threading.RLock,
        tags: Tags,
        repositories: RepositoryStore,
        events: ReferenceEvents,
        endpoint_url: str,
    ) -> None:
        self._lock = lock
        self._tags = tags
        self._repositories = repositories
        self._events = events
        self._endpoint_url = endpoint_url

    def create_repository(self, request: Request, context: Context) -> Response:
        with self._lock:
            record = self._repositories.create(
                context.scope,
                request["repositoryName"],
                description=request.get("repositoryDescription"),
                kms_key_id=request.get("kmsKeyId"),
            )
            self._tags.put(record.arn, request.get("tags"))
        return {"repositoryMetadata": record.metadata(self._endpoint_url)}

    def get_repository(self, request: Request, context: Context) -> Response:
        record = self._repositories.of_request(request, context)
        return {"repositoryMetadata": record.metadata(self._endpoint_url)}

    def batch_get_repositories(self, request: Request, context: Context) -> Response:
        known = {record.name: record for record in self._repositories.list(context.scope)}
        names = list(request["repositoryNames"])
        url = self._endpoint_url
        return {
            "repositories": [known[name].metadata(url) for name in names if name in known],
            "repositoriesNotFound": [name for name in names if name not in known],
        }

    def list_repositories(self, request: Request, context: Context) -> Response:
        records = self._repositories.list(context.scope)
        by_date = request.get("sortBy", "repositoryName") == "lastModifiedDate"
        records.sort(
            key=lambda record: record.modified.isoformat() if by_date else record.name,
            reverse=request.get("order", "ascending") == "descending",
        )
        shown, more = _page(records, request)
        return {
            "repositories": [
                {"repositoryName": record.name, "repositoryId": record.repository_id}
                for record in shown
            ],
            **more,
        }

    def delete_repository(self, request: Request, context: Context) -> Response:
        """Deletes a repository; for an unknown one, AWS returns no id."""
        with self._lock:
            record = self._repositories.delete(context.scope, request["repositoryName"])
            if record:
                self._tags.drop(record.arn)
        return {"repositoryId": record.repository_id} if record else {}

    def update_repository_name(self, request: Request, context: Context) -> Response:
        with self._lock:
            self._repositories.rename(context.scope, request["oldName"], request["newName"])
            old, new = (context.scope.arn("codecommit", request[n]) for n in ("oldName", "newName"))
            self._tags.rename(old, new)
        return {}

    def update_repository_description(self, request: Request, context: Context) -> Response:
        with self._lock:
            record = self._repositories.of_request(request, context)
            record.description = request.get("repositoryDescription")
        return {}

    def get_branch(self, request: Request, context: Context) -> Response:
        record = self._repositories.of_request(request, context)
        name = request.get("branchName")
        if not name:
            raise AwsError("BranchNameRequiredException", "branchName is required")
        return {"branch": {"branchName": name, "commitId": branch_commit(record, name)}}

    def list_branches(self, request: Request, context: Context) -> Response:
        names = sorted(self._repositories.of_request(request, context).git.branches())
        shown, more = _page(names, request)
        return {"branches": shown, **more}

    def create_branch(self, request: Request, context: Context) -> Response:
        record = self._repositories.of_request(request, context)
        name, commit_id = request["branchName"], request["commitId"]
        if name in record.git.branches():
            raise AwsError("BranchNameExistsException", f"Branch {name} already exists")
        if record.git.commit(commit_id) is None:
            raise AwsError("CommitDoesNotExistException", f"Commit {commit_id} does not exist")
        try:
            record.git.set_branch(name, commit_id)
        except GitError as error:
            raise AwsError("InvalidBranchNameException", str(error)) from error
        self._events.branch_changed(record, name, None, commit_id, context.caller_arn)
        return {}

    def delete_branch(self, request: Request, context: Context) -> Response:
        record = self._repositories.of_request(request, context)
        name = request["branchName"]
        commit_id = record.git.branches().get(name)
        if commit_id is None:
            return {}
        if name == record.default_branch:
            raise AwsError(
                "DefaultBranchCannotBeDeletedException",
                f"{name} is the default branch and cannot be deleted; set another default branch",
            )
        record.git.delete_branch(name)
        self._events.branch_changed(record, name, commit_id, None, context.caller_arn)
        return {"deletedBranch": {"branchName": name, "commitId": commit_id}}

    def update_default_branch(self, request: Request, context: Context) -> Response:
        record = self._repositories.of_request(request, context)
        name = request["defaultBranchName"]
        branch_commit(record, name)
        with self._lock:
            record.default_branch = name
            record.git.set_default_branch(name)
        return {}


def branch_commit(record: RepositoryRecord, name: str) -> str:
    """Returns the commit at the tip of a branch.

    Raises:
        AwsError: BranchDoesNotExistException.
    """
    commit_id = record.git.branches().get(name)
    if commit_id is None:
        raise AwsError(
            "BranchDoesNotExistException",
            f"Could not find branch {name} in repository {record.name}",
        )
    return commit_id


def _page(entries: Sequence[Any], request: Request) -> tuple[list[Any], dict[str, str]]:
    return page(
        entries,
        request,
        size=_PAGE_SIZE,
        token_member="nextToken",  # noqa: S106  # the name of a member
        error=_INVALID_TOKEN,
    )
