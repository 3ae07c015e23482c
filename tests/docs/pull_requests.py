"""A pull request of an example, which a build checks on each push to its branch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.docs.conftest import Account
from tests.docs.waiting import eventually

BUILD_SPEC = """
version: 0.2
phases:
  build:
    commands:
      - echo "pull request $PULL_REQUEST_ID into $DESTINATION_COMMIT from $SOURCE_REFERENCE"
      - sh check.sh
"""
SEED = {"buildspecs/test.yml": BUILD_SPEC, "check.sh": "exit 0\n"}


def builds_pull_requests(account: Account, outputs: Mapping[str, str]) -> None:
    repository, project = outputs["RepositoryName"], outputs["BuildProjectName"]
    main = commit(account, repository, "main", SEED)
    codecommit = account.client("codecommit")
    codecommit.create_branch(repositoryName=repository, branchName="better", commitId=main)
    good = commit(account, repository, "better", {"check.sh": "echo better\n"}, main)
    reference = {"repositoryName": repository, "sourceReference": "better"}
    request = codecommit.create_pull_request(title="Better", targets=[reference])["pullRequest"]

    build = newest_build(account, project, of=good)
    assert build["buildStatus"] == "SUCCEEDED"
    assert build["resolvedSourceVersion"] == good
    assert f"pull request {request['pullRequestId']} into {main} from refs/heads/better" in log_of(
        account, build
    )

    bad = commit(account, repository, "better", {"check.sh": "exit 1\n"}, good)
    build = newest_build(account, project, of=bad)
    assert build["buildStatus"] == "FAILED"
    assert "check.sh" in failure_of(build)
    # A push to the target branch is not a pull request.
    commit(account, repository, "main", {"other": "1\n"}, main)
    assert len(builds_of(account, project)) == 2


def commit(
    account: Account,
    repository: str,
    branch: str,
    files: Mapping[str, str],
    parent: str | None = None,
) -> str:
    made = account.client("codecommit").create_commit(
        repositoryName=repository,
        branchName=branch,
        putFiles=[{"filePath": path, "fileContent": text} for path, text in files.items()],
        **({"parentCommitId": parent} if parent else {}),
    )
    return str(made["commitId"])


def builds_of(account: Account, project: str) -> list[Any]:
    codebuild = account.client("codebuild")
    ids = codebuild.list_builds_for_project(projectName=project)["ids"]
    return list(codebuild.batch_get_builds(ids=ids)["builds"]) if ids else []


def newest_build(account: Account, project: str, *, of: str) -> Any:
    """Returns the build of a commit when it has ended."""

    def ended() -> Any:
        for build in builds_of(account, project):
            if build["sourceVersion"] == of and build["buildStatus"] != "IN_PROGRESS":
                return build
        return None

    return eventually(ended)


def log_of(account: Account, build: Mapping[str, Any]) -> str:
    place = build["logs"]
    events = account.client("logs").get_log_events(
        logGroupName=place["groupName"], logStreamName=place["streamName"]
    )
    return "\n".join(event["message"] for event in events["events"])


def failure_of(build: Mapping[str, Any]) -> str:
    return " ".join(
        context["message"]
        for phase in build["phases"]
        for context in phase.get("contexts", ())
        if phase.get("phaseStatus") == "FAILED"
    )
