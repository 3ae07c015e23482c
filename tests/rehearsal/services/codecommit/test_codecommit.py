"""CodeCommit's API and git over HTTPS, with the platform in memory."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import AccessKey
from rehearsal.git import codecommit_credentials
from rehearsal.services.codecommit import CodeCommit
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform, ServiceClient

SECRET = "of-ada"
USER = "arn:aws:iam::111111111111:user/ada"
HOST = "127.0.0.1:4566"
PATH = "/v1/repos/demo"


class KnownKey(FakePlatform):
    """The platform with one user, whose key is AKIA."""

    def secret_for(self, access_key_id: str) -> AccessKey | None:
        return AccessKey(SECRET, None, USER) if access_key_id == "AKIA" else None


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    return KnownKey(tmp_path)


@pytest.fixture
def service(platform: FakePlatform) -> CodeCommit:
    return CodeCommit(platform)


@pytest.fixture
def codecommit(service: CodeCommit) -> Any:
    client = ServiceClient(service, CALLER)
    client.create_repository(repositoryName="demo", tags={"team": "ml"})
    return client


def _commit(codecommit: Any, *, parent: str | None = None, **files: str) -> Any:
    more = {"parentCommitId": parent} if parent else {}
    return codecommit.create_commit(
        repositoryName="demo",
        branchName="main",
        putFiles=[{"filePath": name, "fileContent": text.encode()} for name, text in files.items()],
        authorName="Ada",
        email="ada@example.com",
        commitMessage="A change",
        **more,
    )


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_repository_is_described_with_the_url_to_clone_it(codecommit: Any) -> None:
    found = codecommit.get_repository(repositoryName="demo")["repositoryMetadata"]
    assert found["cloneUrlHttp"] == "https://127.0.0.1:1/v1/repos/demo"
    assert found["Arn"] == "arn:aws:codecommit:us-east-1:111111111111:demo"
    assert "defaultBranch" not in found
    assert codecommit.list_repositories()["repositories"][0]["repositoryName"] == "demo"
    assert codecommit.list_tags_for_resource(resourceArn=found["Arn"])["tags"] == {"team": "ml"}


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("get_repository", {"repositoryName": "no"}, "RepositoryDoesNotExistException"),
        ("create_repository", {"repositoryName": "demo"}, "RepositoryNameExistsException"),
        ("create_repository", {"repositoryName": "a.git"}, "InvalidRepositoryNameException"),
        (
            "get_branch",
            {"repositoryName": "demo", "branchName": "x"},
            "BranchDoesNotExistException",
        ),
        (
            "get_commit",
            {"repositoryName": "demo", "commitId": "0" * 40},
            "CommitIdDoesNotExistException",
        ),
        ("get_file", {"repositoryName": "demo", "filePath": "x"}, "CommitDoesNotExistException"),
        (
            "create_branch",
            {"repositoryName": "demo", "branchName": "x", "commitId": "0" * 40},
            "CommitDoesNotExistException",
        ),
        (
            "list_branches",
            {"repositoryName": "demo", "nextToken": "x"},
            "InvalidContinuationTokenException",
        ),
    ],
)
def test_errors_have_awss_codes(
    codecommit: Any, operation: str, request_: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(codecommit, operation)(**request_)
    assert _code(error) == code


def test_a_commit_is_read_back(codecommit: Any) -> None:
    first = _commit(codecommit, readme="hello", run="x")
    assert [item["absolutePath"] for item in first["filesAdded"]] == ["readme", "run"]
    file = codecommit.get_file(repositoryName="demo", filePath="readme")
    assert file["fileContent"] == b"hello"
    folder = codecommit.get_folder(repositoryName="demo", folderPath="/")
    assert [item["relativePath"] for item in folder["files"]] == ["readme", "run"]
    commit = codecommit.get_commit(repositoryName="demo", commitId=first["commitId"])["commit"]
    assert commit["author"]["name"] == "Ada"
    branch = codecommit.get_branch(repositoryName="demo", branchName="main")["branch"]
    assert branch["commitId"] == first["commitId"]


def test_a_commit_must_build_on_the_tip_and_change_something(codecommit: Any) -> None:
    first = _commit(codecommit, a="1")["commitId"]
    second = _commit(codecommit, parent=first, a="2")["commitId"]
    for parent, code in (
        (None, "ParentCommitIdRequiredException"),
        (first, "ParentCommitIdOutdatedException"),
    ):
        with pytest.raises(ClientError) as error:
            _commit(codecommit, parent=parent, a="3")
        assert _code(error) == code
    with pytest.raises(ClientError) as error:
        _commit(codecommit, parent=second, a="2")
    assert _code(error) == "NoChangeException"
    branch = codecommit.get_branch(repositoryName="demo", branchName="main")["branch"]
    assert branch["commitId"] == second


def test_changes_of_references_are_announced(codecommit: Any, platform: FakePlatform) -> None:
    first = _commit(codecommit, a="1")["commitId"]
    second = _commit(codecommit, parent=first, a="2")["commitId"]
    codecommit.create_branch(repositoryName="demo", branchName="work", commitId=first)
    codecommit.delete_branch(repositoryName="demo", branchName="work")
    details = platform.events_of("CodeCommit Repository State Change")
    assert [(item["event"], item["referenceName"]) for item in details] == [
        ("referenceCreated", "main"),
        ("referenceUpdated", "main"),
        ("referenceCreated", "work"),
        ("referenceDeleted", "work"),
    ]
    assert (details[1]["oldCommitId"], details[1]["commitId"]) == (first, second)
    assert platform.events[0]["resources"] == ["arn:aws:codecommit:us-east-1:111111111111:demo"]


def test_the_first_branch_is_the_default_one_and_cannot_be_deleted(codecommit: Any) -> None:
    _commit(codecommit, a="1")
    found = codecommit.get_repository(repositoryName="demo")["repositoryMetadata"]
    assert found["defaultBranch"] == "main"
    with pytest.raises(ClientError) as error:
        codecommit.delete_branch(repositoryName="demo", branchName="main")
    assert _code(error) == "DefaultBranchCannotBeDeletedException"


def test_a_renamed_repository_keeps_its_content(codecommit: Any) -> None:
    _commit(codecommit, a="1")
    codecommit.update_repository_name(oldName="demo", newName="other")
    assert codecommit.get_file(repositoryName="other", filePath="a")["fileContent"] == b"1"


def test_deleting_removes_the_content_and_may_be_repeated(codecommit: Any, tmp_path: Path) -> None:
    assert "repositoryId" in codecommit.delete_repository(repositoryName="demo")
    assert codecommit.delete_repository(repositoryName="demo") == {}
    assert not list((tmp_path / "codecommit").rglob("*.git"))


def _headers(password: str, user: str = "AKIA") -> dict[str, str]:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"authorization": f"Basic {token}", "host": HOST}


def _sign(at: datetime | None = None, secret: str = SECRET, region: str = "us-east-1") -> str:
    return codecommit_credentials.sign(
        "AKIA", secret, region=region, host=HOST, path=PATH, at=at or datetime.now(UTC)
    )


def _fetch(service: CodeCommit, headers: dict[str, str], path: str = f"{PATH}/info/refs") -> Any:
    ((_, handler),) = service.raw_routes()
    return handler("GET", path, {"service": ["git-upload-pack"]}, headers, b"")


def test_git_is_asked_to_sign_in(service: CodeCommit, codecommit: Any) -> None:
    status, headers, _ = _fetch(service, {"host": HOST})
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Basic")


def test_a_signed_fetch_is_served_and_evaluated_by_iam(
    service: CodeCommit, codecommit: Any, platform: FakePlatform
) -> None:
    status, headers, body = _fetch(service, _headers(_sign()))
    assert status == 200
    assert headers["Content-Type"] == "application/x-git-upload-pack-advertisement"
    arn = SCOPE.arn("codecommit", "demo")
    assert platform.asked[-1] == (USER, "codecommit:GitPull", arn)
    platform.denied.add(("codecommit:GitPull", arn))
    status, _, body = _fetch(service, _headers(_sign()))
    assert status == 403
    assert b"not authorized to perform: codecommit:GitPull" in body


@pytest.mark.parametrize(
    "password",
    [
        "nonsense",
        _sign(secret="other"),
        _sign(region="eu-west-1"),
        _sign(at=datetime.now(UTC) - timedelta(minutes=16)),
    ],
    ids=["nonsense", "other-secret", "other-region", "too-old"],
)
def test_a_wrong_or_old_signature_is_rejected(
    service: CodeCommit, codecommit: Any, password: str
) -> None:
    assert _fetch(service, _headers(password))[0] == 403


def test_the_root_signs_in_by_its_secret_alone(tmp_path: Path) -> None:
    class OfRoot(FakePlatform):
        def secret_for(self, access_key_id: str) -> AccessKey | None:
            return AccessKey(SECRET, None, f"arn:aws:iam::{SCOPE.account}:root")

    root = CodeCommit(OfRoot(tmp_path))
    ServiceClient(root, CALLER).create_repository(repositoryName="demo")
    assert _fetch(root, _headers(_sign()))[0] == 200
    assert _fetch(root, _headers(_sign(secret="guess")))[0] == 403


def test_unknown_keys_and_repositories_are_rejected(service: CodeCommit, codecommit: Any) -> None:
    assert _fetch(service, _headers(_sign(), user="OTHER"))[0] == 403
    assert _fetch(service, _headers(_sign()), "/v1/repos/none/info/refs")[0] == 404


def test_iam_is_asked_about_the_repository_that_a_request_names(service: CodeCommit) -> None:
    arn = SCOPE.arn("codecommit", "demo")
    assert service.resource_arns("GetFile", {"repositoryName": "demo"}, SCOPE) == [arn]
    assert service.resource_arns("TagResource", {"resourceArn": arn}, SCOPE) == [arn]
    assert service.resource_arns("ListRepositories", {}, SCOPE) == ["*"]
