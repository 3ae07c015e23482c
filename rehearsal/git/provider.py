"""The git provider of connections: bare repositories on this machine.

It replaces GitHub, GitLab, Bitbucket and Azure DevOps. Each connection has a folder of repositories
that git reaches over HTTP, and pull requests that an HTTP request opens
(rehearsal/services/codeconnections/provider_endpoint.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

from rehearsal.framework.platform import Platform
from rehearsal.git.repository import GitError, GitRepository
from rehearsal.git.smart_http import ReferenceUpdate

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True, kw_only=True)
class GitEvent:
    """A push or a change of a pull request.

    `kind` is branch or tag for a push, and OPEN, UPDATED or CLOSED for a pull request. `name` is
    then the target branch and `branch` the source branch.
    """

    connection_arn: str
    repository: str
    kind: str
    name: str
    branch: str
    commit_id: str
    paths: Sequence[str]

    @property
    def of_pull_request(self) -> bool:
        """True for events of pull requests."""
        return self.kind not in {"branch", "tag"}


@dataclass
class PullRequest:
    """A pull request from a source branch to a target branch."""

    number: int
    source: str
    target: str
    title: str = ""
    description: str = ""
    open: bool = True


@dataclass
class ProviderRepository:
    """A repository of a provider, with its pull requests."""

    connection_arn: str
    name: str
    git: GitRepository
    pull_requests: list[PullRequest] = field(default_factory=list)


class GitProvider:
    """The repositories of all connections of a platform."""

    KEPT = ("_repositories", "available")

    _instances: WeakKeyDictionary[Platform, GitProvider] = WeakKeyDictionary()

    @classmethod
    def of(cls, platform: Platform) -> GitProvider:
        """Returns the provider that the services of a platform share."""
        return cls._instances.setdefault(platform, cls(platform.state_directory))

    def __init__(self, state_directory: Path) -> None:
        self._directory = state_directory / "git-provider"
        self._repositories: dict[tuple[str, str], ProviderRepository] = {}
        self._listeners: list[Callable[[GitEvent], None]] = []
        self._lock = threading.RLock()
        #: ARNs of authorized connections.
        self.available: set[str] = set()

    def listen(self, listener: Callable[[GitEvent], None]) -> None:
        """Adds a listener for pushes and pull requests."""
        self._listeners.append(listener)

    def repository(
        self, connection_arn: str, name: str, *, create: bool = False
    ) -> ProviderRepository | None:
        """Returns the repository `owner/name`.

        Args:
            connection_arn: ARN of the connection.
            name: name of the repository.
            create: creates a missing repository. Defaults to False: None is returned.
        """
        key = (connection_arn, name)
        with self._lock:
            if key not in self._repositories and create:
                directory = self._directory / connection_arn.rsplit("/", 1)[-1] / f"{name}.git"
                self._repositories[key] = ProviderRepository(
                    connection_arn, name, GitRepository.create(directory)
                )
            return self._repositories.get(key)

    def pushed(self, repository: ProviderRepository, updates: Sequence[ReferenceUpdate]) -> None:
        """Notifies listeners of pushes and of the pull requests that they update."""
        for update in updates:
            if update.new_commit is None:
                continue
            paths = changed_paths(repository.git, update.old_commit, update.new_commit)
            self._notify(
                repository, update.kind, update.name, update.name, update.new_commit, paths
            )
            with self._lock:
                updated = [
                    request
                    for request in repository.pull_requests
                    if request.open and update.kind == "branch" and request.source == update.name
                ]
            for request in updated:
                self._notify_of_pull_request(repository, request, "UPDATED")

    def open_pull_request(
        self,
        repository: ProviderRepository,
        source: str,
        target: str,
        *,
        title: str = "",
        description: str = "",
    ) -> PullRequest:
        """Opens a pull request.

        Raises:
            GitError: a branch does not exist, or the two have an open pull request.
        """
        for branch in (source, target):
            if branch not in repository.git.branches():
                raise GitError(f"{repository.name} has no branch {branch}")
        with self._lock:
            for one in repository.pull_requests:
                if one.open and (one.source, one.target) == (source, target):
                    raise GitError(f"A pull request already exists for {source}: {one.number}")
            request = PullRequest(
                len(repository.pull_requests) + 1, source, target, title, description
            )
            repository.pull_requests.append(request)
        self._notify_of_pull_request(repository, request, "OPEN")
        return request

    def close_pull_request(self, repository: ProviderRepository, number: int) -> None:
        """Closes a pull request.

        Raises:
            GitError: it is not open.
        """
        with self._lock:
            found = [one for one in repository.pull_requests if one.number == number and one.open]
            for request in found:
                request.open = False
        if not found:
            raise GitError(f"{repository.name} has no open pull request {number}")
        self._notify_of_pull_request(repository, found[0], "CLOSED")

    def _notify_of_pull_request(
        self, repository: ProviderRepository, request: PullRequest, kind: str
    ) -> None:
        branches = repository.git.branches()
        commit_id = branches[request.source]
        paths = changed_paths(repository.git, branches[request.target], commit_id)
        self._notify(repository, kind, request.target, request.source, commit_id, paths)

    def _notify(
        self,
        repository: ProviderRepository,
        kind: str,
        name: str,
        branch: str,
        commit_id: str,
        paths: Sequence[str],
    ) -> None:
        event = GitEvent(
            connection_arn=repository.connection_arn,
            repository=repository.name,
            kind=kind,
            name=name,
            branch=branch,
            commit_id=commit_id,
            paths=paths,
        )
        for listener in self._listeners:
            listener(event)


def changed_paths(git: GitRepository, old: str | None, new: str) -> list[str]:
    """Returns the files that differ between two commits, or all files of a first commit."""
    output = git.run("diff-tree", "-r", "-z", "--name-only", old or _EMPTY_TREE, new)
    return output.decode().split("\0")[:-1]
