"""A report of an account whose credentials can read parts of it only."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import EndpointConnectionError
from botocore.response import StreamingBody

from rehearsal.client.errors import RehearsalError
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


def deploying(*places: tuple[str, str]) -> dict[str, Any]:
    """Returns a pipeline that deploys a stage to each account and region."""
    kind = {
        "category": "Deploy",
        "owner": "AWS",
        "provider": "CloudFormation",
        "version": "1",
    }
    actions = [
        {
            "name": f"Deploy{number}",
            "actionTypeId": kind,
            "roleArn": f"arn:aws:iam::{account}:role/deploys",
            "region": region,
            "configuration": {"StackName": f"churn-stage{number}"},
        }
        for number, (account, region) in enumerate(places)
    ]
    stages = [{"name": "Deploy", "actions": actions}]
    return {"pipeline": {"name": "churn-model-deploy", "roleArn": ROLE, "stages": stages}}


class OneAccount(StubbedAws):
    """An account whose credentials are of no other one, as those of a shell."""

    def at(self, account: str, region: str = "") -> StubbedAws:
        if account != self.account:
            raise RehearsalError(f"A stage of the project is in account {account}.")
        return super().at(account, region)


def test_a_stage_in_an_account_that_cannot_be_read_does_not_hide_the_others() -> None:
    pipeline = deploying(("111111111111", "us-east-1"), ("222222222222", "eu-west-1"))
    given = account(GetPipeline=pipeline).given

    found, _ = history.read(OneAccount(**given), PROJECT, "stage0")

    (unread,) = found.unread
    assert unread.part == "Rollouts in 222222222222 eu-west-1"
    assert "in account 222222222222" in unread.reason


def test_a_stage_in_another_region_is_read_there() -> None:
    pipeline = deploying(("111111111111", "us-east-1"), ("111111111111", "eu-west-1"))
    aws = account(GetPipeline=pipeline)

    found, _ = history.read(aws, PROJECT, "stage1")

    assert found.unread == []
    assert PROJECT.account_of(aws, "stage1").region == "eu-west-1"
    assert len(aws.asked("ListEndpoints")) == 2


PAGED = {
    "ListModelPackages": "ModelPackageSummaryList",
    "ListPipelineExecutions": "pipelineExecutionSummaries",
    "ListEndpoints": "Endpoints",
    "DescribeAlarms": "MetricAlarms",
    "DescribeStacks": "Stacks",
    "ListSchedules": "Schedules",
    "ListMonitoringSchedules": "MonitoringScheduleSummaries",
    "ListMonitoringExecutions": "MonitoringExecutionSummaries",
    "ListProcessingJobs": "ProcessingJobSummaries",
    "DescribeAlarmHistory": "AlarmHistoryItems",
    "DescribeStackEvents": "StackEvents",
}


def test_every_list_of_a_report_is_read_to_its_last_page() -> None:
    """AWS may return an empty page with a token, wherever an operation has one."""
    aws = busy_account()
    first_pages: set[str] = set()

    def paged(operation: str) -> Any:
        whole = aws.given[operation]

        def respond(request: Mapping[str, Any]) -> dict[str, Any]:
            if {"NextToken", "nextToken"} & set(request):
                return dict(whole(request) if callable(whole) else whole)  # type: ignore[arg-type]
            first_pages.add(operation)
            token = "nextToken" if operation == "ListPipelineExecutions" else "NextToken"
            return {PAGED[operation]: [], token: "more"}

        return respond

    expected, _ = history.read(busy_account(), PROJECT)
    paging = StubbedAws(**{**aws.given, **{name: paged(name) for name in PAGED}})

    found, _ = history.read(paging, PROJECT)

    assert first_pages == set(PAGED)
    assert found.unread == expected.unread == []
    assert (found.life, found.endpoints) == (expected.life, expected.endpoints)
    assert found.life.monitors
    assert found.endpoints[0].rollbacks
    assert found.endpoints[0].alarms[0].history


def test_the_operations_of_a_report_that_have_pages_are_all_in_the_test_of_pages() -> None:
    services = {"cloudformation", "cloudwatch", "codepipeline", "s3", "sagemaker", "scheduler"}
    pageable = {
        operation
        for operation in ACTIONS
        for service in services
        if operation in (client := StubbedAws().client(service)).meta.service_model.operation_names
        if client.can_paginate(xform_name(operation))
    }
    # Resources of one stack: AWS returns at most 100 without pages; ListProjects is of an error.
    assert pageable == set(PAGED)


def busy_account() -> StubbedAws:
    """Returns an account with a served model, monitors of both engines, alarms and a rollback."""
    named = [{"Name": "EndpointName", "Value": "churn-prod"}]
    variables = {
        "analysis_type": "DATA_QUALITY",
        "sagemaker_endpoint_name": "churn-prod",
        "sagemaker_monitoring_schedule_name": "churn-prod-data",
    }
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob",
        "RoleArn": ROLE,
        "Input": json.dumps({"Environment": variables}),
    }
    job_arn = f"{ARN}:processing-job/churn-prod-data-1"
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
    endpoint = {
        "EndpointName": "churn-prod",
        "EndpointArn": f"{ARN}:endpoint/churn-prod",
        "EndpointConfigName": "churn-prod-1",
        "EndpointStatus": "InService",
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
    }
    return with_model(
        ListPipelineExecutions={
            "pipelineExecutionSummaries": [
                {
                    "pipelineExecutionId": "e-1",
                    "status": "Succeeded",
                    "startTime": MOMENT,
                    # CodePipeline names no revision of a source that it could not read.
                    "sourceRevisions": [{"actionName": "Source"}],
                }
            ]
        },
        GetObject=aws_error("NoSuchKey", "no such key", "GetObject"),
        ListEndpoints={"Endpoints": [{k: v for k, v in endpoint.items() if "Config" not in k}]},
        DescribeEndpoint=endpoint,
        DescribeEndpointConfig={
            "EndpointConfigName": "churn-prod-1",
            "EndpointConfigArn": f"{ARN}:endpoint-config/churn-prod-1",
            "CreationTime": MOMENT,
            "ProductionVariants": [{"VariantName": "All", "ModelName": "churn-1"}],
        },
        DescribeModel={
            "ModelName": "churn-1",
            "ModelArn": f"{ARN}:model/churn-1",
            "CreationTime": MOMENT,
            "PrimaryContainer": {"ModelPackageName": PACKAGE},
        },
        DescribeAlarms={
            "MetricAlarms": [
                {
                    "AlarmName": "churn-prod-drift-x",
                    "StateValue": "OK",
                    "StateUpdatedTimestamp": MOMENT,
                    "Dimensions": named,
                }
            ],
            "CompositeAlarms": [],
        },
        DescribeAlarmHistory={
            "AlarmHistoryItems": [{"Timestamp": MOMENT, "HistorySummary": "from OK to ALARM"}]
        },
        DescribeStacks={
            "Stacks": [
                {
                    "StackName": "churn-prod",
                    "StackStatus": "UPDATE_ROLLBACK_COMPLETE",
                    "CreationTime": MOMENT,
                }
            ]
        },
        DescribeStackResources={
            "StackResources": [
                {
                    "LogicalResourceId": "Endpoint",
                    "ResourceType": "AWS::SageMaker::Endpoint",
                    "PhysicalResourceId": f"{ARN}:endpoint/churn-prod",
                    "ResourceStatus": "UPDATE_COMPLETE",
                    "Timestamp": MOMENT,
                }
            ]
        },
        DescribeStackEvents={
            "StackEvents": [
                {
                    "StackId": "s",
                    "EventId": "e",
                    "StackName": "churn-prod",
                    "LogicalResourceId": "churn-prod",
                    "ResourceStatus": "UPDATE_ROLLBACK_IN_PROGRESS",
                    "Timestamp": MOMENT,
                }
            ]
        },
        ListSchedules={
            "Schedules": [
                {
                    "Name": "churn-prod-data",
                    "GroupName": "default",
                    "State": "ENABLED",
                    "Target": {"Arn": target["Arn"]},
                }
            ]
        },
        GetSchedule={
            "Name": "churn-prod-data",
            "ScheduleExpression": "cron(15 * ? * * *)",
            "Target": target,
        },
        ListProcessingJobs={
            "ProcessingJobSummaries": [
                {
                    "ProcessingJobName": "churn-prod-data-1",
                    "ProcessingJobArn": job_arn,
                    "CreationTime": MOMENT,
                    "ProcessingJobStatus": "Completed",
                }
            ]
        },
        # A job without an output, as one that a user has started with such a name.
        DescribeProcessingJob={
            "ProcessingJobName": "churn-prod-data-1",
            "ProcessingJobArn": job_arn,
            "ProcessingResources": {"ClusterConfig": cluster},
            "AppSpecification": {"ImageUri": "image"},
            "ProcessingJobStatus": "Completed",
            "CreationTime": MOMENT,
        },
        ListMonitoringSchedules={
            "MonitoringScheduleSummaries": [
                {
                    "MonitoringScheduleName": "churn-prod-bias-1",
                    "MonitoringScheduleArn": f"{ARN}:monitoring-schedule/churn-prod-bias-1",
                    "CreationTime": MOMENT,
                    "LastModifiedTime": MOMENT,
                    "MonitoringScheduleStatus": "Scheduled",
                }
            ]
        },
        ListMonitoringExecutions={
            "MonitoringExecutionSummaries": [
                {
                    "MonitoringScheduleName": "churn-prod-bias-1",
                    "ScheduledTime": MOMENT,
                    "CreationTime": MOMENT,
                    "LastModifiedTime": MOMENT,
                    "MonitoringExecutionStatus": "Completed",
                    "ProcessingJobArn": job_arn,
                }
            ]
        },
    )


@pytest.mark.parametrize("content", [b"not JSON", b"\xff\xfe"])
def test_a_report_that_is_not_json_is_named(content: bytes) -> None:
    def body(_: Mapping[str, Any]) -> dict[str, Any]:
        return {"Body": StreamingBody(BytesIO(content), len(content))}

    found, _ = history.read(with_model(GetObject=body), PROJECT)

    (unread,) = found.unread
    assert unread.part == "Quality and data of the model"
    assert "s3://b/runs/1/evaluation.json is not JSON" in unread.reason
