"""What CodeCommit remembers of a repository beside its git data."""

from __future__ import annotations

import re
import shutil
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehearsal.framework.platform import AwsError, Scope
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
    tags: dict[str, str]
    repository_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    default_branch: str | None = None  # AWS has none before the first push

    @property
    def arn(self) -> str:
        return self.scope.arn("codecommit", self.name)

    def metadata(self, endpoint_url: str) -> dict[str, Any]:
        """RepositoryMetadata; `cloneUrlSsh` names a place where nothing listens."""
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
    """The repositories of every account and region. The service's lock guards it."""

    def __init__(self, state_directory: Path) -> None:
        self._state_directory = state_directory
        self._records: dict[tuple[Scope, str], RepositoryRecord] = {}

    def create(
        self,
        scope: Scope,
        name: str,
        *,
        description: str | None = None,
        kms_key_id: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> RepositoryRecord:
        """Raises InvalidRepositoryNameException or RepositoryNameExistsException."""
        _check_name(name)
        if (scope, name) in self._records:
            raise _name_exists(name)
        directory = repository_directory(self._state_directory, scope, name)
        record = RepositoryRecord(
            scope=scope,
            name=name,
            git=GitRepository.create(directory),
            description=description,
            kms_key_id=kms_key_id or scope.arn("kms", "alias/aws/codecommit"),
            tags=tags or {},
        )
        self._records[scope, name] = record
        return record

    def get(self, scope: Scope, name: str) -> RepositoryRecord:
        """Raises RepositoryDoesNotExistException."""
        record = self._records.get((scope, name))
        if record is None:
            raise AwsError("RepositoryDoesNotExistException", f"{name} does not exist")
        return record

    def by_arn(self, arn: str) -> RepositoryRecord:
        for record in self._records.values():
            if record.arn == arn:
                return record
        raise AwsError("RepositoryDoesNotExistException", f"{arn} does not exist")

    def named(self, account: str, name: str) -> list[RepositoryRecord]:
        """The account's repositories of that name, at most one for each region."""
        return [
            record
            for (scope, candidate), record in self._records.items()
            if scope.account == account and candidate == name
        ]

    def list(self, scope: Scope) -> list[RepositoryRecord]:
        return [record for (owner, _), record in self._records.items() if owner == scope]

    def rename(self, scope: Scope, old: str, new: str) -> None:
        record = self.get(scope, old)
        _check_name(new)
        if (scope, new) in self._records:
            raise _name_exists(new)
        directory = repository_directory(self._state_directory, scope, new)
        record.git.directory.rename(directory)
        record.git.directory = directory
        record.name = new
        self._records[scope, new] = self._records.pop((scope, old))

    def delete(self, scope: Scope, name: str) -> RepositoryRecord | None:
        record = self._records.pop((scope, name), None)
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
