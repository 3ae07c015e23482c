"""Git over HTTPS at /v1/repos/NAME, for `git clone`, `fetch` and `push`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from rehearsal.framework.platform import AccessKey, AwsError, Platform
from rehearsal.git import codecommit_credentials, smart_http
from rehearsal.git.push_commands import PushError, pushed_references
from rehearsal.services.codecommit.records import RepositoryRecord
from rehearsal.services.codecommit.references import REFERENCES

ROUTE = re.compile(r"/v1/repos/(?P<name>[^/]+)/(?P<path>.+)")
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="CodeCommit"'}

Reply = tuple[int, dict[str, str], bytes]


class GitEndpoint:
    """Authenticates callers, evaluates IAM and serves git.

    Args:
        platform: the AWS around the service.
        find: returns the repositories of an account with a name.
        pushed: called with the references that a push changed.
    """

    def __init__(
        self,
        platform: Platform,
        find: Callable[[str, str], list[RepositoryRecord]],
        pushed: Callable[[RepositoryRecord, Sequence[smart_http.ReferenceUpdate], str], None],
    ) -> None:
        self._platform = platform
        self._find = find
        self._pushed = pushed

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, list[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Reply:
        """Serves one HTTP request of git; after a 401, git calls its credential helper."""
        route = ROUTE.fullmatch(path)
        if route is None:
            return _text(404, f"no repository is served at {path}")
        sign_in = codecommit_credentials.parse_authorization(headers.get("authorization"))
        if sign_in is None:
            return 401, dict(_CHALLENGE), b""
        key = self._platform.secret_for(sign_in.access_key_id)
        if key is None or key.session_token != sign_in.session_token:
            return _text(403, "the access key is unknown or its session has expired")
        candidates = self._find(key.principal_arn.split(":")[4], route["name"])
        if not candidates:
            return _text(404, f"repository {route['name']} does not exist in the caller's account")
        signed_path = f"/v1/repos/{route['name']}"
        for record in candidates:
            if _signed(sign_in, key, record.scope.region, headers["host"], signed_path):
                request = smart_http.HttpRequest(
                    method=method,
                    path=route["path"],
                    query=urlencode(query, doseq=True),
                    headers=headers,
                    body=body,
                    user=key.principal_arn,
                )
                return self._serve(record, request)
        return _text(403, "the signature does not match; is the region of the repository set?")

    def _serve(self, record: RepositoryRecord, request: smart_http.HttpRequest) -> Reply:
        try:
            self._authorize(record, request)
        except AwsError as error:
            return _text(403, error.message)
        except PushError as error:
            return _text(400, str(error))
        response, updates = smart_http.respond(record.git, request)
        if updates:
            self._pushed(record, updates, request.user)
        return response.status, dict(response.headers), response.body

    def _authorize(self, record: RepositoryRecord, request: smart_http.HttpRequest) -> None:
        """Evaluates IAM; for a push once per reference, which only its second request contains."""

        def ask(action: str, keys: Mapping[str, Any] | None = None) -> None:
            self._platform.authorize(request.user, action, record.arn, record.scope, keys)

        if not smart_http.is_push(request.path, request.query):
            ask("codecommit:GitPull")
            return
        references = pushed_references(request.body, request.headers) if request.body else []
        if not references:
            ask("codecommit:GitPush")
        for reference in references:
            ask("codecommit:GitPush", {REFERENCES: reference})


def _signed(
    sign_in: codecommit_credentials.SignIn, key: AccessKey, region: str, host: str, path: str
) -> bool:
    return codecommit_credentials.verify(sign_in, key.secret, region=region, host=host, path=path)


def _text(status: int, message: str) -> Reply:
    return status, {"Content-Type": "text/plain"}, f"{message}\n".encode()
