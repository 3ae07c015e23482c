"""IAM is asked about each branch that a request changes (`codecommit:References`)."""

from __future__ import annotations

import base64
import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rehearsal.framework.platform import AccessKey, AwsError, Scope
from rehearsal.git import codecommit_credentials
from rehearsal.git.push_commands import PushError, pushed_references
from rehearsal.services.codecommit import CodeCommit
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform, ServiceClient

SECRET, USER = "of-ada", "arn:aws:iam::111111111111:user/ada"
HOST, PATH = "127.0.0.1:4566", "/v1/repos/demo"
ARN = SCOPE.arn("codecommit", "demo")
OLD, NEW = "0" * 40, "1" * 40
MAIN = "refs/heads/main"


class GuardedMain(FakePlatform):
    """The platform with one user who does not push to `main`."""

    def secret_for(self, access_key_id: str) -> AccessKey | None:
        return AccessKey(SECRET, None, USER)

    def authorize(
        self, principal_arn: str, action: str, resource_arn: str, scope: Scope, keys: Any = None
    ) -> None:
        super().authorize(principal_arn, action, resource_arn, scope, keys)
        if (keys or {}).get("codecommit:References") == MAIN:
            raise AwsError("AccessDeniedException", "with an explicit deny", 403)


@pytest.fixture
def platform(tmp_path: Path) -> GuardedMain:
    return GuardedMain(tmp_path)


@pytest.fixture
def service(platform: GuardedMain) -> CodeCommit:
    found = CodeCommit(platform)
    ServiceClient(found, CALLER).create_repository(repositoryName="demo")
    return found


def packet(line: str) -> bytes:
    return f"{len(line) + 4:04x}{line}".encode()


def push(*references: str) -> bytes:
    """The beginning of a push, as git sends it: capabilities with the first reference."""
    lines = [f"{OLD} {NEW} {name}" for name in references]
    first = f"{lines[0]}\0 report-status side-band-64k agent=git/2.43.0"
    return b"".join(packet(line) for line in (first, *lines[1:])) + b"0000PACK"


def send(service: CodeCommit, body: bytes, **headers: str) -> tuple[int, bytes]:
    password = codecommit_credentials.sign(
        "AKIA", SECRET, region="us-east-1", host=HOST, path=PATH, at=datetime.now(UTC)
    )
    token = base64.b64encode(f"AKIA:{password}".encode()).decode()
    given = {"authorization": f"Basic {token}", "host": HOST, **headers}
    given["content-type"] = "application/x-git-receive-pack-request"
    ((_, handler),) = service.raw_routes()
    status, _, answer = handler("POST", f"{PATH}/git-receive-pack", {}, given, body)
    return status, answer


def test_a_push_is_evaluated_reference_by_reference(
    service: CodeCommit, platform: GuardedMain
) -> None:
    status, answer = send(service, push("refs/heads/feature", "refs/tags/v1", MAIN))

    assert status == 403
    assert b"explicit deny" in answer
    assert [keys["codecommit:References"] for keys in platform.keys_asked] == [
        "refs/heads/feature",
        "refs/tags/v1",
        MAIN,
    ]
    assert {one[1:] for one in platform.asked} == {("codecommit:GitPush", ARN)}


def test_a_push_to_another_branch_reaches_git(service: CodeCommit) -> None:
    assert send(service, push("refs/heads/feature"))[0] == 200


def test_the_question_before_a_push_names_no_reference(
    service: CodeCommit, platform: GuardedMain
) -> None:
    assert send(service, b"0000")[0] == 200
    assert platform.keys_asked == [{}]


@pytest.mark.parametrize(
    "body",
    [
        packet("push-cert\0 report-status") + packet(f"{OLD} {NEW} {MAIN}") + b"0000",
        packet(f"{OLD} {NEW} HEAD") + b"0000",
        packet(f"{OLD} {NEW} {MAIN}")[:-3],
        b"00zz",
        b"0002",
    ],
    ids=["signed", "no-reference", "cut-off", "no-length", "too-short"],
)
def test_a_push_whose_references_are_unknown_does_not_reach_git(
    service: CodeCommit, body: bytes
) -> None:
    assert send(service, body)[0] == 400
    with pytest.raises(PushError):
        pushed_references(body, {})


def test_a_compressed_push_is_read_and_a_broken_one_rejected(service: CodeCommit) -> None:
    compressed = {"content-encoding": "gzip"}
    assert send(service, gzip.compress(push(MAIN)), **compressed)[0] == 403
    assert send(service, push(MAIN), **compressed)[0] == 400


@pytest.mark.parametrize(
    ("operation", "request_", "reference"),
    [
        ("PutFile", {"branchName": "main"}, MAIN),
        ("CreateCommit", {"branchName": "main"}, MAIN),
        ("DeleteFile", {"branchName": "work"}, "refs/heads/work"),
        ("CreateBranch", {"branchName": "work"}, "refs/heads/work"),
        ("DeleteBranch", {"branchName": "main"}, MAIN),
        ("GetBranch", {"branchName": "main"}, None),
        ("UpdateDefaultBranch", {"defaultBranchName": "work"}, None),
        ("MergePullRequestByFastForward", {"pullRequestId": "7"}, None),
    ],
)
def test_a_request_that_changes_a_branch_carries_it(
    service: CodeCommit, operation: str, request_: dict[str, str], reference: str | None
) -> None:
    keys = service.condition_keys(operation, {"repositoryName": "demo", **request_}, SCOPE)

    assert keys == ({"codecommit:References": reference} if reference else {})


def test_a_merge_carries_the_branch_into_which_it_merges(service: CodeCommit) -> None:
    client = ServiceClient(service, CALLER)
    first = client.create_commit(
        repositoryName="demo",
        branchName="main",
        putFiles=[{"filePath": "a", "fileContent": b"1"}],
    )
    client.create_branch(repositoryName="demo", branchName="work", commitId=first["commitId"])
    target = {"repositoryName": "demo", "sourceReference": "work", "destinationReference": "main"}
    made = client.create_pull_request(title="t", targets=[target])["pullRequest"]

    for way in ("FastForward", "Squash", "ThreeWay"):
        request = {"repositoryName": "demo", "pullRequestId": made["pullRequestId"]}
        keys = service.condition_keys(f"MergePullRequestBy{way}", request, SCOPE)
        assert keys == {"codecommit:References": MAIN}
