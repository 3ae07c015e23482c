"""Pull requests, which pushes update and a fast-forward merge or a status update closes.

Comments, approvals and other merges are not supported.

Source: https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import AwsError, Context, Platform
from rehearsal.framework.service import Request, Response
from rehearsal.git.repository import GitError
from rehearsal.git.smart_http import ReferenceUpdate
from rehearsal.services.codecommit.events import ReferenceEvents
from rehearsal.services.codecommit.records import RepositoryRecord, RepositoryStore

_BRANCH = "refs/heads/"


@dataclass
class PullRequest:
    """A pull request from one branch of a repository to another."""

    number: int
    title: str
    description: str
    repository: RepositoryRecord
    source: str
    target: str
    author_arn: str
    status: str = "OPEN"
    merged_by: str = ""
    revision: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: datetime = field(default_factory=utc_now)
    changed: datetime = field(default_factory=utc_now)

    def commit(self, branch: str) -> str:
        return self.repository.git.branches().get(branch, "")

    def describe(self) -> dict[str, Any]:
        merged: dict[str, Any] = {"isMerged": bool(self.merged_by)}
        if self.merged_by:
            merged |= {"mergedBy": self.merged_by, "mergeOption": "FAST_FORWARD_MERGE"}
        target = {
            "repositoryName": self.repository.name,
            "sourceReference": f"{_BRANCH}{self.source}",
            "destinationReference": f"{_BRANCH}{self.target}",
            "sourceCommit": self.commit(self.source),
            "destinationCommit": self.commit(self.target),
            "mergeMetadata": merged,
        }
        return {
            "pullRequestId": str(self.number),
            "title": self.title,
            "description": self.description,
            "lastActivityDate": self.changed,
            "creationDate": self.created,
            "pullRequestStatus": self.status,
            "authorArn": self.author_arn,
            "pullRequestTargets": [target],
            "revisionId": self.revision,
            "approvalRules": [],
        }


class PullRequestOperations:
    """Operations on pull requests.

    Args:
        platform: the AWS around the service.
        lock: the service's lock.
        repositories: the repositories.
        events: reports changes of branches.
    """

    KEPT = ("_requests",)

    def __init__(
        self,
        platform: Platform,
        lock: threading.RLock,
        repositories: RepositoryStore,
        events: ReferenceEvents,
    ) -> None:
        self._platform = platform
        self._lock = lock
        self._repositories = repositories
        self._events = events
        events.listen(self._pushed)
        self._requests: dict[str, PullRequest] = {}

    def _pushed(
        self, record: RepositoryRecord, updates: Sequence[ReferenceUpdate], caller_arn: str
    ) -> None:
        """Updates the open pull requests whose source branch has changed."""
        pushed = {one.name for one in updates if one.kind == "branch" and one.new_commit}
        with self._lock:
            updated = [
                request
                for request in self._requests.values()
                if request.repository is record
                and request.status == "OPEN"
                and request.source in pushed
            ]
        for request in updated:
            request.revision, request.changed = uuid.uuid4().hex, utc_now()
            self._emit(request, "pullRequestSourceBranchUpdated", caller_arn)

    def create_pull_request(self, request: Request, context: Context) -> Response:
        target = request["targets"][0]
        record = self._repositories.of_request(target, context)
        source = target["sourceReference"].removeprefix(_BRANCH)
        destination = target.get("destinationReference", record.default_branch or "")
        destination = destination.removeprefix(_BRANCH)
        for branch in (source, destination):
            if branch not in record.git.branches():
                raise AwsError(
                    "ReferenceDoesNotExistException",
                    f"Repository {record.name} has no branch {branch}",
                )
        if source == destination:
            raise AwsError(
                "SourceAndDestinationAreSameException",
                f"{source} is the source and the destination of the pull request",
            )
        with self._lock:
            made = PullRequest(
                number=len(self._requests) + 1,
                title=request["title"],
                description=request.get("description", ""),
                repository=record,
                source=source,
                target=destination,
                author_arn=context.caller_arn,
            )
            self._requests[str(made.number)] = made
        self._emit(made, "pullRequestCreated", context.caller_arn)
        return {"pullRequest": made.describe()}

    def get_pull_request(self, request: Request, context: Context) -> Response:
        return {"pullRequest": self._find(request, context).describe()}

    def list_pull_requests(self, request: Request, context: Context) -> Response:
        record = self._repositories.of_request(request, context)
        wanted = request.get("pullRequestStatus")
        author = request.get("authorArn")
        with self._lock:
            found = [
                identifier
                for identifier, one in self._requests.items()
                if one.repository is record
                and wanted in (None, one.status)
                and author in (None, one.author_arn)
            ]
        return {"pullRequestIds": found}

    def update_pull_request_status(self, request: Request, context: Context) -> Response:
        found = self._open(request, context)
        if request["pullRequestStatus"] != "CLOSED":
            raise AwsError(
                "InvalidPullRequestStatusUpdateException", "An open pull request can only be closed"
            )
        found.status, found.changed = "CLOSED", utc_now()
        self._emit(found, "pullRequestStatusChanged", context.caller_arn)
        return {"pullRequest": found.describe()}

    def merge_pull_request_by_fast_forward(self, request: Request, context: Context) -> Response:
        """Moves the destination to the source's commit, which must be a descendant."""
        found = self._open(request, context)
        git = found.repository.git
        old, new = found.commit(found.target), found.commit(found.source)
        if request.get("sourceCommitId", new) != new:
            raise AwsError(
                "TipOfSourceReferenceIsDifferentException",
                f"{found.source} is at {new}, not at {request['sourceCommitId']}",
            )
        try:
            git.run("merge-base", "--is-ancestor", old, new)
        except GitError as error:
            raise AwsError(
                "ManualMergeRequiredException",
                f"{found.source} does not follow {found.target}: merge or rebase it first",
            ) from error
        git.set_branch(found.target, new, expected=old)
        found.status, found.merged_by = "CLOSED", context.caller_arn
        found.changed = utc_now()
        self._events.branch_changed(found.repository, found.target, old, new, context.caller_arn)
        self._emit(found, "pullRequestMergeStatusUpdated", context.caller_arn)
        return {"pullRequest": found.describe()}

    def pull_request_arn(self, identifier: str) -> str:
        """Returns the ARN of a pull request's repository, which IAM evaluates; `*` if unknown."""
        with self._lock:
            found = self._requests.get(identifier)
            return found.repository.arn if found else "*"

    def merged_into(self, identifier: str) -> str:
        """Returns the full name of the branch into which a pull request is merged, or empty."""
        with self._lock:
            found = self._requests.get(identifier)
            return f"{_BRANCH}{found.target}" if found else ""

    def _find(self, request: Request, context: Context) -> PullRequest:
        with self._lock:
            found = self._requests.get(request["pullRequestId"])
        if found is None or found.repository.scope != context.scope:
            raise AwsError(
                "PullRequestDoesNotExistException",
                f"Pull request {request['pullRequestId']} does not exist",
            )
        return found

    def _open(self, request: Request, context: Context) -> PullRequest:
        found = self._find(request, context)
        if found.status != "OPEN":
            raise AwsError(
                "PullRequestAlreadyClosedException",
                f"Pull request {found.number} has been closed already",
            )
        return found

    def _emit(self, request: PullRequest, event: str, caller_arn: str) -> None:
        merged = {"mergeOption": "FAST_FORWARD_MERGE"} if request.merged_by else {}
        self._platform.emit_event(
            request.repository.scope,
            source="aws.codecommit",
            detail_type="CodeCommit Pull Request State Change",
            resources=[request.repository.arn],
            detail={
                "event": event,
                "pullRequestId": str(request.number),
                "pullRequestStatus": request.status.capitalize(),
                "title": request.title,
                "description": request.description,
                "author": request.author_arn,
                "callerUserArn": caller_arn,
                "repositoryNames": [request.repository.name],
                "sourceReference": f"{_BRANCH}{request.source}",
                "destinationReference": f"{_BRANCH}{request.target}",
                "sourceCommit": request.commit(request.source),
                "destinationCommit": request.commit(request.target),
                "revisionId": request.revision,
                "isMerged": str(bool(request.merged_by)),
                "creationDate": request.created.isoformat(),
                "lastModifiedDate": request.changed.isoformat(),
                **merged,
            },
        )
