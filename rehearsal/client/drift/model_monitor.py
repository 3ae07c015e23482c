"""Schedules of Model Monitor for an endpoint, and their executions.

AWS has no operation that starts a schedule at once: they run when the time of the local AWS is
moved forward.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-scheduling.html
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rehearsal.client.drift.monitor import Engine, Monitor
from rehearsal.client.local_aws import LocalAws

ENDED = frozenset({"Completed", "CompletedWithViolations", "Failed", "Stopped"})
"""Statuses of executions that have ended."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_HOURS_BEFORE = re.compile(r"-PT?(\d+)([HD])")
_ANALYSES = {
    "DataQuality": "DATA_QUALITY",
    "ModelQuality": "MODEL_QUALITY",
    "ModelBias": "MODEL_BIAS",
    "ModelExplainability": "MODEL_EXPLAINABILITY",
}


def of_endpoint(aws: LocalAws, endpoint: str) -> list[Monitor]:
    """Returns the schedules of Model Monitor for an endpoint that are not stopped.

    Args:
        aws: the account of the endpoint.
        endpoint: name of the endpoint.
    """
    sagemaker = aws.client("sagemaker")
    pages = sagemaker.get_paginator("list_monitoring_schedules").paginate(EndpointName=endpoint)
    names = [
        one["MonitoringScheduleName"]
        for page in pages
        for one in page["MonitoringScheduleSummaries"]
        if one["MonitoringScheduleStatus"] == "Scheduled"
    ]
    if not names:
        return []
    capture = sagemaker.describe_endpoint(EndpointName=endpoint).get("DataCaptureConfig", {})
    source = f"{capture['DestinationS3Uri'].rstrip('/')}/{endpoint}" if capture else ""
    found = []
    for name in names:
        schedule = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
        config = schedule["MonitoringScheduleConfig"]
        expression = config["ScheduleConfig"]["ScheduleExpression"]
        if expression != "NOW":
            given = _input(sagemaker, config)
            found.append(_monitor(schedule, expression, given, source))
    return found


def executions(aws: LocalAws, monitor: Monitor) -> list[Mapping[str, Any]]:
    """Returns the newest executions of a schedule, newest first.

    Args:
        aws: the account of the monitor.
        monitor: a schedule of Model Monitor.
    """
    listed = aws.client("sagemaker").list_monitoring_executions(
        MonitoringScheduleName=monitor.name,
        SortBy="ScheduledTime",
        SortOrder="Descending",
        MaxResults=50,
    )
    found: list[Mapping[str, Any]] = listed["MonitoringExecutionSummaries"]
    return found


def _monitor(
    schedule: Mapping[str, Any], expression: str, given: Mapping[str, Any], source: str
) -> Monitor:
    config = schedule["MonitoringScheduleConfig"]
    return Monitor(
        name=schedule["MonitoringScheduleName"],
        analysis=_ANALYSES[config.get("MonitoringType", "DataQuality")],
        # A step of 24 hours is a day.
        expression=re.sub(r"/24(?= )", "", expression),
        zone="UTC",
        labels=given.get("GroundTruthS3Input", {}).get("S3Uri", ""),
        label_delay=_before(given["EndpointInput"].get("EndTimeOffset", "PT0H")),
        source=source,
        period=_period(expression, given["EndpointInput"]),
        engine=Engine.MODEL_MONITOR,
    )


def _input(sagemaker: Any, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the input of a schedule's job: its endpoint, and its labels."""
    if "MonitoringJobDefinition" in config:
        (given,) = config["MonitoringJobDefinition"]["MonitoringInputs"]
        return dict(given)
    kind = config.get("MonitoringType", "DataQuality")
    name = config["MonitoringJobDefinitionName"]
    operations = {
        "DataQuality": sagemaker.describe_data_quality_job_definition,
        "ModelQuality": sagemaker.describe_model_quality_job_definition,
        "ModelBias": sagemaker.describe_model_bias_job_definition,
        "ModelExplainability": sagemaker.describe_model_explainability_job_definition,
    }
    return dict(operations[kind](JobDefinitionName=name)[f"{kind}JobInput"])


def _period(expression: str, given: Mapping[str, Any]) -> timedelta:
    """Returns the duration of the traffic that a run reads: the time from one run to the next."""
    if "StartTimeOffset" in given:
        return _before(given["StartTimeOffset"]) - _before(given.get("EndTimeOffset", "PT0H"))
    hour = expression.removeprefix("cron(").split()[1]
    if hour == "*":
        return _HOUR
    return _HOUR * int(hour.partition("/")[2] or _DAY / _HOUR)


def _before(offset: str) -> timedelta:
    """Returns the time before a run that an offset such as `-PT2H` or `-P1D` names."""
    match = _HOURS_BEFORE.fullmatch(offset)
    if match is None:
        return timedelta()
    return int(match[1]) * (_HOUR if match[2] == "H" else _DAY)
