"""Operations on repositories, branches and tags."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rehearsal.framework.platform import AwsError, Context, Platform
from rehearsal.framework.service import Request, Response, Service
from rehearsal.git.http import ReferenceUpdate
from rehearsal.git.repository import GitError
from rehearsal.services.codecommit.records import RepositoryRecord, RepositoryStore


class RepositoryOperations(Service):
    """What CodeCommit's API does with repositories as a whole."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.repositories = RepositoryStore(platform.state_directory)

    def changed(
        self, record: RepositoryRecord, updates: Sequence[ReferenceUpdate], caller_arn: str
    ) -> None:
        """Notes the first branch as the default one and emits an event for each reference.

        https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html
        """
        with self.lock:
            record.modified = datetime.now(UTC)
            for update in updates:
                if record.default_branch is None and update.kind == "branch" and update.new_commit:
                    record.default_branch = update.name
                    record.git.set_default_branch(update.name)
        for update in updates:
            self.platform.emit_event(
                record.scope,
                source="aws.codecommit",
                detail_type="CodeCommit Repository State Change",
                resources=[record.arn],
                detail=_detail(record, update, caller_arn),
            )

    def create_repository(self, request: Request, context: Context) -> Response:
        with self.lock:
            record = self.repositories.create(
                context.scope,
                request["repositoryName"],
                description=request.get("repositoryDescription"),
                kms_key_id=request.get("kmsKeyId"),
                tags=dict(request.get("tags", {})),
            )
        return {"repositoryMetadata": record.metadata(self.platform.endpoint_url)}

    def get_repository(self, request: Request, context: Context) -> Response:
        record = self.repository(request, context)
        return {"repositoryMetadata": record.metadata(self.platform.endpoint_url)}

    def batch_get_repositories(self, request: Request, context: Context) -> Response:
        known = {record.name: record for record in self.repositories.list(context.scope)}
        names = list(request["repositoryNames"])
        url = self.platform.endpoint_url
        return {
            "repositories": [known[name].metadata(url) for name in names if name in known],
            "repositoriesNotFound": [name for name in names if name not in known],
        }

    def list_repositories(self, request: Request, context: Context) -> Response:
        _refuse_token(request)
        records = self.repositories.list(context.scope)
        by_date = request.get("sortBy", "repositoryName") == "lastModifiedDate"
        records.sort(
            key=lambda record: record.modified.isoformat() if by_date else record.name,
            reverse=request.get("order", "ascending") == "descending",
        )
        return {
            "repositories": [
                {"repositoryName": record.name, "repositoryId": record.repository_id}
                for record in records
            ]
        }

    def delete_repository(self, request: Request, context: Context) -> Response:
        """As in AWS, deleting an unknown repository succeeds and returns no id."""
        with self.lock:
            record = self.repositories.delete(context.scope, request["repositoryName"])
        return {"repositoryId": record.repository_id} if record else {}

    def update_repository_name(self, request: Request, context: Context) -> Response:
        with self.lock:
            self.repositories.rename(context.scope, request["oldName"], request["newName"])
        return {}

    def update_repository_description(self, request: Request, context: Context) -> Response:
        with self.lock:
            self.repository(request, context).description = request.get("repositoryDescription")
        return {}

    def get_branch(self, request: Request, context: Context) -> Response:
        record = self.repository(request, context)
        name = request["branchName"]
        return {"branch": {"branchName": name, "commitId": branch_commit(record, name)}}

    def list_branches(self, request: Request, context: Context) -> Response:
        _refuse_token(request)
        return {"branches": sorted(self.repository(request, context).git.branches())}

    def create_branch(self, request: Request, context: Context) -> Response:
        record = self.repository(request, context)
        name, commit_id = request["branchName"], request["commitId"]
        if name in record.git.branches():
            raise AwsError("BranchNameExistsException", f"Branch {name} already exists")
        if record.git.commit(commit_id) is None:
            raise AwsError("CommitDoesNotExistException", f"Commit {commit_id} does not exist")
        try:
            record.git.set_branch(name, commit_id)
        except GitError as error:
            raise AwsError("InvalidBranchNameException", str(error)) from error
        self._reference_changed(record, name, None, commit_id, context)
        return {}

    def delete_branch(self, request: Request, context: Context) -> Response:
        record = self.repository(request, context)
        name = request["branchName"]
        commit_id = record.git.branches().get(name)
        if commit_id is None:
            return {}
        if name == record.default_branch:
            raise AwsError(
                "DefaultBranchCannotBeDeletedException",
                f"{name} is the default branch and cannot be deleted; make another the default",
            )
        record.git.delete_branch(name)
        self._reference_changed(record, name, commit_id, None, context)
        return {"deletedBranch": {"branchName": name, "commitId": commit_id}}

    def update_default_branch(self, request: Request, context: Context) -> Response:
        record = self.repository(request, context)
        name = request["defaultBranchName"]
        branch_commit(record, name)
        with self.lock:
            record.default_branch = name
            record.git.set_default_branch(name)
        return {}

    def tag_resource(self, request: Request, context: Context) -> Response:
        with self.lock:
            self.repositories.by_arn(request["resourceArn"]).tags.update(request["tags"])
        return {}

    def untag_resource(self, request: Request, context: Context) -> Response:
        with self.lock:
            tags = self.repositories.by_arn(request["resourceArn"]).tags
            for key in request["tagKeys"]:
                tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, request: Request, context: Context) -> Response:
        return {"tags": dict(self.repositories.by_arn(request["resourceArn"]).tags)}

    def repository(self, request: Request, context: Context) -> RepositoryRecord:
        """The repository that a request names; raises RepositoryDoesNotExistException."""
        with self.lock:
            return self.repositories.get(context.scope, request["repositoryName"])

    def _reference_changed(
        self,
        record: RepositoryRecord,
        branch: str,
        old: str | None,
        new: str | None,
        context: Context,
    ) -> None:
        update = ReferenceUpdate(full_name=f"refs/heads/{branch}", old_commit=old, new_commit=new)
        self.changed(record, [update], context.caller_arn)


def branch_commit(record: RepositoryRecord, name: str) -> str:
    """The commit at the tip of a branch; raises BranchDoesNotExistException."""
    commit_id = record.git.branches().get(name)
    if commit_id is None:
        raise AwsError(
            "BranchDoesNotExistException",
            f"Could not find branch {name} in repository {record.name}",
        )
    return commit_id


def _detail(record: RepositoryRecord, update: ReferenceUpdate, caller_arn: str) -> dict[str, str]:
    if update.old_commit is None:
        event = "referenceCreated"
    elif update.new_commit is None:
        event = "referenceDeleted"
    else:
        event = "referenceUpdated"
    detail = {
        "event": event,
        "repositoryName": record.name,
        "repositoryId": record.repository_id,
        "referenceType": update.kind,
        "referenceName": update.name,
        "referenceFullName": update.full_name,
        "callerUserArn": caller_arn,
    }
    if update.new_commit:
        detail["commitId"] = update.new_commit
    if update.old_commit:
        detail["oldCommitId"] = update.old_commit
    return detail


def _refuse_token(request: Request) -> None:
    if request.get("nextToken"):
        raise AwsError(
            "InvalidContinuationTokenException",
            "all results come on one page; this token was never given out",
        )
