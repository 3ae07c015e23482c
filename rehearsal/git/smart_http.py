"""Git's smart HTTP protocol, served by `git http-backend`."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.git.repository import ISOLATED_ENVIRONMENT, GitRepository

_TAG = "refs/tags/"
_BRANCH = "refs/heads/"


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """A request for a repository; `path` is relative to the repository, as `info/refs`."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    user: str


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """A response of git."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class ReferenceUpdate:
    """A branch or tag that a push created, moved or deleted."""

    full_name: str
    old_commit: str | None
    new_commit: str | None

    @property
    def kind(self) -> str:
        """`branch` or `tag`."""
        return "tag" if self.full_name.startswith(_TAG) else "branch"

    @property
    def name(self) -> str:
        """Name of the branch or tag."""
        return self.full_name.removeprefix(_TAG).removeprefix(_BRANCH)


def is_push(path: str, query: str) -> bool:
    """Returns True for requests of `git push` (GitPush), False for those of a fetch."""
    return "git-receive-pack" in path or "service=git-receive-pack" in query


def respond(
    repository: GitRepository, request: HttpRequest
) -> tuple[HttpResponse, list[ReferenceUpdate]]:
    """Returns the response of git and the references that the request changed."""
    with tempfile.NamedTemporaryFile(prefix="reference-updates-") as updates:
        headers = {name.lower(): value for name, value in request.headers.items()}
        done = subprocess.run(
            ["git", "http-backend"],
            env={
                "PATH": os.environ["PATH"],
                **ISOLATED_ENVIRONMENT,
                "GIT_PROJECT_ROOT": str(repository.directory),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": f"/{request.path}",
                "QUERY_STRING": request.query,
                "REQUEST_METHOD": request.method,
                "CONTENT_TYPE": headers.get("content-type", ""),
                "CONTENT_LENGTH": str(len(request.body)),
                "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
                "GIT_PROTOCOL": headers.get("git-protocol", ""),
                "REMOTE_USER": request.user,
                "REMOTE_ADDR": "127.0.0.1",
                "CODECOMMIT_REFERENCE_UPDATES": updates.name,
            },
            input=request.body,
            capture_output=True,
            check=False,
        )
        changed = _parse_updates(Path(updates.name).read_text())
    if done.returncode != 0 and not done.stdout:
        return HttpResponse(status=500, headers=[], body=done.stderr), changed
    return _parse_response(done.stdout), changed


def _parse_updates(text: str) -> list[ReferenceUpdate]:
    updates = []
    for line in text.splitlines():
        old, new, name = line.split(" ", 2)
        updates.append(
            ReferenceUpdate(full_name=name, old_commit=_known(old), new_commit=_known(new))
        )
    return updates


def _known(commit_id: str) -> str | None:
    return commit_id if commit_id.strip("0") else None


def _parse_response(output: bytes) -> HttpResponse:
    head, _, body = output.partition(b"\r\n\r\n")
    status = 200
    headers = []
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() == "status":
            status = int(value.split(" ", 1)[0])
        elif name:
            headers.append((name, value))
    return HttpResponse(status=status, headers=headers, body=body)
