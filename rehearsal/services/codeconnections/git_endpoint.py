"""Git over HTTPS through a connection, for AWS principals.

    https://codeconnections.REGION.amazonaws.com/git-http/ACCOUNT/REGION/ID/OWNER/REPOSITORY.git

ID is the last part of the connection's ARN. git signs in with `aws codecommit credential-helper`,
and IAM evaluates UseConnection. The provider's repository must exist: a connection cannot create
one.

Source: "Configure repository access" in the Amazon EKS User Guide, CodeConnections; "Permissions
for using connections" in the Developer Tools console User Guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from rehearsal.framework.platform import AwsError, Platform
from rehearsal.git import codecommit_credentials, smart_http
from rehearsal.git.connection_use import authorize_use
from rehearsal.git.provider import GitProvider

ROUTE = re.compile(
    r"(?P<signed>/git-http/(?P<account>\d{12})/(?P<region>[a-z0-9-]+)/(?P<id>[0-9a-f-]{36})/"
    r"(?P<name>(?:[A-Za-z0-9_-][\w.-]*/)+[A-Za-z0-9_-][\w.-]*?)(?:\.git)?)"
    r"/(?P<path>info/refs|git-upload-pack|git-receive-pack)"
)
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="CodeConnections"'}

Reply = tuple[int, dict[str, str], bytes]


class ConnectionGitEndpoint:
    """Authenticates callers, evaluates IAM and serves the provider's repositories.

    Args:
        platform: the AWS around the service.
        provider: the repositories of the provider.
        find: returns a connection's ARN by the id in it.
    """

    def __init__(
        self, platform: Platform, provider: GitProvider, find: Callable[[str], str | None]
    ) -> None:
        self._platform = platform
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
        if not codecommit_credentials.verify(
            sign_in,
            key.secret,
            region=route["region"],
            host=headers["host"],
            path=route["signed"],
        ):
            return _text(403, "the signature does not match; is the region of the connection set?")
        arn = self._find(route["id"])
        if arn is None or arn.split(":")[3:5] != [route["region"], route["account"]]:
            return _text(404, f"there is no connection {route['id']}")
        request = smart_http.HttpRequest(
            method=method,
            path=route["path"],
            query=urlencode(query, doseq=True),
            headers=headers,
            body=body,
            user=key.principal_arn,
        )
        return self._serve(arn, route["name"], request)

    def _serve(self, arn: str, name: str, request: smart_http.HttpRequest) -> Reply:
        push = smart_http.is_push(request.path, request.query)
        try:
            authorize_use(
                self._platform,
                request.user,
                arn,
                repository=name,
                action="GitPush" if push else "GitPull",
                writes=push,
            )
        except AwsError as error:
            return _text(403, error.message)
        if arn not in self._provider.available:
            return _text(403, f"connection {arn} is not available; update the pending connection")
        repository = self._provider.repository(arn, name)
        if repository is None:
            return _text(404, f"the provider has no repository {name}")
        response, updates = smart_http.respond(repository.git, request)
        self._provider.pushed(repository, updates)
        return response.status, dict(response.headers), response.body


def _text(status: int, message: str) -> Reply:
    return status, {"Content-Type": "text/plain"}, f"{message}\n".encode()
