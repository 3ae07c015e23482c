"""A git provider, which is not part of AWS, by HTTP on the gateway.

    POST /connections/ID/handshake                              authorises a connection, as "Update
                                                                pending connection" in the console
    git push https://.../connections/ID/OWNER/REPOSITORY.git    creates a repository, and pushes
    POST /connections/ID/OWNER/REPOSITORY/pull-requests         {"source": ..., "target": ...}
    POST /connections/ID/OWNER/REPOSITORY/pull-requests/N/close

ID is the last part of the connection's ARN. A real provider has its own users; here, everyone who
knows the id is one of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlencode

from rehearsal.git import smart_http
from rehearsal.git.provider import GitProvider
from rehearsal.git.repository import GitError

_ID = r"/connections/(?P<id>[0-9a-f-]{36})"
_NAME = rf"{_ID}/(?P<name>(?:[A-Za-z0-9_-][\w.-]*/)+[A-Za-z0-9_-][\w.-]*?)"
HANDSHAKE = re.compile(rf"{_ID}/handshake")
GIT = re.compile(rf"{_NAME}\.git/(?P<path>.+)")
PULL_REQUESTS = re.compile(rf"{_NAME}/pull-requests")
CLOSE = re.compile(rf"{_NAME}/pull-requests/(?P<number>\d+)/close")

Reply = tuple[int, dict[str, str], bytes]


class ProviderEndpoint:
    """Serves the provider.

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
        for pattern, handler in (
            (HANDSHAKE, self._handshake),
            (CLOSE, self._close),
            (PULL_REQUESTS, self._open),
        ):
            found = pattern.fullmatch(path)
            if found:
                if method != "POST":
                    return _text(405, f"{path} takes POST only")
                return self._known(found, partial(handler, match=found, body=body))
        match = GIT.fullmatch(path)
        if match is None:
            return _text(404, f"no repository is served at {path}")
        request = smart_http.HttpRequest(
            method=method,
            path=match["path"],
            query=urlencode(query, doseq=True),
            headers=headers,
            body=body,
            user="provider",
        )
        return self._known(match, partial(self._git, name=match["name"], request=request))

    def _known(self, match: re.Match[str], handler: Callable[[str], Reply]) -> Reply:
        arn = self._find(match["id"])
        if arn is None:
            return _text(404, f"there is no connection {match['id']}")
        try:
            return handler(arn)
        except GitError as error:
            return _text(400, str(error))

    def _handshake(self, arn: str, match: re.Match[str], body: bytes) -> Reply:
        self._provider.available.add(arn)
        return _json({"ConnectionArn": arn, "ConnectionStatus": "AVAILABLE"})

    def _git(self, arn: str, name: str, request: smart_http.HttpRequest) -> Reply:
        push = smart_http.is_push(request.path, request.query)
        repository = self._provider.repository(arn, name, create=push)
        if repository is None:
            return _text(404, f"there is no repository {name}; the first push creates it")
        response, updates = smart_http.respond(repository.git, request)
        self._provider.pushed(repository, updates)
        return response.status, dict(response.headers), response.body

    def _open(self, arn: str, match: re.Match[str], body: bytes) -> Reply:
        repository = self._provider.repository(arn, match["name"])
        wanted = json.loads(body or b"{}")
        if repository is None or not {"source", "target"} <= set(wanted):
            return _text(400, 'name a repository and {"source": BRANCH, "target": BRANCH}')
        opened = self._provider.open_pull_request(repository, wanted["source"], wanted["target"])
        return _json({"number": opened.number})

    def _close(self, arn: str, match: re.Match[str], body: bytes) -> Reply:
        repository = self._provider.repository(arn, match["name"])
        if repository is None:
            return _text(404, f"there is no repository {match['name']}")
        self._provider.close_pull_request(repository, int(match["number"]))
        return _json({"number": int(match["number"])})


def _text(status: int, message: str) -> Reply:
    return status, {"Content-Type": "text/plain"}, f"{message}\n".encode()


def _json(content: Mapping[str, object]) -> Reply:
    return 200, {"Content-Type": "application/json"}, json.dumps(content).encode()
