"""The REST API of the provider of a connection, as far as GitHub's has the same operations.

    POST /connections/ID/api/v3/orgs/OWNER/repos            creates an empty repository
    GET  /connections/ID/api/v3/repos/OWNER/REPOSITORY/pulls?head=OWNER:BRANCH&state=open
    POST /connections/ID/api/v3/repos/OWNER/REPOSITORY/pulls

A request needs a bearer token. The provider has no list of users, so any token is accepted.

Source: "REST API endpoints for repositories" and "for pull requests" in GitHub's documentation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.git.provider import GitProvider, ProviderRepository, PullRequest
from rehearsal.git.repository import GitError

_API = r"/connections/(?P<id>[0-9a-f-]{36})/api/v3"
_PART = r"[A-Za-z0-9_-][\w.-]*"
REPOSITORIES = re.compile(rf"{_API}/orgs/(?P<owner>{_PART})/repos")
PULLS = re.compile(rf"{_API}/repos/(?P<name>{_PART}/{_PART})/pulls")

Reply = tuple[int, dict[str, str], bytes]


class ProviderApi:
    """Serves the API.

    Args:
        provider: the repositories of the provider.
        find: returns a connection's ARN by the id in it.
    """

    def __init__(self, provider: GitProvider, find: Callable[[str], str | None]) -> None:
        self._provider = provider
        self._find = find

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, list[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Reply:
        """Serves one HTTP request."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return _failure(401, "Requires authentication")
        found = REPOSITORIES.fullmatch(path) or PULLS.fullmatch(path)
        arn = self._find(found["id"]) if found else None
        if found is None or arn is None:
            return _failure(404, "Not Found")
        try:
            given = json.loads(body) if body else {}
        except ValueError:
            return _failure(400, "Problems parsing JSON")
        if found.re is REPOSITORIES:
            if method != "POST":
                return _failure(404, "Not Found")
            return self._create(arn, found["owner"], given)
        repository = self._provider.repository(arn, found["name"])
        if repository is None:
            return _failure(404, "Not Found")
        if method == "GET":
            return _list(repository, query)
        return self._open(repository, given)

    def _create(self, arn: str, owner: str, given: Mapping[str, Any]) -> Reply:
        name = str(given.get("name", ""))
        if not re.fullmatch(_PART, name):
            return _failure(422, "Repository creation failed: name is malformed")
        full = f"{owner}/{name}"
        if self._provider.repository(arn, full) is not None:
            return _failure(422, "Repository creation failed: name already exists on this account")
        self._provider.repository(arn, full, create=True)
        return _json(201, {"full_name": full, "default_branch": "main"})

    def _open(self, repository: ProviderRepository, given: Mapping[str, Any]) -> Reply:
        missing = [key for key in ("title", "head", "base") if not given.get(key)]
        if missing:
            return _failure(422, f"Validation Failed: missing {', '.join(missing)}")
        try:
            opened = self._provider.open_pull_request(
                repository,
                str(given["head"]),
                str(given["base"]),
                title=str(given["title"]),
                description=str(given.get("body", "")),
            )
        except GitError as error:
            return _failure(422, f"Validation Failed: {error}")
        return _json(201, _shown(repository, opened))


def _list(repository: ProviderRepository, query: Mapping[str, list[str]]) -> Reply:
    (state,) = query.get("state", ["open"])
    heads = [one.rpartition(":")[2] for one in query.get("head", [])]
    found = [
        _shown(repository, one)
        for one in repository.pull_requests
        if (state == "all" or one.open == (state == "open")) and (not heads or one.source in heads)
    ]
    return _json(200, found)


def _shown(repository: ProviderRepository, request: PullRequest) -> dict[str, Any]:
    return {
        "number": request.number,
        "state": "open" if request.open else "closed",
        "title": request.title,
        "body": request.description,
        "head": {"ref": request.source},
        "base": {"ref": request.target},
        "html_url": f"https://github.com/{repository.name}/pull/{request.number}",
    }


def _failure(status: int, message: str) -> Reply:
    return _json(status, {"message": message})


def _json(status: int, content: object) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()
