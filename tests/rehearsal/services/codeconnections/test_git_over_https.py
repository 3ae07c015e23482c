"""Git through a connection, as AWS principals use it, and the REST API of the provider."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rehearsal.framework.platform import AccessKey
from rehearsal.git import codecommit_credentials
from rehearsal.services.codeconnections import CodeConnections
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.codeconnections.provider import NAME, Provider

SECRET, USER = "of-ada", "arn:aws:iam::111111111111:user/ada"
HOST = "codeconnections.us-east-1.amazonaws.com"


class OneUser(FakePlatform):
    """The platform with one access key."""

    def secret_for(self, access_key_id: str) -> AccessKey | None:
        return AccessKey(SECRET, None, USER) if access_key_id == "AKIA" else None


@pytest.fixture
def platform(tmp_path: Path) -> OneUser:
    return OneUser(tmp_path)


def path_of(connection: str, name: str = NAME) -> str:
    _, _, _, region, account, resource = connection.split(":", 5)
    return f"/git-http/{account}/{region}/{resource.rpartition('/')[2]}/{name}.git"


def call(
    service: CodeConnections,
    method: str,
    path: str,
    *,
    query: dict[str, list[str]] | None = None,
    body: bytes = b"",
    **headers: str,
) -> tuple[int, bytes]:
    for pattern, handler in service.raw_routes():
        if pattern.fullmatch(path):
            status, _, content = handler(method, path, query or {}, headers, body)
            return status, content
    raise AssertionError(f"nothing serves {path}")


def fetch(
    service: CodeConnections, path: str, *, key: str = "AKIA", git_service: str = "git-upload-pack"
) -> tuple[int, bytes]:
    password = codecommit_credentials.sign(
        key, SECRET, region="us-east-1", host=HOST, path=path, at=datetime.now(UTC)
    )
    token = base64.b64encode(f"{key}:{password}".encode()).decode()
    return call(
        service,
        "GET",
        f"{path}/info/refs",
        query={"service": [git_service]},
        authorization=f"Basic {token}",
        host=HOST,
    )


def test_a_principal_with_the_connection_reads_the_repository(
    service: CodeConnections, provider: Provider, connection: str, platform: OneUser
) -> None:
    provider.post("handshake")
    commit = provider.commit("main", "model.py")

    status, content = fetch(service, path_of(connection))

    assert (status, commit.encode() in content) == (200, True)
    assert {
        "codeconnections:FullRepositoryId": NAME,
        "codeconnections:OwnerId": "team",
        "codeconnections:RepositoryName": "churn",
        "codeconnections:ProviderAction": "GitPull",
        "codeconnections:ProviderPermissionsRequired": "read_only",
    } in platform.keys_asked


def test_a_push_needs_the_permission_to_write(
    service: CodeConnections, provider: Provider, connection: str, platform: OneUser
) -> None:
    provider.post("handshake")

    assert fetch(service, path_of(connection), git_service="git-receive-pack")[0] == 200

    assert platform.keys_asked[-1]["codeconnections:ProviderAction"] == "GitPush"
    assert platform.keys_asked[-1]["codeconnections:ProviderPermissionsRequired"] == "read_write"


def test_a_principal_without_the_permission_is_denied(
    service: CodeConnections, provider: Provider, connection: str, platform: OneUser
) -> None:
    provider.post("handshake")
    for prefix in ("codeconnections", "codestar-connections"):
        platform.denied.add((f"{prefix}:UseConnection", connection))

    status, content = fetch(service, path_of(connection))

    assert (status, b"not authorized" in content) == (403, True)


def test_a_pending_connection_serves_no_repository(
    service: CodeConnections, provider: Provider, connection: str
) -> None:
    status, content = fetch(service, path_of(connection))

    assert (status, b"not available" in content) == (403, True)


def test_a_push_creates_no_repository_at_the_provider(
    service: CodeConnections, provider: Provider, connection: str
) -> None:
    provider.post("handshake")

    status, content = fetch(
        service, path_of(connection, "team/none"), git_service="git-receive-pack"
    )

    assert (status, content) == (404, b"the provider has no repository team/none\n")


def test_git_without_valid_credentials_is_not_served(
    service: CodeConnections, provider: Provider, connection: str
) -> None:
    provider.post("handshake")
    path = path_of(connection)

    assert call(service, "GET", f"{path}/info/refs", host=HOST)[0] == 401
    assert fetch(service, path, key="AKIB")[0] == 403
    assert fetch(service, path.replace("us-east-1", "eu-west-1"))[0] == 403
    assert fetch(service, path.replace("111111111111", "222222222222"))[0] == 404


def api(service: CodeConnections, connection: str, method: str, path: str, content: Any) -> Any:
    status, body = call(
        service,
        method,
        f"/connections/{connection.rpartition('/')[2]}/api/v3{path}",
        body=json.dumps(content).encode(),
        authorization="Bearer of-ada",
    )
    return status, json.loads(body)


def test_the_provider_creates_repositories_and_pull_requests(
    service: CodeConnections, provider: Provider, connection: str
) -> None:
    provider.commit("main", "model.py")
    provider.commit("better", "model.py")
    wanted = {"title": "Better", "head": "better", "base": "main", "body": "why"}

    status, opened = api(service, connection, "POST", f"/repos/{NAME}/pulls", wanted)

    assert (status, opened["number"], opened["body"]) == (201, 1, "why")
    assert api(service, connection, "GET", f"/repos/{NAME}/pulls", None)[1] == [opened]
    assert api(service, connection, "POST", "/orgs/team/repos", {"name": "new"})[0] == 201


@pytest.mark.parametrize(
    ("path", "content", "status", "words"),
    [
        ("/orgs/team/repos", {"name": "churn"}, 422, "already exists"),
        ("/orgs/team/repos", {"name": "a b"}, 422, "malformed"),
        ("/repos/team/none/pulls", {}, 404, "Not Found"),
        (f"/repos/{NAME}/pulls", {"title": "x"}, 422, "missing head, base"),
        (f"/repos/{NAME}/pulls", {"title": "x", "head": "no", "base": "main"}, 422, "no branch no"),
    ],
)
def test_the_api_of_the_provider_rejects_what_github_rejects(
    service: CodeConnections,
    provider: Provider,
    connection: str,
    path: str,
    content: Any,
    status: int,
    words: str,
) -> None:
    provider.commit("main", "model.py")

    found, body = api(service, connection, "POST", path, content)

    assert (found, words in body["message"]) == (status, True)


def test_the_api_of_the_provider_needs_a_token(
    service: CodeConnections, provider: Provider, connection: str
) -> None:
    path = f"/connections/{connection.rpartition('/')[2]}/api/v3/repos/{NAME}/pulls"

    assert call(service, "GET", path)[0] == 401


def test_two_open_pull_requests_of_one_branch_are_rejected(
    service: CodeConnections, provider: Provider, connection: str
) -> None:
    provider.commit("main", "model.py")
    provider.commit("better", "model.py")
    wanted = {"title": "Better", "head": "better", "base": "main"}
    api(service, connection, "POST", f"/repos/{NAME}/pulls", wanted)

    status, body = api(service, connection, "POST", f"/repos/{NAME}/pulls", wanted)

    assert (status, "already exists" in body["message"]) == (422, True)
