"""Pull requests of CodeCommit, and the events by which builds know of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.codecommit import CodeCommit
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform, ServiceClient

ARN = SCOPE.arn("codecommit", "demo")


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    return FakePlatform(tmp_path)


@pytest.fixture
def service(platform: FakePlatform) -> CodeCommit:
    return CodeCommit(platform)


@pytest.fixture
def codecommit(service: CodeCommit) -> Any:
    """A repository with `main`, and with `feature` one commit before it."""
    client = ServiceClient(service, CALLER)
    client.create_repository(repositoryName="demo")
    first = commit(client, "main", "README.md")
    client.create_branch(repositoryName="demo", branchName="feature", commitId=first)
    commit(client, "feature", "model.py", parent=first)
    return client


def commit(client: Any, branch: str, path: str, *, parent: str | None = None) -> str:
    made = client.create_commit(
        repositoryName="demo",
        branchName=branch,
        putFiles=[{"filePath": path, "fileContent": f"{path} {parent}".encode()}],
        **({"parentCommitId": parent} if parent else {}),
    )
    return str(made["commitId"])


def open_request(client: Any, source: str = "feature", target: str = "main") -> Any:
    reference = {
        "repositoryName": "demo",
        "sourceReference": source,
        "destinationReference": target,
    }
    return client.create_pull_request(title="A feature", targets=[reference])["pullRequest"]


def told(platform: FakePlatform) -> list[dict[str, Any]]:
    return platform.events_of("CodeCommit Pull Request State Change")


def test_an_opened_request_is_reported_with_its_commits(
    codecommit: Any, platform: FakePlatform
) -> None:
    made = open_request(codecommit)
    target = made["pullRequestTargets"][0]
    event = told(platform)[0]
    assert event["event"] == "pullRequestCreated"
    assert event["pullRequestId"] == made["pullRequestId"]
    assert event["sourceReference"] == "refs/heads/feature"
    assert event["destinationReference"] == "refs/heads/main"
    assert event["sourceCommit"] == target["sourceCommit"] != target["destinationCommit"]
    assert platform.events[-1]["resources"] == [ARN]
    assert codecommit.list_pull_requests(repositoryName="demo")["pullRequestIds"] == ["1"]


def test_a_push_to_the_source_branch_updates_it(codecommit: Any, platform: FakePlatform) -> None:
    made = open_request(codecommit)
    before = made["pullRequestTargets"][0]["sourceCommit"]
    pushed = commit(codecommit, "feature", "other.py", parent=before)
    assert [event["event"] for event in told(platform)] == [
        "pullRequestCreated",
        "pullRequestSourceBranchUpdated",
    ]
    assert told(platform)[-1]["sourceCommit"] == pushed
    main = codecommit.get_branch(repositoryName="demo", branchName="main")["branch"]["commitId"]
    commit(codecommit, "main", "other.py", parent=main)
    assert len(told(platform)) == 2


def test_a_fast_forward_merge_is_a_push_to_the_destination(
    codecommit: Any, platform: FakePlatform
) -> None:
    open_request(codecommit)
    merged = codecommit.merge_pull_request_by_fast_forward(
        pullRequestId="1", repositoryName="demo"
    )["pullRequest"]
    assert merged["pullRequestStatus"] == "CLOSED"
    assert merged["pullRequestTargets"][0]["mergeMetadata"]["isMerged"] is True
    pushes = platform.events_of("CodeCommit Repository State Change")
    assert (pushes[-1]["event"], pushes[-1]["referenceName"]) == ("referenceUpdated", "main")
    assert told(platform)[-1]["isMerged"] == "True"
    with pytest.raises(ClientError, match="closed already"):
        codecommit.update_pull_request_status(pullRequestId="1", pullRequestStatus="CLOSED")


def test_what_does_not_follow_is_not_merged(codecommit: Any) -> None:
    open_request(codecommit)
    main = codecommit.get_branch(repositoryName="demo", branchName="main")["branch"]["commitId"]
    commit(codecommit, "main", "other.py", parent=main)
    wanted = {"pullRequestId": "1", "repositoryName": "demo"}
    with pytest.raises(ClientError) as error:
        codecommit.merge_pull_request_by_fast_forward(**wanted)
    assert error.value.response["Error"]["Code"] == "ManualMergeRequiredException"
    with pytest.raises(ClientError, match="not at"):
        codecommit.merge_pull_request_by_fast_forward(**wanted, sourceCommitId="0" * 40)


def test_a_closed_request_is_not_updated_any_more(codecommit: Any, platform: FakePlatform) -> None:
    made = open_request(codecommit)
    codecommit.update_pull_request_status(pullRequestId="1", pullRequestStatus="CLOSED")
    shown = codecommit.get_pull_request(pullRequestId="1")["pullRequest"]
    assert shown["pullRequestStatus"] == "CLOSED"
    before = made["pullRequestTargets"][0]["sourceCommit"]
    commit(codecommit, "feature", "other.py", parent=before)
    assert told(platform)[-1]["event"] == "pullRequestStatusChanged"
    found = codecommit.list_pull_requests(repositoryName="demo", pullRequestStatus="OPEN")
    assert found["pullRequestIds"] == []


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("none", "main", "ReferenceDoesNotExistException"),
        ("main", "main", "SourceAndDestinationAreSameException"),
    ],
)
def test_what_cannot_be_merged_is_rejected(
    codecommit: Any, source: str, target: str, code: str
) -> None:
    with pytest.raises(ClientError) as error:
        open_request(codecommit, source, target)
    assert error.value.response["Error"]["Code"] == code


def test_iam_is_asked_about_the_repository(codecommit: Any, service: CodeCommit) -> None:
    open_request(codecommit)
    targets = {"targets": [{"repositoryName": "demo"}]}
    assert service.resource_arns("CreatePullRequest", targets, SCOPE) == [ARN]
    assert service.resource_arns("GetPullRequest", {"pullRequestId": "1"}, SCOPE) == [ARN]
    assert service.resource_arns("GetPullRequest", {"pullRequestId": "9"}, SCOPE) == ["*"]
