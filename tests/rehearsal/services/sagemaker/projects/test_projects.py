from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloudformation.stack_changes import template_arn
from tests.rehearsal.fakes import CALLER, ROLE, FakePlatform

Eventually = Callable[[Callable[[], Any]], Any]
URL = "https://templates.s3.us-east-1.amazonaws.com/churn/template.yaml"


class FakeCloudFormation:
    """Stacks that settle at once, as `outcome` says."""

    def __init__(self) -> None:
        self.outcome = "COMPLETE"
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.status = ""

    def create_stack(self, **request: Any) -> dict[str, Any]:
        return self._change("CREATE", request)

    def update_stack(self, **request: Any) -> dict[str, Any]:
        return self._change("UPDATE", request)

    def delete_stack(self, **request: Any) -> None:
        self._change("DELETE", request)

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        if not self.status:
            error = {"Error": {"Code": "ValidationError", "Message": "Stack does not exist"}}
            raise ClientError(cast(Any, error), "DescribeStacks")
        stack = {"StackName": "SP-x", "StackId": "arn:stack", "StackStatus": self.status}
        return {"Stacks": [stack]}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Iterator[Any]:
        failed = {"LogicalResourceId": "Key", "ResourceStatus": "CREATE_FAILED"}
        yield {
            "StackEvents": [
                {**failed, "ResourceStatusReason": "Resource creation cancelled"},
                {**failed, "ResourceStatusReason": "AccessDenied: kms:CreateKey"},
            ]
        }

    def _change(self, verb: str, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append((verb, request))
        self.status = f"{verb}_COMPLETE" if self.outcome == "COMPLETE" else "ROLLBACK_COMPLETE"
        return {"StackId": "arn:stack"}


@pytest.fixture
def stacks(platform: FakePlatform) -> FakeCloudFormation:
    stacks = FakeCloudFormation()
    platform.clients["cloudformation"] = stacks
    return stacks


def request(**extra: Any) -> dict[str, Any]:
    template = {"TemplateName": "churn", "TemplateURL": URL, "RoleARN": ROLE, **extra}
    return {
        "ProjectName": "churn",
        "Tags": [{"Key": "team", "Value": "growth"}],
        "TemplateProviders": [{"CfnTemplateProvider": template}],
    }


@pytest.fixture
def settled(sagemaker: Any, eventually: Eventually) -> Callable[[], dict[str, Any]]:
    def wait() -> dict[str, Any]:
        def probe() -> Any:
            response = sagemaker.describe_project(ProjectName="churn")
            return None if response["ProjectStatus"].endswith("InProgress") else response

        response: dict[str, Any] = eventually(probe)
        return response

    return wait


def test_the_stack_gets_the_parameters_and_tags_of_the_project(
    sagemaker: Any, stacks: FakeCloudFormation, settled: Callable[[], dict[str, Any]]
) -> None:
    created = sagemaker.create_project(**request(Parameters=[{"Key": "Stage", "Value": "dev"}]))

    project = settled()

    assert project["ProjectStatus"] == "CreateCompleted"
    ((verb, stack),) = stacks.requests
    parameters = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}
    assert verb == "CREATE"
    assert stack["StackName"] == f"SP-111111111111-{created['ProjectId']}"
    assert stack["RoleARN"] == ROLE
    assert parameters == {
        "Stage": "dev",
        "SageMakerProjectName": "churn",
        "SageMakerProjectId": created["ProjectId"],
    }
    assert {"Key": "sagemaker:project-id", "Value": created["ProjectId"]} in stack["Tags"]
    assert {"Key": "team", "Value": "growth"} in stack["Tags"]


def test_a_failed_stack_fails_the_project_with_its_first_reason(
    sagemaker: Any, stacks: FakeCloudFormation, settled: Callable[[], dict[str, Any]]
) -> None:
    stacks.outcome = "FAILED"
    sagemaker.create_project(**request())

    project = settled()

    detail = project["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]["StackDetail"]
    assert project["ProjectStatus"] == "CreateFailed"
    assert detail["StatusMessage"] == "ROLLBACK_COMPLETE: Key: AccessDenied: kms:CreateKey"


def test_a_project_can_move_to_another_template(
    sagemaker: Any, stacks: FakeCloudFormation, settled: Callable[[], dict[str, Any]]
) -> None:
    sagemaker.create_project(**request())
    settled()
    newer = {"TemplateName": "churn", "TemplateURL": URL + "2"}

    sagemaker.update_project(
        ProjectName="churn", TemplateProvidersToUpdate=[{"CfnTemplateProvider": newer}]
    )

    assert settled()["ProjectStatus"] == "UpdateCompleted"
    assert stacks.requests[-1][1]["TemplateURL"] == URL + "2"
    assert stacks.requests[-1][1]["RoleARN"] == ROLE


def test_a_deleted_project_takes_its_stack_along(
    sagemaker: Any,
    stacks: FakeCloudFormation,
    settled: Callable[[], dict[str, Any]],
    eventually: Eventually,
) -> None:
    sagemaker.create_project(**request())
    settled()

    sagemaker.delete_project(ProjectName="churn")

    eventually(lambda: not sagemaker.list_projects()["ProjectSummaryList"])
    assert stacks.requests[-1][0] == "DELETE"


@pytest.mark.parametrize(
    "denied",
    [
        ("iam:PassRole", ROLE),
        ("s3:GetObject", "arn:aws:s3:::templates/churn/template.yaml"),
    ],
)
def test_the_caller_needs_what_cloudformation_does_in_its_name(
    sagemaker: Any,
    platform: FakePlatform,
    stacks: FakeCloudFormation,
    denied: tuple[str, str],
) -> None:
    platform.denied.add(denied)

    with pytest.raises(ClientError, match=denied[0]):
        sagemaker.create_project(**request())
    assert stacks.requests == []


def test_the_caller_needs_the_right_to_create_the_stack(
    sagemaker: Any, platform: FakePlatform, stacks: FakeCloudFormation
) -> None:
    sagemaker.create_project(**request())

    principal, action, resource = next(
        asked for asked in platform.asked if asked[1] == "cloudformation:CreateStack"
    )
    assert principal == CALLER.caller_arn
    assert resource.startswith("arn:aws:cloudformation:us-east-1:111111111111:stack/SP-1")
    assert action == "cloudformation:CreateStack"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"TemplateProviders": []}, "Exactly one of TemplateProviders"),
        (
            {"ServiceCatalogProvisioningDetails": {"ProductId": "p"}},
            "Exactly one of TemplateProviders, ServiceCatalogProvisioningDetails",
        ),
    ],
)
def test_a_project_without_one_template_is_rejected(
    sagemaker: Any, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        sagemaker.create_project(**{**request(), **change})


def test_a_parameter_that_sagemaker_sets_is_rejected(sagemaker: Any) -> None:
    own = [{"Key": "SageMakerProjectId", "Value": "x"}]

    with pytest.raises(ClientError, match="SageMakerProjectId is set by SageMaker"):
        sagemaker.create_project(**request(Parameters=own))


@pytest.mark.parametrize(
    ("url", "arn"),
    [
        (URL, "arn:aws:s3:::templates/churn/template.yaml"),
        ("https://templates.s3.amazonaws.com/a%20b.yaml", "arn:aws:s3:::templates/a b.yaml"),
        ("https://s3.us-east-1.amazonaws.com/templates/t.yaml", "arn:aws:s3:::templates/t.yaml"),
        ("https://127.0.0.1:4566/templates/t.yaml", "arn:aws:s3:::templates/t.yaml"),
    ],
)
def test_a_template_url_names_an_object(url: str, arn: str) -> None:
    assert template_arn(url) == arn
