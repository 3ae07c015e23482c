"""Repositories and their metadata."""

from __future__ import annotations

import re
import shutil
import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request
from rehearsal.framework.store import Store
from rehearsal.git.repository import GitRepository, repository_directory

_NAME = re.compile(r"(?!.*\.git$)[\w.-]{1,100}")


@dataclass
class RepositoryRecord:
    """A repository of an account and region."""

    scope: Scope
    name: str
    git: GitRepository
    description: str | None
    kms_key_id: str
    repository_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=utc_now)
    modified: datetime = field(default_factory=utc_now)
    default_branch: str | None = None  # AWS has none before the first push

    @property
    def arn(self) -> str:
        return self.scope.arn("codecommit", self.name)

    def metadata(self, endpoint_url: str) -> dict[str, Any]:
        """Returns the RepositoryMetadata of the API; `cloneUrlSsh` is not served."""
        values = {
            "accountId": self.scope.account,
            "repositoryId": self.repository_id,
            "repositoryName": self.name,
            "repositoryDescription": self.description,
            "defaultBranch": self.default_branch,
            "lastModifiedDate": self.modified,
            "creationDate": self.created,
            "cloneUrlHttp": f"{endpoint_url}/v1/repos/{self.name}",
            "cloneUrlSsh": f"ssh://127.0.0.1/v1/repos/{self.name}",
            "Arn": self.arn,
            "kmsKeyId": self.kms_key_id,
        }
        return {key: value for key, value in values.items() if value is not None}


class RepositoryStore:
    """The repositories of every account and region.

    Args:
        state_directory: the directory of the git data.
        lock: the service's lock.
    """

    def __init__(self, state_directory: Path, lock: threading.RLock) -> None:
        self._state_directory = state_directory
        self._lock = lock
        self._records: Store[RepositoryRecord] = Store()

    def create(
        self,
        scope: Scope,
        name: str,
        *,
        description: str | None = None,
        kms_key_id: str | None = None,
    ) -> RepositoryRecord:
        """Creates an empty repository.

        Raises:
            AwsError: InvalidRepositoryNameException or RepositoryNameExistsException.
        """
        _check_name(name)
        if name in self._records.of(scope):
            raise _name_exists(name)
        directory = repository_directory(self._state_directory, scope, name)
        record = RepositoryRecord(
            scope=scope,
            name=name,
            git=GitRepository.create(directory),
            description=description,
            kms_key_id=kms_key_id or scope.arn("kms", "alias/aws/codecommit"),
        )
        self._records.of(scope)[name] = record
        return record

    def get(self, scope: Scope, name: str) -> RepositoryRecord:
        """Returns a repository by its name.

        Raises:
            AwsError: RepositoryDoesNotExistException.
        """
        with self._lock:
            record = self._records.of(scope).get(name)
        if record is None:
            raise AwsError("RepositoryDoesNotExistException", f"{name} does not exist")
        return record

    def of_request(self, request: Request, context: Context) -> RepositoryRecord:
        """Returns the repository that a request names.

        Raises:
            AwsError: RepositoryNameRequiredException or RepositoryDoesNotExistException.
        """
        if not request.get("repositoryName"):
            raise AwsError("RepositoryNameRequiredException", "repositoryName is required")
        return self.get(context.scope, request["repositoryName"])

    def by_arn(self, arn: str, scope: Scope) -> RepositoryRecord:
        """Returns a repository by its ARN.

        Raises:
            AwsError: RepositoryDoesNotExistException.
        """
        for _, record in self._records.everywhere():
            if record.arn == arn:
                return record
        raise AwsError("RepositoryDoesNotExistException", f"{arn} does not exist")

    def in_account(self, account: str, name: str) -> list[RepositoryRecord]:
        """Returns the account's repositories with a name, at most one for each region."""
        return [
            record
            for scope, record in self._records.everywhere()
            if scope.account == account and record.name == name
        ]

    def list(self, scope: Scope) -> list[RepositoryRecord]:
        """Returns the repositories of an account and region."""
        return list(self._records.of(scope).values())

    def rename(self, scope: Scope, old: str, new: str) -> None:
        """Renames a repository and its directory.

        Raises:
            AwsError: a name is not valid, not known or in use.
        """
        record = self.get(scope, old)
        _check_name(new)
        records = self._records.of(scope)
        if new in records:
            raise _name_exists(new)
        directory = repository_directory(self._state_directory, scope, new)
        record.git.directory.rename(directory)
        record.git.directory = directory
        record.name = new
        records[new] = records.pop(old)

    def delete(self, scope: Scope, name: str) -> RepositoryRecord | None:
        """Deletes a repository and its git data; returns None for an unknown one."""
        record = self._records.of(scope).pop(name, None)
        if record is not None:
            shutil.rmtree(record.git.directory)
        return record


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise AwsError(
            "InvalidRepositoryNameException",
            "A repository name consists of 1 to 100 letters, digits, periods, underscores and "
            f"dashes and does not end in .git; got {name!r}",
        )


def _name_exists(name: str) -> AwsError:
    return AwsError("RepositoryNameExistsException", f"Repository named {name} already exists")
