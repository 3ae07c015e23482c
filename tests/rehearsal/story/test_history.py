"""A report of an account whose credentials can read parts of it only."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from rehearsal.client.project import Project
from rehearsal.story import history, report
from rehearsal.story.readings import ACTIONS
from tests.rehearsal.stubbed_aws import StubbedAws, aws_error

MOMENT = datetime(2026, 11, 30, 12, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:111111111111"
PACKAGE = f"{ARN}:model-package/churn/3"
PROJECT = Project(
    "churn",
    "",
    {
        "ModelPackageGroupName": "churn",
        "ModelBuildPipelineName": "churn-model-build",
        "ModelDeployPipelineName": "churn-model-deploy",
    },
)
DOCUMENT = Path(__file__).parents[3] / "docs/rehearsal.md"


def account(**changes: Any) -> StubbedAws:
    """Returns an account with a project that has trained nothing; changes are by operation."""
    responses: dict[str, Any] = {
        "GetPipeline": {"pipeline": {"name": "churn-model-deploy", "roleArn": ROLE, "stages": []}},
        "ListModelPackages": {"ModelPackageSummaryList": []},
        "ListPipelineExecutions": {"pipelineExecutionSummaries": []},
        "ListEndpoints": {"Endpoints": []},
        "DescribeAlarms": {"MetricAlarms": [], "CompositeAlarms": []},
        "DescribeStacks": {"Stacks": []},
        "ListSchedules": {"Schedules": []},
        "ListMonitoringSchedules": {"MonitoringScheduleSummaries": []},
        "DescribeEndpoint": aws_error("ValidationException", "Could not find endpoint"),
    }
    return StubbedAws(**{**responses, **changes})


ROLE = "arn:aws:iam::111111111111:role/deploys"


def with_model(**changes: Any) -> StubbedAws:
    """Returns an account with one approved version of the model."""
    summary = {
        "ModelPackageArn": PACKAGE,
        "CreationTime": MOMENT,
        "ModelPackageStatus": "Completed",
    }
    statistics = {"ContentType": "application/json", "S3Uri": "s3://b/runs/1/evaluation.json"}
    described = {
        "ModelPackageName": "churn",
        "ModelPackageArn": PACKAGE,
        "CreationTime": MOMENT,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "ModelApprovalStatus": "Approved",
        "LastModifiedTime": MOMENT,
        "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
        "CustomerMetadataProperties": {"commit": "abc"},
    }
    return account(
        ListModelPackages={"ModelPackageSummaryList": [summary]},
        DescribeModelPackage=described,
        **changes,
    )


def denied(operation: str, action: str) -> Exception:
    message = f"User: arn:aws:iam::1:user/reader is not authorized to perform: {action} on resource"
    return aws_error("AccessDeniedException", message, operation)


def test_an_account_without_model_monitors_mlflow_or_endpoint_has_a_page() -> None:
    found, reports = history.read(account(), PROJECT)

    assert found.unread == []
    assert (found.model_package, found.tracking, found.endpoints) == ("", None, [])
    assert "Not readable" not in report.render(found, reports)


@pytest.mark.parametrize(
    ("operation", "part", "action"),
    [
        ("ListModelPackages", "Versions of the model", "sagemaker:ListModelPackages"),
        ("ListPipelineExecutions", "Pipelines", "codepipeline:ListPipelineExecutions"),
        ("ListEndpoints", "Rollouts", "sagemaker:ListEndpoints"),
        ("ListSchedules", "Drift monitors", "scheduler:ListSchedules"),
        ("ListMonitoringSchedules", "Model Monitor", "sagemaker:ListMonitoringSchedules"),
        ("DescribeAlarms", "Alarms", "cloudwatch:DescribeAlarms"),
        ("DescribeEndpoint", "Served version", "sagemaker:DescribeEndpoint"),
        ("GetPipeline", "Account of the stage", "codepipeline:GetPipeline"),
    ],
)
def test_a_part_that_may_not_be_read_is_named_with_the_missing_action(
    operation: str, part: str, action: str
) -> None:
    found, reports = history.read(account(**{operation: denied(operation, action)}), PROJECT)

    assert (part, action) in [(one.part, one.action) for one in found.unread]
    page = report.render(found, reports)
    assert "<h2>Not readable</h2>" in page
    assert f"<code>{action}</code>" in page


def test_a_denial_without_the_action_in_its_message_names_that_of_the_operation() -> None:
    aws = with_model(GetObject=aws_error("AccessDenied", "Access Denied", "GetObject"))

    found, _ = history.read(aws, PROJECT)

    (unread,) = found.unread
    assert unread.part == "Quality and data of the model"
    assert unread.action == "s3:GetObject"
    assert found.model_package == PACKAGE
    assert found.commit == "abc"
    assert [event.kind for event in found.life.events] == ["training", "approval"]


def test_a_key_that_may_not_decrypt_is_named() -> None:
    message = (
        "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: kms:Decrypt on the "
        "resource associated with this ciphertext"
    )
    aws = with_model(GetObject=aws_error("AccessDenied", message, "GetObject"))

    assert [one.action for one in history.read(aws, PROJECT)[0].unread] == ["kms:Decrypt"]


def test_throttling_and_a_service_that_cannot_be_reached_lack_no_action() -> None:
    aws = account(
        DescribeAlarms=aws_error("Throttling", "Rate exceeded", "DescribeAlarms"),
        ListSchedules=EndpointConnectionError(endpoint_url="https://scheduler.example"),
    )

    found, _ = history.read(aws, PROJECT)

    reasons = {one.part: one for one in found.unread}
    assert "AWS throttles DescribeAlarms" in reasons["Alarms"].reason
    assert "scheduler.example" in reasons["Drift monitors"].reason
    assert {one.action for one in found.unread} == {""}


def test_runs_of_model_monitor_are_on_the_page() -> None:
    schedule = {
        "MonitoringScheduleName": "churn-prod-bias-1",
        "MonitoringScheduleArn": f"{ARN}:monitoring-schedule/churn-prod-bias-1",
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
        "MonitoringScheduleStatus": "Scheduled",
    }
    execution = {
        "MonitoringScheduleName": "churn-prod-bias-1",
        "ScheduledTime": MOMENT,
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
        "MonitoringExecutionStatus": "CompletedWithViolations",
        "MonitoringType": "ModelBias",
    }
    aws = account(
        ListMonitoringSchedules=[
            {"MonitoringScheduleSummaries": [], "NextToken": "more"},
            {"MonitoringScheduleSummaries": [schedule]},
        ],
        ListMonitoringExecutions={"MonitoringExecutionSummaries": [execution]},
    )

    found, _ = history.read(aws, PROJECT)

    (run,) = found.life.monitors
    assert (run.monitor, run.analysis) == ("churn-prod-bias-1", "ModelBias")
    assert [event.kind for event in found.life.events] == ["drift"]
    assert [one["EndpointName"] for one in aws.asked("ListMonitoringSchedules")] == [
        "churn-prod", "churn-prod",
    ]  # fmt: skip


def test_the_newest_runs_of_a_drift_monitor_are_read() -> None:
    variables = {"sagemaker_endpoint_name": "churn-prod", "analysis_type": "DATA_QUALITY"}
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob", "RoleArn": ROLE}
    summary = {"Name": "churn-prod-data", "GroupName": "default", "State": "ENABLED"}
    aws = account(
        ListSchedules={"Schedules": [{**summary, "Target": {"Arn": target["Arn"]}}]},
        GetSchedule={
            **summary,
            "ScheduleExpression": "rate(1 hour)",
            "Target": {**target, "Input": json.dumps({"Environment": variables})},
        },
        ListProcessingJobs={"ProcessingJobSummaries": []},
    )

    history.read(aws, PROJECT)

    (asked,) = aws.asked("ListProcessingJobs")
    assert asked["SortOrder"] == "Descending"


def test_every_operation_of_a_page_has_its_action_in_the_policy_of_the_documentation() -> None:
    found = re.search(r"<!-- report policy -->\n```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    policy: Mapping[str, Any] = json.loads(found[1])
    listed = [one["Action"] for one in policy["Statement"]]
    actions = {action for one in listed for action in (one if isinstance(one, list) else [one])}

    # A missing object is NoSuchKey only for a principal that may list the bucket.
    assert actions == {*ACTIONS.values(), "s3:ListBucket", "kms:Decrypt"}
    assert all(re.match(r"[a-z0-9-]+:(Describe|Get|List|Decrypt)", action) for action in actions)
    aws = with_model(GetObject=aws_error("NoSuchKey", "no", "GetObject"))
    history.read(aws, PROJECT)
    assert {operation for operation, _ in aws.calls} <= set(ACTIONS)
