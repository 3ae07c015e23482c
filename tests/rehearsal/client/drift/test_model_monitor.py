"""Schedules of Model Monitor, as a client finds them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rehearsal.client.drift import model_monitor
from rehearsal.client.drift.monitor import Engine
from tests.rehearsal.stubbed_aws import StubbedAws

MOMENT = datetime(2026, 11, 30, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:111111111111"
ROLE = "arn:aws:iam::111111111111:role/runs"
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}
OUTPUTS = [
    {"S3Output": {"S3Uri": "s3://bucket/monitoring", "LocalPath": "/opt/ml/processing/output"}}
]
ENDPOINT = {"EndpointName": "churn-prod", "LocalPath": "/opt/ml/processing/input"}


def schedule(
    request: Mapping[str, Any], expression: str = "cron(0 * ? * * *)", kind: str = "DataQuality"
) -> dict[str, Any]:
    name = request["MonitoringScheduleName"]
    return {
        **summary(name),
        "MonitoringScheduleConfig": {
            "ScheduleConfig": {"ScheduleExpression": expression},
            "MonitoringJobDefinitionName": f"{name}-job",
            "MonitoringType": kind,
        },
    }


def summary(name: str, status: str = "Scheduled") -> dict[str, Any]:
    return {
        "MonitoringScheduleName": name,
        "MonitoringScheduleArn": f"{ARN}:monitoring-schedule/{name}",
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
        "MonitoringScheduleStatus": status,
    }


def definition(kind: str, given: Mapping[str, Any] | None = None, **offsets: str) -> dict[str, Any]:
    config = {"ConfigUri": "s3://bucket/config.json"} if kind == "ModelBias" else {}
    return {
        "JobDefinitionArn": f"{ARN}:job-definition/x",
        "JobDefinitionName": "x",
        "CreationTime": MOMENT,
        f"{kind}AppSpecification": {"ImageUri": "image", **config},
        f"{kind}JobInput": {"EndpointInput": {**ENDPOINT, **offsets}, **(given or {})},
        f"{kind}JobOutputConfig": {"MonitoringOutputs": OUTPUTS},
        "JobResources": {"ClusterConfig": CLUSTER},
        "RoleArn": ROLE,
    }


def endpoint() -> dict[str, Any]:
    return {
        "EndpointName": "churn-prod",
        "EndpointArn": f"{ARN}:endpoint/churn-prod",
        "EndpointStatus": "InService",
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
        "DataCaptureConfig": {
            "EnableCapture": True,
            "CaptureStatus": "Started",
            "CurrentSamplingPercentage": 100,
            "DestinationS3Uri": "s3://bucket/capture",
            "KmsKeyId": "",
        },
    }


def test_a_schedule_has_the_traffic_of_its_endpoint() -> None:
    aws = StubbedAws(
        ListMonitoringSchedules={"MonitoringScheduleSummaries": [summary("data-1")]},
        DescribeMonitoringSchedule=schedule,
        DescribeDataQualityJobDefinition=definition("DataQuality"),
        DescribeEndpoint=endpoint(),
    )

    (found,) = model_monitor.of_endpoint(aws, "churn-prod")

    assert (found.name, found.analysis) == ("data-1", "DATA_QUALITY")
    assert found.engine is Engine.MODEL_MONITOR
    assert found.source == "s3://bucket/capture/churn-prod"
    assert (found.labels, found.label_delay) == ("", timedelta())
    assert aws.asked("ListMonitoringSchedules") == [{"EndpointName": "churn-prod"}]


@pytest.mark.parametrize("kind", ["ModelQuality", "ModelBias"])
def test_a_schedule_with_labels_waits_for_them(kind: str) -> None:
    truth = {"GroundTruthS3Input": {"S3Uri": "s3://bucket/ground-truth"}}
    offsets = {"StartTimeOffset": "-PT48H", "EndTimeOffset": "-PT24H"}
    aws = StubbedAws(
        ListMonitoringSchedules={"MonitoringScheduleSummaries": [summary("quality-1")]},
        DescribeMonitoringSchedule=lambda request: schedule(
            request, "cron(0 3 ? * * *)", kind=kind
        ),
        DescribeModelQualityJobDefinition=definition("ModelQuality", truth, **offsets),
        DescribeModelBiasJobDefinition=definition("ModelBias", truth, **offsets),
        DescribeEndpoint=endpoint(),
    )

    (found,) = model_monitor.of_endpoint(aws, "churn-prod")

    assert found.labels == "s3://bucket/ground-truth"
    assert (found.label_delay, found.period) == (timedelta(hours=24), timedelta(hours=24))
    due = found.first_run_for(MOMENT)
    assert due == datetime(2026, 12, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("cron(0 * ? * * *)", 1),
        ("cron(0 3 ? * * *)", 24),
        ("cron(0 1/6 ? * * *)", 6),
        ("cron(0 3/24 ? * * *)", 24),
    ],
)
def test_a_run_reads_the_time_since_the_previous_one(expression: str, hours: int) -> None:
    aws = StubbedAws(
        ListMonitoringSchedules={"MonitoringScheduleSummaries": [summary("data-1")]},
        DescribeMonitoringSchedule=lambda request: schedule(request, expression),
        DescribeDataQualityJobDefinition=definition("DataQuality"),
        DescribeEndpoint=endpoint(),
    )

    (found,) = model_monitor.of_endpoint(aws, "churn-prod")

    assert found.period == timedelta(hours=hours)


def test_a_schedule_with_its_job_in_itself_is_known() -> None:
    inline = {
        "MonitoringInputs": [{"EndpointInput": ENDPOINT}],
        "MonitoringOutputConfig": {"MonitoringOutputs": OUTPUTS},
        "MonitoringResources": {"ClusterConfig": CLUSTER},
        "MonitoringAppSpecification": {"ImageUri": "image"},
        "RoleArn": ROLE,
    }
    config = {
        "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
        "MonitoringJobDefinition": inline,
    }
    aws = StubbedAws(
        ListMonitoringSchedules={"MonitoringScheduleSummaries": [summary("notebook")]},
        DescribeMonitoringSchedule={**summary("notebook"), "MonitoringScheduleConfig": config},
        DescribeEndpoint=endpoint(),
    )

    (found,) = model_monitor.of_endpoint(aws, "churn-prod")

    assert found.analysis == "DATA_QUALITY"


def test_stopped_schedules_and_those_that_run_once_are_no_monitors() -> None:
    listed = [summary("stopped", "Stopped"), summary("once")]
    aws = StubbedAws(
        ListMonitoringSchedules={"MonitoringScheduleSummaries": listed},
        DescribeMonitoringSchedule=lambda request: schedule(request, "NOW"),
        DescribeEndpoint=endpoint(),
    )

    assert model_monitor.of_endpoint(aws, "churn-prod") == []
    assert [one["MonitoringScheduleName"] for one in aws.asked("DescribeMonitoringSchedule")] == [
        "once"
    ]
