"""The function that removes what a project has created, with services in memory."""

import json
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from mlops_constructs.projects.runtime import remove_project

GROUP = "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/churn"
TRAINING = "arn:aws:sagemaker:us-east-1:111111111111:pipeline/churn-train/execution/abc"
Responses = list[dict[str, Any]]


def client_error(code: str, message: str = "") -> ClientError:
    return ClientError(cast(Any, {"Error": {"Code": code, "Message": message}}), "Operation")


class Pages:
    """A paginator of one page; a second iteration calls the service again."""

    def __init__(self, page: Callable[[], dict[str, Any]]) -> None:
        self._page = page

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [self._page()]


class Account:
    """A project `churn` that was used: its resources in each service."""

    def __init__(self) -> None:
        self.tags = [remove_project.REMOVAL_TAG]
        self.calls: list[str] = []
        self.builds = {"Train": ["build-1"]}
        self.training = [TRAINING]
        self.pipelines = ["churn-train"]
        self.stacks = {"churn-staging": "UPDATE_IN_PROGRESS", "churn-prod": "CREATE_COMPLETE"}
        self.features = ["churn_customers", "churn_orders", "other_churn_customers"]
        self.packages = [f"package-{number}" for number in range(3)]
        self.objects = [{"Key": f"{number}", "VersionId": "v"} for number in range(2500)]
        self.logs = ["/aws/sagemaker/Endpoints/churn-prod"]
        self.errors: list[dict[str, str]] = []

    # SageMaker
    def get_paginator(self, operation: str) -> Pages:
        return Pages(
            {
                "list_tags": lambda: {"Tags": self.tags},
                "list_feature_groups": lambda: {
                    "FeatureGroupSummaries": [{"FeatureGroupName": one} for one in self.features]
                },
                "list_model_packages": lambda: {
                    "ModelPackageSummaryList": [{"ModelPackageArn": one} for one in self.packages]
                },
                "list_pipeline_executions": lambda: {
                    "PipelineExecutionSummaries": [
                        {"PipelineExecutionArn": one, "PipelineExecutionStatus": "Executing"}
                        for one in self.training
                    ]
                },
            }[operation]
        )

    def stop_pipeline_execution(self, *, PipelineExecutionArn: str) -> None:  # noqa: N803
        self.calls.append("stop training")
        self.training.remove(PipelineExecutionArn)

    def delete_pipeline(self, *, PipelineName: str) -> None:  # noqa: N803
        assert not self.training
        if PipelineName not in self.pipelines:
            raise client_error("ResourceNotFound", "Pipeline not found")
        self.calls.append("delete pipeline")
        self.pipelines.remove(PipelineName)

    def delete_model_package(self, *, ModelPackageName: str) -> None:  # noqa: N803
        assert not self.stacks
        self.packages.remove(ModelPackageName)

    def delete_feature_group(self, *, FeatureGroupName: str) -> None:  # noqa: N803
        assert not self.training
        self.features.remove(FeatureGroupName)

    # CodeBuild
    def list_builds_for_project(self, *, projectName: str) -> dict[str, Any]:  # noqa: N803
        if projectName not in self.builds:
            raise client_error("ResourceNotFoundException")
        return {"ids": self.builds[projectName]}

    def batch_get_builds(self, *, ids: list[str]) -> dict[str, Any]:
        return {"builds": [{"id": one, "buildStatus": "IN_PROGRESS"} for one in ids]}

    def stop_build(self, *, id: str) -> None:  # noqa: A002
        self.calls.append("stop build")
        for builds in self.builds.values():
            builds.remove(id)

    # CloudFormation
    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        if StackName not in self.stacks:
            raise client_error("ValidationError", f"Stack with id {StackName} does not exist")
        status = self.stacks[StackName]
        if status == "UPDATE_IN_PROGRESS":
            self.stacks[StackName] = "UPDATE_COMPLETE"
        return {"Stacks": [{"StackName": StackName, "StackStatus": status}]}

    def delete_stack(self, *, StackName: str) -> None:  # noqa: N803
        assert not self.stacks[StackName].endswith("IN_PROGRESS")
        self.calls.append(f"delete {StackName}")
        del self.stacks[StackName]

    # S3
    def list_object_versions(self, *, Bucket: str, MaxKeys: int) -> dict[str, Any]:  # noqa: N803
        half = MaxKeys // 2
        return {"Versions": self.objects[:half], "DeleteMarkers": self.objects[half:MaxKeys]}

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        assert not self.packages
        assert len(Delete["Objects"]) <= 1000
        if not self.errors:
            self.objects = [one for one in self.objects if one not in Delete["Objects"]]
        return {"Errors": self.errors}

    # CloudWatch Logs
    def delete_log_group(self, *, logGroupName: str) -> None:  # noqa: N803
        if logGroupName not in self.logs:
            raise client_error("ResourceNotFoundException")
        self.logs.remove(logGroupName)

    def left(self) -> list[Any]:
        found = (self.training, self.pipelines, self.stacks, self.packages, self.objects, self.logs)
        return [one for one in found if one]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    used = Account()
    monkeypatch.setattr(boto3, "client", lambda name, config=None: used)
    monkeypatch.setattr(remove_project, "PAUSE_SECONDS", 0.001)
    return used


@pytest.fixture
def responses(monkeypatch: pytest.MonkeyPatch) -> Responses:
    """The responses that CloudFormation receives."""
    sent: Responses = []

    def put(request: urllib.request.Request, timeout: float) -> AbstractContextManager[None]:
        sent.append(json.loads(cast(bytes, request.data)))
        assert request.get_header("Content-type") == ""
        return nullcontext()

    monkeypatch.setattr(urllib.request, "urlopen", put)
    return sent


def run(
    kind: str = "Delete", seconds: float = 60, properties: Mapping[str, str] | None = None
) -> None:
    event = {
        "RequestType": kind,
        "ResponseURL": "https://cloudformation.invalid/response",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Removal",
        "PhysicalResourceId": GROUP,
        "ResourceProperties": {
            "ModelPackageGroupArn": GROUP,
            "ModelPackageGroupName": "churn",
            "PipelineName": "churn-train",
            "BucketName": "artifacts",
            "StackNames": ["churn-staging", "churn-prod"],
            "BuildProjectNames": ["Train", "Gone"],
            "LogGroupNames": [
                f"/aws/sagemaker/Endpoints/churn-{one}" for one in ("staging", "prod")
            ],
            **(properties or {}),
        },
    }
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)
    remove_project.handler(event, context)


def test_everything_goes_in_an_order_in_which_nothing_comes_back(
    account: Account, responses: Responses
) -> None:
    run()

    assert responses[0]["Status"] == "SUCCESS", responses
    assert account.left() == []
    assert account.calls == [
        "stop build",
        "stop training",
        "delete pipeline",
        # Staging was being updated when the project was deleted: it has to wait for that.
        "delete churn-prod",
        "delete churn-staging",
    ]


@pytest.mark.parametrize("prefix", ["churn_", ""])
def test_the_feature_groups_of_the_project_alone_are_deleted(
    account: Account, responses: Responses, prefix: str
) -> None:
    run(properties={"FeatureGroupPrefix": prefix} if prefix else None)

    assert responses[0]["Status"] == "SUCCESS", responses
    kept = ["other_churn_customers"]
    assert account.features == (kept if prefix else ["churn_customers", "churn_orders", *kept])


def test_a_project_that_was_never_used_is_removed_too(
    account: Account, responses: Responses
) -> None:
    unused = Account()
    account.__dict__.update(unused.__dict__, builds={}, training=[], pipelines=[], stacks={})
    account.__dict__.update(packages=[], objects=[], logs=[])

    run()

    assert responses[0]["Status"] == "SUCCESS", responses


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_only_a_deletion_removes_anything(
    account: Account, responses: Responses, kind: str
) -> None:
    run(kind)

    assert responses[0]["Status"] == "SUCCESS"
    assert responses[0]["PhysicalResourceId"] == GROUP
    assert account.calls == []


def test_a_project_without_the_removal_tag_is_retained(
    account: Account, responses: Responses
) -> None:
    account.tags = [{"Key": "team", "Value": "ml"}]

    run()

    assert responses[0]["Status"] == "SUCCESS"
    assert account.calls == []
    assert len(account.objects) == 2500


def test_a_stack_that_cannot_be_deleted_is_named(
    account: Account, responses: Responses, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*, StackName: str) -> None:  # noqa: N803
        account.stacks[StackName] = "DELETE_FAILED"

    monkeypatch.setattr(account, "delete_stack", fail)

    run()

    assert responses[0]["Status"] == "FAILED"
    assert "stack churn-prod cannot be deleted" in responses[0]["Reason"]
    assert len(account.packages) == 3


def test_an_object_that_may_not_be_deleted_is_named(account: Account, responses: Responses) -> None:
    account.errors = [{"Key": "data/x", "Code": "AccessDenied", "Message": "Object Lock"}]

    run()

    assert responses[0]["Status"] == "FAILED"
    assert "artifacts/data/x: AccessDenied Object Lock" in responses[0]["Reason"]


def test_out_of_time_it_raises_so_that_lambda_runs_it_again(
    account: Account, responses: Responses
) -> None:
    with pytest.raises(TimeoutError, match="builds of churn remain"):
        run(seconds=10)

    assert responses == []
    run()
    assert responses[0]["Status"] == "SUCCESS"
    assert account.left() == []
