"""Monitoring schedules: their validation and their runs."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.conftest import Eventually
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane, runs_until_stopped
from tests.rehearsal.services.sagemaker.monitoring.monitoring import (
    HOURLY,
    call,
    config,
    definition,
)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (config(expression="cron(5 * ? * * *)"), "ScheduleExpression must be NOW, hourly"),
        (config(expression="rate(1 hour)"), "ScheduleExpression must be NOW, hourly"),
        (config(expression="NOW"), "NOW requires DataAnalysisStartTime and DataAnalysisEndTime"),
        (config(DataAnalysisStartTime="-PT1H"), "only when ScheduleExpression is NOW"),
        (
            config(expression="NOW", DataAnalysisStartTime="1h", DataAnalysisEndTime="-PT0H"),
            "1h is not an offset",
        ),
        ({**config(), "MonitoringJobDefinitionName": "other"}, "Could not find"),
        ({"ScheduleConfig": {"ScheduleExpression": HOURLY}}, "Exactly one of Monitoring"),
    ],
)
def test_an_invalid_schedule_is_rejected(
    captured: None, sagemaker: Any, config: dict[str, Any], expected: str
) -> None:
    sagemaker.create_data_quality_job_definition(**definition())
    with pytest.raises(ClientError, match=expected):
        sagemaker.create_monitoring_schedule(
            MonitoringScheduleName="watch", MonitoringScheduleConfig=config
        )


def test_the_endpoint_must_be_there_and_capture_its_data(
    sagemaker: Any, eventually: Eventually
) -> None:
    sagemaker.create_data_quality_job_definition(**definition())
    request = {"MonitoringScheduleName": "watch", "MonitoringScheduleConfig": config()}
    with pytest.raises(ClientError, match="Could not find endpoint"):
        sagemaker.create_monitoring_schedule(**request)
    sagemaker.create_model(**requests.model())
    sagemaker.create_endpoint_config(**requests.endpoint_config())
    sagemaker.create_endpoint(EndpointName="churn", EndpointConfigName="config")
    with pytest.raises(ClientError, match="Data Capture must be enabled"):
        sagemaker.create_monitoring_schedule(**request)


def test_a_job_may_not_run_longer_than_the_time_between_two(captured: None, sagemaker: Any) -> None:
    long = {"MaxRuntimeInSeconds": 3600}
    for kind, allowed in (("DataQuality", True), ("ModelQuality", False)):
        call(sagemaker, "create", kind, **definition(kind, StoppingCondition=long))
        request = {"MonitoringScheduleName": kind, "MonitoringScheduleConfig": config(kind)}
        if allowed:
            sagemaker.create_monitoring_schedule(**request)
            continue
        with pytest.raises(ClientError, match="exceeds the frequency"):
            sagemaker.create_monitoring_schedule(**request)


def test_a_schedule_runs_when_it_is_due_and_not_when_it_is_stopped(
    captured: None,
    service: SageMaker,
    sagemaker: Any,
    platform: FakePlatform,
    eventually: Eventually,
) -> None:
    sagemaker.create_data_quality_job_definition(**definition())
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="watch", MonitoringScheduleConfig=config()
    )

    def executions() -> list[Any]:
        response = sagemaker.list_monitoring_executions()
        return list(response["MonitoringExecutionSummaries"])

    moment = datetime.datetime.now(datetime.UTC)
    service.monitoring_schedules.run_due(moment)
    assert not executions()
    later = moment + datetime.timedelta(hours=1)
    service.monitoring_schedules.run_due(later)
    service.monitoring_schedules.run_due(later)
    eventually(executions)
    assert len(executions()) == 1
    assert executions()[0]["ScheduledTime"].minute == 0
    sagemaker.stop_monitoring_schedule(MonitoringScheduleName="watch")
    service.monitoring_schedules.run_due(later + datetime.timedelta(hours=5))
    sagemaker.start_monitoring_schedule(MonitoringScheduleName="watch")
    found = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watch")
    assert found["MonitoringScheduleStatus"] == "Scheduled"
    assert len(executions()) == 1


def test_now_runs_at_once_over_the_times_that_are_asked_for(
    captured: None,
    sagemaker: Any,
    platform: FakePlatform,
    data_plane: FakeDataPlane,
    eventually: Eventually,
) -> None:
    hour = datetime.datetime.now(datetime.UTC)
    platform.objects[f"s3://bucket/capture/churn/AllTraffic/{hour:%Y/%m/%d/%H}/a.jsonl"] = b"{}\n"
    data_plane.behaviour["model-monitoring"] = runs_until_stopped
    sagemaker.create_data_quality_job_definition(**definition())
    once = config(expression="NOW", DataAnalysisStartTime="-PT2H", DataAnalysisEndTime="-PT0H")
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="watch", MonitoringScheduleConfig=once
    )
    eventually(lambda: data_plane.runs)
    environment = data_plane.runs[0].request["Environment"]
    span = [
        datetime.datetime.fromisoformat(environment[name]) for name in ("start_time", "end_time")
    ]
    assert span[1] - span[0] == datetime.timedelta(hours=2)
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName="watch")
    assert data_plane.runs[0].stop.is_set()
    with pytest.raises(ClientError, match="not found"):
        sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watch")


def test_an_update_changes_the_schedule_in_place(captured: None, sagemaker: Any) -> None:
    sagemaker.create_data_quality_job_definition(**definition())
    arn = sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="watch", MonitoringScheduleConfig=config()
    )["MonitoringScheduleArn"]
    changed = config(expression="cron(0 0 ? * * *)")
    response = sagemaker.update_monitoring_schedule(
        MonitoringScheduleName="watch", MonitoringScheduleConfig=changed
    )
    assert response["MonitoringScheduleArn"] == arn
    found = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watch")
    assert found["MonitoringScheduleConfig"] == changed
    listed = sagemaker.list_monitoring_schedules(EndpointName="churn")
    assert listed["MonitoringScheduleSummaries"][0]["MonitoringScheduleArn"] == arn
