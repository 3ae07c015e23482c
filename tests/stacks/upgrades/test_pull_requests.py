"""Pull requests at providers: a server with the three APIs receives what the command sends."""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rehearsal.server.certificate import make_certificate
from stacks.upgrades import pull_requests
from stacks.upgrades.commands import UpgradeError
from stacks.upgrades.deployed_projects import ProjectRepository
from stacks.upgrades.pull_requests import PullRequest, open_pull_request

REQUEST = PullRequest(source="seed-2", target="main", title="Merge", description="why")
LINKS = {"html_url": "u", "web_url": "u", "links": {"html": {"href": "u"}}}


class Provider:
    """Requests that a server has received, and whether the pull request exists already."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str, Any]] = []
        self.authorization = ""
        self.existing = False
        self.status = 200
        self.url = ""


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            listed = [LINKS] if found.existing else []
            self._reply("GET", {"values": listed} if "/repositories/" in self.path else listed)

        def do_POST(self) -> None:
            self._reply("POST", LINKS)

        def _reply(self, method: str, content: Any) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found.received.append((method, self.path, json.loads(body) if body else None))
            found.authorization = self.headers["Authorization"]
            self.send_response(found.status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: Any) -> None:
            """Keeps the output of the tests free of requests."""

    files = make_certificate(tmp_path / "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(files.ca_bundle))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("GIT_PROVIDER_TOKEN", "of-ada")
    found.url = f"https://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def connect(monkeypatch: pytest.MonkeyPatch, provider: str, endpoint: str = "") -> None:
    """Makes AWS describe the connection and its host."""

    def aws(_: str, operation: str, *__: str, region: str) -> Any:
        assert region == "us-east-1"
        if operation == "get-host":
            return {"ProviderEndpoint": endpoint}
        host = {"HostArn": "arn:host"} if endpoint else {}
        return {"Connection": {"ProviderType": provider, **host}}

    monkeypatch.setattr(pull_requests, "aws", aws)


def repository(name: str = "acme/ml/churn") -> ProjectRepository:
    return ProjectRepository(
        project="churn",
        stack="Project-churn",
        name=name,
        url="",
        region="us-east-1",
        connection_arn="arn:connection",
    )


@pytest.mark.parametrize(
    ("kind", "name", "path", "query", "body"),
    [
        (
            "GitHubEnterpriseServer",
            "acme/churn",
            "/api/v3/repos/acme/churn/pulls",
            "head=acme%3Aseed-2&state=open",
            {"title": "Merge", "head": "seed-2", "base": "main", "body": "why"},
        ),
        (
            "GitLabSelfManaged",
            "acme/ml/churn",
            "/api/v4/projects/acme%2Fml%2Fchurn/merge_requests",
            "source_branch=seed-2&state=opened",
            {
                "title": "Merge",
                "source_branch": "seed-2",
                "target_branch": "main",
                "description": "why",
            },
        ),
    ],
)
def test_a_self_hosted_provider_gets_one_pull_request(
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    name: str,
    path: str,
    query: str,
    body: Any,
) -> None:
    connect(monkeypatch, kind, provider.url)

    assert open_pull_request(repository(name), REQUEST) == "u"

    assert provider.received == [("GET", f"{path}?{query}", None), ("POST", path, body)]
    assert provider.authorization == "Bearer of-ada"


def test_bitbucket_gets_one_pull_request(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "Bitbucket")
    kind = pull_requests._APIS["Bitbucket"][0]
    monkeypatch.setitem(pull_requests._APIS, "Bitbucket", (kind, f"{provider.url}/2.0"))

    assert open_pull_request(repository("acme/churn"), REQUEST) == "u"

    (get, _), post = (one[:2] for one in provider.received)
    assert (get, post) == ("GET", ("POST", "/2.0/repositories/acme/churn/pullrequests"))
    assert provider.received[1][2]["destination"] == {"branch": {"name": "main"}}


def test_an_open_pull_request_is_not_opened_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "GitHubEnterpriseServer", provider.url)
    provider.existing = True

    assert open_pull_request(repository(), REQUEST) == "u"

    assert [method for method, *_ in provider.received] == ["GET"]


def test_a_failure_of_the_provider_is_reported_without_the_token(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "GitHubEnterpriseServer", provider.url)
    provider.status = 403

    with pytest.raises(UpgradeError, match=r"GET https://.*: 403") as failure:
        open_pull_request(repository(), REQUEST)

    assert "of-ada" not in str(failure.value)


def test_an_address_without_tls_is_rejected(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "GitHubEnterpriseServer", provider.url.replace("https", "http"))

    with pytest.raises(UpgradeError, match="allowed are https addresses"):
        open_pull_request(repository(), REQUEST)


def test_a_missing_token_and_an_unsupported_provider_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GIT_PROVIDER_TOKEN", raising=False)
    connect(monkeypatch, "GitHub")
    with pytest.raises(UpgradeError, match="GIT_PROVIDER_TOKEN is not set"):
        open_pull_request(repository(), REQUEST)

    connect(monkeypatch, "AzureDevOps")
    with pytest.raises(UpgradeError, match="pull requests at AzureDevOps are not supported"):
        open_pull_request(repository(), REQUEST)


def test_a_long_description_is_shortened_to_what_codecommit_allows() -> None:
    request = PullRequest(source="a", target="b", title="t", description="x" * 20_000)

    assert len(request.shown_description) <= 10_240
    assert request.shown_description.endswith("(shortened)")
