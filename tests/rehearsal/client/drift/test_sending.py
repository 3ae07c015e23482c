"""Runs of monitors after traffic was sent."""

from typing import cast

import pytest

from rehearsal.client.drift import sending
from rehearsal.client.drift.sending import Sent
from rehearsal.client.errors import RehearsalError
from rehearsal.client.project import Project
from tests.rehearsal.stubbed_aws import StubbedAws

ROLE = "arn:aws:iam::111111111111:role/deploys"


def test_an_endpoint_without_monitors_is_reported_with_the_next_step() -> None:
    project = Project("churn", "", {"ModelDeployPipelineName": "churn-model-deploy"})
    aws = StubbedAws(
        GetPipeline={"pipeline": {"name": "churn-model-deploy", "roleArn": ROLE, "stages": []}},
        ListSchedules={"Schedules": []},
        ListMonitoringSchedules={"MonitoringScheduleSummaries": []},
    )

    with pytest.raises(RehearsalError) as error:
        sending.run_monitors(aws, project, "prod", cast(Sent, None))

    assert "has no monitor" in error.value.what
    assert "rehearse push churn --deploy" in error.value.remedy
