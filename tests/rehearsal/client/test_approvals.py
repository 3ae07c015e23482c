"""Approvals of the newest pending package, of a package by ARN, and of a stage."""

from datetime import UTC, datetime
from typing import Any

import pytest

from rehearsal.client import approvals
from rehearsal.client.errors import RehearsalError
from rehearsal.client.project import Project
from tests.rehearsal.stubbed_aws import StubbedAws, aws_error

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:111111111111:model-package/demo/{}"
DEMO = Project("demo", "p-1", {"ModelPackageGroupName": "demo"})


def packages(*statuses: str) -> dict[str, Any]:
    return {
        "ModelPackageSummaryList": [
            {
                "ModelPackageArn": ARN.format(len(statuses) - index),
                "ModelPackageVersion": len(statuses) - index,
                "CreationTime": NOW,
                "ModelPackageStatus": "Completed",
                "ModelApprovalStatus": status,
            }
            for index, status in enumerate(statuses)
        ]
    }


DESCRIBED = {
    "ModelPackageName": "demo",
    "ModelPackageArn": ARN.format(1),
    "CreationTime": NOW,
    "ModelPackageStatus": "Completed",
    "ModelPackageStatusDetails": {"ValidationStatuses": []},
}


def test_the_newest_package_that_waits_is_approved() -> None:
    aws = StubbedAws(
        ListModelPackages=packages("Rejected", "PendingManualApproval", "PendingManualApproval"),
        DescribeModelPackage=DESCRIBED,
        UpdateModelPackage={"ModelPackageArn": ARN.format(2)},
    )
    chosen = approvals.model_package(aws, DEMO, arn=None, approve=True, reason="good")
    assert chosen == ARN.format(2)
    assert aws.asked("UpdateModelPackage") == [
        {
            "ModelPackageArn": ARN.format(2),
            "ModelApprovalStatus": "Approved",
            "ApprovalDescription": "good",
        }
    ]


def test_a_package_can_be_rejected() -> None:
    aws = StubbedAws(
        DescribeModelPackage=DESCRIBED, UpdateModelPackage={"ModelPackageArn": ARN.format(1)}
    )
    approvals.model_package(aws, DEMO, arn=ARN.format(1), approve=False, reason="bad")
    assert aws.asked("UpdateModelPackage")[0]["ModelApprovalStatus"] == "Rejected"


def test_a_package_that_does_not_exist_is_reported_and_nothing_changes() -> None:
    aws = StubbedAws(
        ListModelPackages=packages("Approved"),
        DescribeModelPackage=aws_error("ValidationException", "does not exist"),
    )
    with pytest.raises(RehearsalError, match="does not exist") as caught:
        approvals.model_package(aws, DEMO, arn=ARN.format(7), approve=True, reason="")
    assert f"{ARN.format(1)}  Approved" in caught.value.why
    assert aws.asked("UpdateModelPackage") == []


@pytest.mark.parametrize(
    ("found", "why"),
    [(packages(), "no model package yet"), (packages("Approved"), "Approved")],
)
def test_without_a_package_that_waits_there_is_nothing_to_approve(
    found: dict[str, Any], why: str
) -> None:
    with pytest.raises(RehearsalError, match="waits for approval") as caught:
        approvals.model_package(
            StubbedAws(ListModelPackages=found), DEMO, arn=None, approve=True, reason=""
        )
    assert why in caught.value.why


def state(**latest: str) -> dict[str, Any]:
    return {
        "stageStates": [
            {"stageName": "Source"},
            {
                "stageName": "Staging",
                "actionStates": [
                    {"actionName": "Deploy", "latestExecution": {"status": "Succeeded"}},
                    {"actionName": "Approval", "latestExecution": latest},
                ],
                "latestExecution": {"pipelineExecutionId": "e-1", "status": "InProgress"},
            },
        ]
    }


def test_a_stage_that_waits_is_approved_with_its_token() -> None:
    aws = StubbedAws(
        GetPipelineState=[state(status="InProgress", token="t-1"), state(status="Succeeded")],
        PutApprovalResult={},
    )
    approvals.stage(aws, "demo-model-deploy", "staging", approve=True, reason="fine")
    assert aws.asked("PutApprovalResult") == [
        {
            "pipelineName": "demo-model-deploy",
            "stageName": "Staging",
            "actionName": "Approval",
            "token": "t-1",
            "result": {"status": "Approved", "summary": "fine"},
        }
    ]


def test_a_stage_that_does_not_wait_or_exist_is_reported() -> None:
    aws = StubbedAws(GetPipelineState=state(status="Succeeded"))
    with pytest.raises(RehearsalError, match="does not wait"):
        approvals.stage(aws, "demo-model-deploy", "Staging", approve=True, reason="")
    with pytest.raises(RehearsalError, match="no stage 'Moon'") as caught:
        approvals.stage(aws, "demo-model-deploy", "Moon", approve=True, reason="")
    assert caught.value.why == "Stages: Source, Staging."
