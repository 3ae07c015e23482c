"""Runs of monitors after traffic was sent."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from rehearsal.client.drift import sending
from rehearsal.client.drift.sending import Sent
from rehearsal.client.errors import RehearsalError
from rehearsal.client.project import Project
from tests.rehearsal.stubbed_aws import StubbedAws

ROLE = "arn:aws:iam::111111111111:role/deploys"
MOMENT = datetime(2026, 11, 30, tzinfo=UTC)
SCHEDULE = {
    "MonitoringScheduleName": "churn-prod-data-1",
    "MonitoringScheduleArn": "arn:aws:sagemaker:us-east-1:111111111111:monitoring-schedule/x",
    "CreationTime": MOMENT,
    "LastModifiedTime": MOMENT,
    "MonitoringScheduleStatus": "Scheduled",
}


@pytest.mark.parametrize(
    ("schedules", "what", "remedy"),
    [
        ([SCHEDULE], "are schedules of Model Monitor", "rehearse clock --forward"),
        ([], "has no monitor", "rehearse push churn --deploy"),
    ],
)
def test_an_endpoint_without_drift_monitors_is_reported_with_the_next_step(
    schedules: list[dict[str, Any]], what: str, remedy: str
) -> None:
    project = Project("churn", "", {"ModelDeployPipelineName": "churn-model-deploy"})
    aws = StubbedAws(
        GetPipeline={"pipeline": {"name": "churn-model-deploy", "roleArn": ROLE, "stages": []}},
        ListSchedules={"Schedules": []},
        ListMonitoringSchedules={"MonitoringScheduleSummaries": schedules},
    )

    with pytest.raises(RehearsalError) as error:
        sending.run_monitors(aws, project, "prod", cast(Sent, None))

    assert what in error.value.what
    assert remedy in error.value.remedy
