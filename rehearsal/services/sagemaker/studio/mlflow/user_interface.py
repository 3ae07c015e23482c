"""The user interface of Apps, opened with the URL of CreatePresignedMlflowAppUrl.

The report of a project opens it with a standing link, which acts as the root of the account.

On AWS the URL is of a host for the App; browsers of this machine find no such host, so the URL is
of the gateway. The session acts with the permissions of the principal that created the URL, as it
has them at each request.

Source: "Launch the MLflow UI using a presigned URL" in the developer guide.
"""

import re
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from rehearsal.framework import standing_links
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.framework.service import RawHandler, Request, Response
from rehearsal.framework.store import Transient
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.studio.mlflow.actions import (
    CALL_ACTION,
    NAMESPACE,
    OPEN_ACTION,
    action_of,
)
from rehearsal.services.sagemaker.studio.mlflow.apps import MlflowApps
from rehearsal.services.sagemaker.studio.mlflow.servers import MlflowServers
from rehearsal.services.sagemaker.studio.mlflow.tracking_host import (
    check_registration,
    forward,
    json_error,
)

Reply = tuple[int, dict[str, str], bytes]
PREFIX = "/_mlflow"
"""No bucket has this name: underscores are not allowed in it."""
URL_SECONDS = 300
SESSION_SECONDS = 43_200
_COOKIE = "mlflow-session"
_ROUTE = re.compile(rf"{PREFIX}/(?P<app>app-[A-Z0-9]+)(?P<path>/.*)")
_APP_ARN = re.compile(r"arn:aws:sagemaker:([a-z0-9-]+):(\d{12}):mlflow-app/app-[A-Z0-9]+")
_PAGES = re.compile(r"/|/version|/health|/static-files/.*")
_READS = {
    "/get-artifact": f"{NAMESPACE}:ListArtifacts",
    "/model-versions/get-artifact": f"{NAMESPACE}:GetDownloadURIForModelVersionArtifacts",
    "/graphql": f"{NAMESPACE}:GetRun",
}
"""Requests of the pages outside of the REST API; the actions are inferred."""


@dataclass(frozen=True)
class _Grant:
    """The App and the principal of a URL or session, until a time."""

    arn: str
    context: Context
    until: float
    session_seconds: int


class UserInterface(Transient):
    """CreatePresignedMlflowAppUrl, and the pages.

    Args:
        backend: the backend of SageMaker.
        apps: the Apps.
        servers: their servers.
    """

    def __init__(self, backend: Backend, apps: MlflowApps, servers: MlflowServers) -> None:
        self._backend = backend
        self._apps = apps
        self._servers = servers
        self._tokens: dict[str, _Grant] = {}
        self._sessions: dict[str, _Grant] = {}
        self._lock = threading.Lock()

    def create_presigned_mlflow_app_url(self, request: Request, context: Context) -> Response:
        record = self._apps.find(context.scope, request["Arn"], "CreatePresignedMlflowAppUrl")
        token = secrets.token_urlsafe(32)
        grant = _Grant(
            record["Arn"],
            context,
            time.time() + request.get("ExpiresInSeconds", URL_SECONDS),
            request.get("SessionExpirationDurationInSeconds", SESSION_SECONDS),
        )
        with self._lock:
            _drop_expired(self._tokens)
            self._tokens[token] = grant
        base = f"{self._backend.platform.endpoint_url}{PREFIX}/{record['MlflowAppId']}"
        return {"AuthorizedUrl": f"{base}/auth?authToken={token}"}

    def raw_routes(self) -> Sequence[tuple[re.Pattern[str], RawHandler]]:
        """Returns the route of the pages."""
        return [(_ROUTE, self.handle)]

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, list[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Reply:
        """Serves a request of a browser."""
        route = _ROUTE.fullmatch(path)
        if route is None:
            return _page(404, "There is no such page.")
        if route["path"] == "/auth":
            return self._sign_in(route["app"], query.get("authToken", [""])[0])
        if route["path"] == f"/{standing_links.PATH}":
            return self._open(route["app"], query)
        grant = self._session(headers.get("cookie", ""), route["app"])
        if grant is None:
            return _page(401, "The session has ended: create a new URL of the MLflow App.")
        http = HttpRequest(method, route["path"], headers, query, body)
        try:
            return self._serve(grant, http)
        except AwsError as error:
            return json_error(error)

    def _sign_in(self, app: str, token: str) -> Reply:
        with self._lock:
            grant = self._tokens.pop(token, None)  # "The presigned URL can be used only once."
            if grant is None or not _is_valid(grant, app):
                return _page(403, "The URL has expired or was used: create a new one.")
        return self._begin_session(app, grant)

    def _open(self, app: str, query: Mapping[str, list[str]]) -> Reply:
        """Begins a session of a standing link."""
        arn = query.get(standing_links.ARN, [""])[0]
        signature = query.get(standing_links.SIGNATURE, [""])[0]
        parts = _APP_ARN.fullmatch(arn)
        if parts is None or not arn.endswith(f"/{app}"):
            return _page(403, "The link is not that of an MLflow App.")
        region, account = parts.groups()
        root = self._backend.platform.root_credentials(account)
        if not standing_links.is_valid(arn, signature, root.secret_access_key):
            return _page(403, "The link is of another local AWS: write the report again.")
        context = Context(Scope(account, region), root.principal_arn)
        try:
            self._apps.find(context.scope, arn, "DescribeMlflowApp")
        except AwsError as error:
            return _page(404, error.message)
        return self._begin_session(app, _Grant(arn, context, 0.0, SESSION_SECONDS))

    def _begin_session(self, app: str, grant: _Grant) -> Reply:
        session = secrets.token_urlsafe(32)
        until = time.time() + grant.session_seconds
        with self._lock:
            _drop_expired(self._sessions)
            self._sessions[session] = _Grant(grant.arn, grant.context, until, 0)
        place = f"{PREFIX}/{app}/"
        # Lax: a browser does not send a Strict one when a link of another page leads here.
        cookie = (
            f"{_COOKIE}={session}; Path={place}; Max-Age={grant.session_seconds}; HttpOnly; "
            "Secure; SameSite=Lax"
        )
        return 302, {"Location": place, "Set-Cookie": cookie, "Cache-Control": "no-store"}, b""

    def _session(self, cookies: str, app: str) -> _Grant | None:
        try:
            found = SimpleCookie(cookies).get(_COOKIE)
        except CookieError:
            return None
        with self._lock:
            grant = self._sessions.get(found.value) if found is not None else None
        return grant if grant is not None and _is_valid(grant, app) else None

    def _serve(self, grant: _Grant, http: HttpRequest) -> Reply:
        self._authorize(grant, OPEN_ACTION)
        if not _PAGES.fullmatch(http.path):
            action = _READS.get(http.path) or action_of(http.method, http.path)
            if action is None:
                message = f"{http.method} {http.path} has no action of {NAMESPACE}."
                raise AwsError("ResourceNotFound", message, 404)
            self._authorize(grant, CALL_ACTION)
            self._authorize(grant, action)
        record = self._apps.find(grant.context.scope, grant.arn, "DescribeMlflowApp")
        check_registration(record, http.path)
        return forward(self._servers, grant.context.scope, record, http)

    def _authorize(self, grant: _Grant, action: str) -> None:
        tags = self._backend.tags.of(grant.arn)
        keys = {f"aws:ResourceTag/{name}": value for name, value in tags.items()}
        context = grant.context
        self._backend.platform.authorize(context.caller_arn, action, grant.arn, context.scope, keys)


def _is_valid(grant: _Grant, app: str) -> bool:
    return grant.arn.endswith(f"/{app}") and time.time() < grant.until


def _drop_expired(grants: dict[str, _Grant]) -> None:
    for name in [name for name, grant in grants.items() if time.time() >= grant.until]:
        del grants[name]


def _page(status: int, text: str) -> Reply:
    return status, {"Content-Type": "text/plain; charset=utf-8"}, f"{text}\n".encode()
