"""The life of a model as AWS recorded it, for a report without a run of the story."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from rehearsal.client import approvals, pipeline_execution, project_status
from rehearsal.client.drift import monitors
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project
from rehearsal.framework.clock import utc_now
from rehearsal.story import lineage, package_reports, rollouts, summary
from rehearsal.story.package_reports import Reports
from rehearsal.story.readings import Readings
from rehearsal.story.summary import (
    AlarmSummary,
    EndpointSummary,
    EventSummary,
    MonitorSummary,
    Summary,
)

MAX_PACKAGES, MAX_EXECUTIONS, MAX_RUNS = 20, 40, 20
_VIOLATIONS = "CompletedWithViolations"
_Event = tuple[datetime, str, str, str]


def read(aws: LocalAws, project: Project, stage: str = "prod") -> tuple[Summary, Reports]:
    """Returns the summary of a project, and the reports on the model that its endpoint serves.

    Parts that the credentials cannot read are in `unread` of the summary. If no endpoint serves a
    known model, the reports are those of the newest approved one.

    Args:
        aws: the account of the project.
        project: the project.
        stage: stage whose endpoint and monitors are shown. Defaults to `prod`.
    """
    found, readings = summary.begin(project.name), Readings()
    found.status, found.account, found.region = "recorded", aws.account, aws.region
    endpoint = project.endpoint(stage)
    account = readings.read("Account of the stage", lambda: project.account_of(aws, stage), None)
    packages: list[dict[str, Any]] = []
    packages = readings.read("Versions of the model", lambda: _packages(aws, project), packages)
    pipelines: list[_Event] = []
    pipelines = readings.read("Pipelines", lambda: list(_executions(aws, project)), pipelines)
    found.endpoints = _endpoints(aws, project, readings)
    runs: list[tuple[datetime, MonitorSummary]] = []
    served = None
    if account is not None:
        read_runs = partial(_runs, account, endpoint)
        runs += readings.read("Drift monitors", lambda: list(read_runs()), [])
        read_executions = partial(_model_monitor_runs, account, endpoint)
        runs += readings.read("Model Monitor", lambda: list(read_executions()), [])
        runs.sort(key=lambda run: run[0])
        prefix = f"{project.name}-{stage}-drift-"
        found.life.alarms = readings.read("Alarms", partial(_alarms, account, prefix), [])
        read_served = partial(lineage.served_package, account, endpoint, packages)
        served = readings.read("Served version", read_served, None)
    found.life.monitors = [run for _, run in runs]
    events = [
        *pipelines,
        *(event for one in packages for event in _of_package(one)),
        *_of_endpoints(found),
        *_of_monitors(runs),
    ]
    found.life.events = _ordered(_in_real_time(event) for event in events)
    if found.life.events:
        found.started = found.life.events[0].moment
    approved = [one for one in packages if one.get("ModelApprovalStatus") == "Approved"]
    served = served or next(iter(approved), None)
    reports = Reports()
    if served is not None:
        read_reports = partial(package_reports.of_package, aws, served)
        reports = readings.read("Quality and data of the model", read_reports, reports)
        _of_model(aws, served, reports, found)
        if account is not None and any(one.name == endpoint for one in found.endpoints):
            found.endpoint_name = endpoint
            read_lineage = partial(lineage.of_endpoint, aws, account, endpoint, found.model_package)
            found.life.lineage = readings.read("Lineage", read_lineage, [])
    found.unread = readings.unread
    return found, reports


def _endpoints(aws: LocalAws, project: Project, readings: Readings) -> list[EndpointSummary]:
    """Returns the endpoints of all stages; one account may be readable and another one not."""
    home = (aws.account, aws.region)
    places = readings.read("Rollouts", lambda: project_status.places(aws, project), [home])
    found: list[EndpointSummary] = []
    for place in places:
        part = "Rollouts" if place == home else f"Rollouts in {' '.join(place)}"
        found += readings.read(part, partial(_endpoints_of, aws, place, project), [])
    return found


def _endpoints_of(aws: LocalAws, place: tuple[str, str], project: Project) -> list[EndpointSummary]:
    return rollouts.in_place(aws.at(*place), project)


def _packages(aws: LocalAws, project: Project) -> list[dict[str, Any]]:
    """Returns the descriptions of the newest model packages of a project, newest first."""
    sagemaker = aws.client("sagemaker")
    listed = approvals.packages(sagemaker, project.model_package_group)[:MAX_PACKAGES]
    return [
        sagemaker.describe_model_package(ModelPackageName=one["ModelPackageArn"]) for one in listed
    ]


def _of_model(aws: LocalAws, package: Mapping[str, Any], reports: Reports, found: Summary) -> None:
    metadata = package.get("CustomerMetadataProperties", {})
    found.model_package = package["ModelPackageArn"]
    found.commit = metadata.get("commit", "")
    found.data = metadata.get("data", "")
    found.target = metadata.get("target", "")
    found.problem_type = metadata.get("problem_type", "")
    found.tracking = package_reports.tracking_of(aws, package)
    found.metrics = summary.metrics(reports.evaluation)


def _executions(aws: LocalAws, project: Project) -> Iterator[_Event]:
    codepipeline = aws.client("codepipeline")
    for which in ("build", "deploy"):
        pipeline = project.pipeline(which)
        for one in pipeline_execution.executions(codepipeline, pipeline)[:MAX_EXECUTIONS]:
            trigger = one.get("trigger", {})
            by_hand = trigger.get("triggerType") == "StartPipelineExecution"
            kind = "rollout" if which == "deploy" else "retraining" if by_hand else "push"
            revisions = [
                str(revision.get("revisionId", ""))[:8]
                for revision in one.get("sourceRevisions", [])
            ]
            detail = " ".join([trigger.get("triggerType", ""), *revisions[:1]])
            title = f"{pipeline}: {one['status']}"
            yield one["startTime"], kind, title, detail.strip()


def _of_package(package: Mapping[str, Any]) -> Iterator[_Event]:
    name = package["ModelPackageArn"].rpartition(":")[2]
    status = package.get("ModelApprovalStatus", "")
    yield package["CreationTime"], "training", f"{name} is registered", ""
    if status in ("Approved", "Rejected") and "LastModifiedTime" in package:
        detail = package.get("ApprovalDescription", "")
        yield package["LastModifiedTime"], "approval", f"{name}: {status}", detail


def _of_endpoints(found: Summary) -> Iterator[_Event]:
    for endpoint in found.endpoints:
        for moment, reason in endpoint.rollbacks:
            title = f"{endpoint.name} is rolled back"
            yield datetime.fromisoformat(moment), "rollback", title, reason
        for alarm in endpoint.alarms:
            for moment, change in alarm.history:
                if change.endswith("to ALARM"):
                    yield datetime.fromisoformat(moment), "alarm", alarm.name, change


def _of_monitors(runs: list[tuple[datetime, MonitorSummary]]) -> Iterator[_Event]:
    for moment, run in runs:
        if run.message.startswith(_VIOLATIONS):
            yield moment, "drift", run.monitor, run.message


def _runs(aws: LocalAws, endpoint: str) -> Iterator[tuple[datetime, MonitorSummary]]:
    """Yields the newest runs of the monitors of an endpoint, oldest first."""
    sagemaker = aws.client("sagemaker")
    for monitor in monitors.drift_monitors(aws, endpoint):
        pages = sagemaker.get_paginator("list_processing_jobs").paginate(
            NameContains=monitor.name,
            SortBy="CreationTime",
            SortOrder="Descending",
            PaginationConfig={"MaxItems": MAX_RUNS},
        )
        listed = [one for page in pages for one in page["ProcessingJobSummaries"]]
        for one in reversed(listed):
            job = sagemaker.describe_processing_job(ProcessingJobName=one["ProcessingJobName"])
            message = job.get("ExitMessage") or job.get("FailureReason", "")
            run = MonitorSummary(
                phase=f"{job['CreationTime']:%Y-%m-%d %H:%M}",
                monitor=monitor.name,
                analysis=monitor.analysis,
                message=message or job["ProcessingJobStatus"],
                violations=[],
                reports=_reports_of(job),
            )
            yield job["CreationTime"], run


def _model_monitor_runs(aws: LocalAws, endpoint: str) -> Iterator[tuple[datetime, MonitorSummary]]:
    """Yields the newest runs of the schedules of Model Monitor for an endpoint."""
    sagemaker = aws.client("sagemaker")
    pages = sagemaker.get_paginator("list_monitoring_schedules").paginate(EndpointName=endpoint)
    schedules = [one for page in pages for one in page["MonitoringScheduleSummaries"]]
    for schedule in schedules:
        pages = sagemaker.get_paginator("list_monitoring_executions").paginate(
            MonitoringScheduleName=schedule["MonitoringScheduleName"],
            SortBy="ScheduledTime",
            SortOrder="Descending",
            PaginationConfig={"MaxItems": MAX_RUNS},
        )
        for one in [one for page in pages for one in page["MonitoringExecutionSummaries"]]:
            name = one.get("ProcessingJobArn", "").rpartition("/")[2]
            run = MonitorSummary(
                phase=f"{one['ScheduledTime']:%Y-%m-%d %H:%M}",
                monitor=one["MonitoringScheduleName"],
                analysis=one.get("MonitoringType", ""),
                message=one.get("FailureReason") or one["MonitoringExecutionStatus"],
                violations=[],
                reports=_reports_of(sagemaker.describe_processing_job(ProcessingJobName=name))
                if name
                else "",
            )
            yield one["ScheduledTime"], run


def _reports_of(job: Mapping[str, Any]) -> str:
    """Returns the S3 URI of the output of a job; empty for a job without one in S3."""
    outputs = job.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return next((one["S3Output"]["S3Uri"] for one in outputs if "S3Output" in one), "")


def _alarms(aws: LocalAws, prefix: str) -> list[AlarmSummary]:
    return [
        AlarmSummary(one["name"], one["state"], one["reason"])
        for one in monitors.alarms(aws, prefix)
    ]


def _in_real_time(event: _Event) -> _Event:
    """Returns an event of a time that was moved forward at the real time at which it happened.

    Alarms of a local AWS have the moved time, and builds have real time. An event of an earlier
    lead is moved by the present one, since no record has the leads of the past.
    """
    if event[0] <= utc_now() or not monitors.clock().lead:
        return event
    return (min(event[0] - monitors.clock().lead, utc_now()), *event[1:])


def _ordered(events: Iterable[_Event]) -> list[EventSummary]:
    ordered = sorted(events, key=lambda event: event[0])
    return [
        EventSummary(
            after=round((moment - ordered[0][0]).total_seconds(), 1),
            moment=f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            kind=kind,
            title=title,
            detail=detail,
        )
        for moment, kind, title, detail in ordered
    ]
