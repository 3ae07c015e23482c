"""CodeBuild's API, with the platform in memory and builds that really run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.codebuild import CodeBuild
from rehearsal.services.codebuild.overrides import apply_overrides
from tests.rehearsal.fakes import CALLER, ROLE, SCOPE, FakePlatform, ServiceClient

SPEC = "version: 0.2\nphases: {build: {commands: [sleep 0]}}"
PROJECT: dict[str, Any] = {
    "name": "demo",
    "serviceRole": ROLE,
    "source": {"type": "NO_SOURCE", "buildspec": SPEC},
    "artifacts": {"type": "NO_ARTIFACTS"},
    "environment": {
        "type": "LINUX_CONTAINER",
        "computeType": "BUILD_GENERAL1_SMALL",
        "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
        "environmentVariables": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
    },
    "logsConfig": {"cloudWatchLogs": {"status": "DISABLED"}},
    "tags": [{"key": "team", "value": "ml"}],
}


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    platform = FakePlatform(tmp_path)
    platform.ca_bundle.write_text("certificates")
    return platform


@pytest.fixture
def service(platform: FakePlatform) -> Iterator[CodeBuild]:
    service = CodeBuild(platform)
    yield service
    service.close()


@pytest.fixture
def codebuild(service: CodeBuild) -> Any:
    client = ServiceClient(service, CALLER)
    client.create_project(**PROJECT)
    return client


def _end(service: CodeBuild, build: Any) -> Any:
    record = service.builds.find(SCOPE, build["id"]).record
    assert record.over.wait(30)
    return record.describe()


def test_a_project_is_described_with_defaults(codebuild: Any) -> None:
    answer = codebuild.batch_get_projects(names=["demo", "none"])
    assert answer["projectsNotFound"] == ["none"]
    project = answer["projects"][0]
    assert project["arn"] == "arn:aws:codebuild:us-east-1:111111111111:project/demo"
    assert project["timeoutInMinutes"] == 60
    assert project["encryptionKey"].endswith(":alias/aws/s3")
    assert codebuild.list_projects()["projects"] == ["demo"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": {"type": "GITHUB", "location": "x"}}, "not support the source provider GITHUB"),
        ({"source": {"type": "NO_SOURCE"}}, "needs an inline buildspec"),
        ({"source": {"type": "S3"}}, "needs a location"),
        ({"artifacts": {"type": "CODEPIPELINE"}}, "both must be CODEPIPELINE"),
        ({"artifacts": {"type": "S3"}}, "need a location"),
        ({"cache": {"type": "S3", "location": "b"}}, "does not support a cache in S3"),
        ({"buildBatchConfig": {"serviceRole": ROLE}}, "does not support batch builds"),
        ({"vpcConfig": {"vpcId": "vpc-1"}}, "vpcConfig needs subnets, securityGroupIds too"),
        ({"timeoutInMinutes": 1}, "timeoutInMinutes must be 5 to 2160, got 1"),
        ({"name": "-x"}, "Invalid project name"),
        (
            {"environment": PROJECT["environment"] | {"type": "WINDOWS_CONTAINER"}},
            "not support the environment type WINDOWS_CONTAINER",
        ),
        (
            {"environment": PROJECT["environment"] | {"image": "python:3.11"}},
            "images of CodeBuild only",
        ),
        (
            {"logsConfig": {"s3Logs": {"status": "ENABLED", "location": "b"}}},
            "build logs in S3",
        ),
    ],
)
def test_what_cannot_be_rehearsed_is_rejected_by_name(
    codebuild: Any, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError) as error:
        codebuild.create_project(**PROJECT | {"name": "other"} | change)
    assert error.value.response["Error"]["Code"] == "InvalidInputException"
    assert words in error.value.response["Error"]["Message"]


def test_a_project_needs_permission_to_pass_its_role(
    codebuild: Any, platform: FakePlatform
) -> None:
    platform.denied.add(("iam:PassRole", ROLE))
    with pytest.raises(ClientError, match="iam:PassRole"):
        codebuild.create_project(**PROJECT | {"name": "other"})


def test_names_are_unique_and_unknown_ones_are_not_found(codebuild: Any) -> None:
    with pytest.raises(ClientError, match="already exists"):
        codebuild.create_project(**PROJECT)
    with pytest.raises(ClientError, match="cannot be found"):
        codebuild.start_build(projectName="none")
    with pytest.raises(ClientError, match="cannot be found"):
        codebuild.stop_build(id="demo:none")
    assert codebuild.delete_project(name="none") == {}


def test_a_build_is_followed_to_its_end(
    codebuild: Any, service: CodeBuild, platform: FakePlatform
) -> None:
    started = codebuild.start_build(projectName="demo")["build"]
    assert started["buildStatus"] == "IN_PROGRESS"
    ended = _end(service, started)
    assert ended["buildStatus"] == "SUCCEEDED"
    assert ended["phases"][0]["phaseType"] == "SUBMITTED"
    assert ended["phases"][-1]["phaseType"] == "COMPLETED"
    assert codebuild.list_builds_for_project(projectName="demo")["ids"] == [started["id"]]
    assert codebuild.list_builds()["ids"] == [started["id"]]

    states = platform.events_of("CodeBuild Build State Change")
    assert [item["build-status"] for item in states] == ["IN_PROGRESS", "SUCCEEDED"]
    phases = platform.events_of("CodeBuild Build Phase Change")
    assert [item["completed-phase"] for item in phases][:3] == [
        "SUBMITTED",
        "QUEUED",
        "PROVISIONING",
    ]


def test_a_retried_build_keeps_its_overrides(codebuild: Any, service: CodeBuild) -> None:
    failing = SPEC.replace("sleep 0", "false")
    first = codebuild.start_build(projectName="demo", buildspecOverride=failing)["build"]
    assert _end(service, first)["buildStatus"] == "FAILED"
    again = codebuild.retry_build(id=first["id"])["build"]
    assert again["buildNumber"] == 2
    assert _end(service, again)["buildStatus"] == "FAILED"


def test_a_build_can_be_stopped_and_not_retried_before(codebuild: Any, service: CodeBuild) -> None:
    slow = SPEC.replace("sleep 0", "sleep 60")
    build = codebuild.start_build(projectName="demo", buildspecOverride=slow)["build"]
    with pytest.raises(ClientError, match="still in progress"):
        codebuild.retry_build(id=build["id"])
    assert codebuild.stop_build(id=build["arn"])["build"]["buildStatus"] == "STOPPED"
    assert _end(service, build)["buildStatus"] == "STOPPED"


def test_one_token_starts_one_build(codebuild: Any) -> None:
    request = {"projectName": "demo", "idempotencyToken": "t"}
    assert (
        codebuild.start_build(**request)["build"]["id"]
        == codebuild.start_build(**request)["build"]["id"]
    )


def test_the_concurrent_build_limit_holds(codebuild: Any) -> None:
    slow = SPEC.replace("sleep 0", "sleep 60")
    codebuild.update_project(name="demo", concurrentBuildLimit=1)
    codebuild.start_build(projectName="demo", buildspecOverride=slow)
    with pytest.raises(ClientError) as error:
        codebuild.start_build(projectName="demo")
    assert error.value.response["Error"]["Code"] == "AccountLimitExceededException"


def test_overrides_hold_for_one_build() -> None:
    settings = PROJECT | {"cache": {"type": "NO_CACHE"}}
    request = {
        "projectName": "demo",
        "buildspecOverride": "other",
        "imageOverride": "aws/codebuild/standard:7.0",
        "environmentVariablesOverride": [{"name": "B", "value": "2"}, {"name": "C", "value": "3"}],
        "timeoutInMinutesOverride": 9,
    }
    changed = apply_overrides(settings, request)
    assert changed["source"]["buildspec"] == "other"
    assert changed["environment"]["image"] == "aws/codebuild/standard:7.0"
    values = {
        item["name"]: item["value"] for item in changed["environment"]["environmentVariables"]
    }
    assert values == {"A": "1", "B": "2", "C": "3"}
    assert changed["timeoutInMinutes"] == 9
    assert settings["source"]["buildspec"] == SPEC


def test_a_pipelines_project_started_by_hand_keeps_its_artifacts_to_itself() -> None:
    settings = PROJECT | {
        "source": {"type": "CODEPIPELINE"},
        "artifacts": {"type": "CODEPIPELINE"},
    }
    changed = apply_overrides(settings, {"sourceTypeOverride": "NO_SOURCE"})
    assert changed["artifacts"] == {"type": "NO_ARTIFACTS"}


def test_an_override_that_is_not_supported_is_rejected(codebuild: Any) -> None:
    with pytest.raises(ClientError, match="debugSessionEnabled"):
        codebuild.start_build(projectName="demo", debugSessionEnabled=True)


def test_iam_is_asked_about_projects(service: CodeBuild) -> None:
    arn = SCOPE.arn("codebuild", "project/demo")
    assert service.resource_arns("StartBuild", {"projectName": "demo"}, SCOPE) == [arn]
    assert service.resource_arns("CreateProject", {"name": "demo"}, SCOPE) == [arn]
    builds = {"ids": ["demo:1", SCOPE.arn("codebuild", "build/demo:2")]}
    assert service.resource_arns("BatchGetBuilds", builds, SCOPE) == [arn]
    assert service.resource_arns("ListProjects", {}, SCOPE) == ["*"]


def test_tags_of_a_project_are_known_to_iam(codebuild: Any, service: CodeBuild) -> None:
    arn = SCOPE.arn("codebuild", "project/demo")
    assert service.resource_tags(arn, SCOPE) == {"team": "ml"}


def test_each_project_has_a_cache_of_its_own(service: CodeBuild, platform: FakePlatform) -> None:
    """The name of a project is new after each deployment, its specification and owner are not."""
    client, projects = ServiceClient(service, CALLER), service.builds._projects
    owner = {"tags": [{"key": "sagemaker:project-name", "value": "churn"}]}
    other = {"tags": [{"key": "sagemaker:project-name", "value": "prices"}]}

    def cache(name: str, **settings: Any) -> Path:
        client.create_project(**PROJECT | {"name": name} | settings)
        return projects.cache_directory(projects.find(SCOPE, name))

    first, same = cache("one", **owner), cache("two", **owner)
    release = cache("three", **owner, source={"type": "NO_SOURCE", "buildspec": SPEC + " "})
    found = [first, same, release, cache("four", **other), cache("five")]
    assert len(set(found)) == len(found)
    outliving = platform.state_directory / "build-caches"
    assert [path.is_relative_to(outliving) for path in found] == [True, True, True, True, False]
    client.update_project(name="one", source={"type": "NO_SOURCE", "buildspec": SPEC + " "})
    assert projects.cache_directory(projects.find(SCOPE, "one")) == first
    first.mkdir(parents=True)
    client.delete_project(name="one")
    assert not first.exists()
    # The caches of two projects with one specification, as of smoke tests of two stages, are found
    # again after the next deployment, whichever of the two is deployed first.
    assert cache("six", **owner) == first
    assert projects.cache_directory(projects.find(SCOPE, "two")) == same
    client.delete_project(name="two")
    assert cache("seven", **owner) == same
