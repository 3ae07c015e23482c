"""The life of a model as AWS recorded it, for a report without a run of the story."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rehearsal.client import approvals, pipeline_execution
from rehearsal.client.drift import monitors
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project
from rehearsal.framework.clock import utc_now
from rehearsal.story import lineage, package_reports, rollouts, summary
from rehearsal.story.package_reports import Reports
from rehearsal.story.summary import (
    AlarmSummary,
    EventSummary,
    MonitorSummary,
    Summary,
)

MAX_PACKAGES, MAX_EXECUTIONS, MAX_RUNS = 20, 40, 20
_VIOLATIONS = "CompletedWithViolations"
_Event = tuple[datetime, str, str, str]


def read(aws: LocalAws, project: Project, stage: str = "prod") -> tuple[Summary, Reports]:
    """Returns the summary of a project, and the reports on the model that its endpoint serves.

    If no endpoint serves a known model, the reports are those of the newest approved one.

    Args:
        aws: the account of the project.
        project: the project.
        stage: stage whose endpoint and monitors are shown. Defaults to `prod`.
    """
    found = summary.begin(project.name)
    found.status, found.account, found.region = "recorded", aws.account, aws.region
    account, endpoint = project.account_of(aws, stage), project.endpoint(stage)
    packages = [
        aws.client("sagemaker").describe_model_package(ModelPackageName=one["ModelPackageArn"])
        for one in approvals.packages(aws.client("sagemaker"), project.model_package_group)[
            :MAX_PACKAGES
        ]
    ]
    found.endpoints = rollouts.read(aws, project)
    runs = list(_runs(account, endpoint))
    found.life.monitors = [run for _, run in runs]
    found.life.alarms = _alarms(account, f"{project.name}-{stage}-drift-")
    events = [
        *_executions(aws, project),
        *(event for one in packages for event in _of_package(one)),
        *_of_endpoints(found),
        *_of_monitors(runs),
    ]
    found.life.events = _ordered(_in_real_time(event) for event in events)
    if found.life.events:
        found.started = found.life.events[0].moment
    approved = [one for one in packages if one.get("ModelApprovalStatus") == "Approved"]
    served = lineage.served_package(account, endpoint, packages) or next(iter(approved), None)
    if served is None:
        return found, Reports()
    return found, _of_model(aws, account, endpoint, served, found)


def _of_model(
    aws: LocalAws,
    account: LocalAws,
    endpoint: str,
    package: Mapping[str, Any],
    found: Summary,
) -> Reports:
    metadata = package.get("CustomerMetadataProperties", {})
    found.model_package = package["ModelPackageArn"]
    found.commit = metadata.get("commit", "")
    found.data = metadata.get("data", "")
    found.target = metadata.get("target", "")
    found.problem_type = metadata.get("problem_type", "")
    reports = package_reports.of_package(aws, package)
    found.tracking = package_reports.tracking_of(aws, package)
    found.metrics = summary.metrics(reports.evaluation)
    if any(one.name == endpoint for one in found.endpoints):
        found.endpoint_name = endpoint
        found.life.lineage = lineage.of_endpoint(aws, account, endpoint, found.model_package)
    return reports


def _executions(aws: LocalAws, project: Project) -> Iterator[_Event]:
    codepipeline = aws.client("codepipeline")
    for which in ("build", "deploy"):
        pipeline = project.pipeline(which)
        for one in pipeline_execution.executions(codepipeline, pipeline)[:MAX_EXECUTIONS]:
            trigger = one.get("trigger", {})
            by_hand = trigger.get("triggerType") == "StartPipelineExecution"
            kind = "rollout" if which == "deploy" else "retraining" if by_hand else "push"
            revisions = [
                str(revision["revisionId"])[:8] for revision in one.get("sourceRevisions", [])
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
    for monitor in monitors.of_endpoint(aws, endpoint):
        listed = sagemaker.list_processing_jobs(
            NameContains=monitor.name, SortBy="CreationTime", MaxResults=MAX_RUNS
        )["ProcessingJobSummaries"]
        for one in reversed(listed):
            job = sagemaker.describe_processing_job(ProcessingJobName=one["ProcessingJobName"])
            message = job.get("ExitMessage") or job.get("FailureReason", "")
            (output,) = job["ProcessingOutputConfig"]["Outputs"][:1]
            run = MonitorSummary(
                phase=f"{job['CreationTime']:%Y-%m-%d %H:%M}",
                monitor=monitor.name,
                analysis=monitor.analysis,
                message=message or job["ProcessingJobStatus"],
                violations=[],
                reports=output["S3Output"]["S3Uri"],
            )
            yield job["CreationTime"], run


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
