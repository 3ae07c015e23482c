"""The function that has builds push the seeds of a new project, with services in memory."""

import json
import urllib.request
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from mlops_constructs.projects.runtime import push_seeds

REPOSITORIES = {
    "model-build": "acme/churn-model-build",
    "model-deploy": "acme/churn-model-deploy",
}


class Account:
    """S3, CodeBuild and CloudWatch Logs of a project; builds end as `results` says."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.builds: list[dict[str, Any]] = []
        self.results = {
            "acme/churn-model-build": "SUCCEEDED",
            "acme/churn-model-deploy": "SUCCEEDED",
        }
        self.log = ["[Container] Running", "SEED: acme/churn-model-deploy has code"]
        self.polls = 0

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> dict[str, str]:  # noqa: N803
        assert Bucket == "bucket"
        self.objects[Key, "v1"] = Body
        return {"VersionId": "v1"}

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str) -> None:  # noqa: N803
        assert Bucket == "bucket"
        del self.objects[Key, VersionId]

    def start_build(self, **request: Any) -> dict[str, Any]:
        self.builds.append(request)
        return {"build": {"id": request["environmentVariablesOverride"][0]["value"]}}

    def batch_get_builds(self, *, ids: list[str]) -> dict[str, Any]:
        self.polls += 1
        return {
            "builds": [
                {
                    "id": one,
                    "buildStatus": "IN_PROGRESS" if self.polls == 1 else self.results[one],
                    "logs": {"groupName": "group", "streamName": "stream"} if self.log else {},
                    "phases": [{"contexts": [{"message": "timed out"}]}],
                }
                for one in ids
            ]
        }

    def get_log_events(self, **_: Any) -> dict[str, Any]:
        return {"events": [{"message": f"{line}\n"} for line in self.log]}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Account:
    found = Account()
    for name in REPOSITORIES:
        (tmp_path / f"{name}.zip").write_bytes(name.encode())
    monkeypatch.setenv("SEEDS", str(tmp_path))
    monkeypatch.setattr(boto3, "client", lambda _: found)
    monkeypatch.setattr(push_seeds, "PAUSE_SECONDS", 0)
    return found


@pytest.fixture
def responses(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def respond(request: urllib.request.Request, timeout: int) -> AbstractContextManager[None]:
        assert (request.full_url, request.get_method()) == ("https://response", "PUT")
        assert isinstance(request.data, bytes)
        found.append(json.loads(request.data))
        return nullcontext()

    monkeypatch.setattr(urllib.request, "urlopen", respond)
    return found


def invoke(kind: str, physical_id: str | None = None, *, milliseconds: int = 600_000) -> None:
    event = {
        "RequestType": kind,
        "ResponseURL": "https://response",
        "LogicalResourceId": "SeedPush",
        "RequestId": "1",
        "StackId": "stack",
        "ResourceProperties": {
            "Bucket": "bucket",
            "Prefix": "seeds/",
            "BuildProjectName": "push",
            "UrlPrefix": "https://git/",
            "Repositories": REPOSITORIES,
        },
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    push_seeds.handler(event, SimpleNamespace(get_remaining_time_in_millis=lambda: milliseconds))


CREATED = "acme/churn-model-build,acme/churn-model-deploy"


def test_a_creation_runs_a_build_for_each_repository(
    account: Account, responses: list[dict[str, Any]]
) -> None:
    invoke("Create")

    (response,) = responses
    assert (response["Status"], response["PhysicalResourceId"]) == ("SUCCESS", CREATED)
    assert response["Data"] == {
        "ModelBuild": "churn-model-build",
        "ModelDeploy": "churn-model-deploy",
    }
    assert [one["sourceLocationOverride"] for one in account.builds] == [
        "bucket/seeds/model-build.zip",
        "bucket/seeds/model-deploy.zip",
    ]
    assert account.builds[0]["environmentVariablesOverride"][1] == {
        "name": "REPOSITORY_URL",
        "value": "https://git/acme/churn-model-build.git",
    }
    assert account.objects == {}


def test_a_build_that_fails_fails_the_creation_with_its_reason(
    account: Account, responses: list[dict[str, Any]]
) -> None:
    account.results["acme/churn-model-deploy"] = "FAILED"

    invoke("Create")

    (response,) = responses
    assert response["Status"] == "FAILED"
    assert response["Reason"] == "acme/churn-model-deploy: acme/churn-model-deploy has code"
    assert account.objects == {}


def test_a_build_without_a_log_is_reported_by_its_phases(
    account: Account, responses: list[dict[str, Any]]
) -> None:
    account.results["acme/churn-model-build"], account.log = "TIMED_OUT", []

    invoke("Create")

    assert responses[0]["Reason"] == "acme/churn-model-build: TIMED_OUT: timed out"


def test_a_function_that_runs_out_of_time_reports_it(
    account: Account, responses: list[dict[str, Any]]
) -> None:
    invoke("Create", milliseconds=0)

    assert responses[0]["Status"] == "FAILED"
    assert "have not ended" in responses[0]["Reason"]
    assert account.objects == {}


@pytest.mark.parametrize("kind", ["Update", "Delete"])
def test_existing_repositories_are_left_as_they_are(
    account: Account, responses: list[dict[str, Any]], kind: str
) -> None:
    invoke(kind, CREATED)

    assert (responses[0]["Status"], responses[0]["PhysicalResourceId"]) == ("SUCCESS", CREATED)
    assert account.builds == []


def test_other_repositories_get_the_seeds_as_well(
    account: Account, responses: list[dict[str, Any]]
) -> None:
    invoke("Update", "other/churn-model-build,other/churn-model-deploy")

    assert responses[0]["PhysicalResourceId"] == CREATED
    assert len(account.builds) == 2
