"""Executions of monitoring schedules: a processing job each, and what it found."""

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from rehearsal.containers.aws_images.accounts import MODEL_MONITOR
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import SERVICE_PRINCIPAL, Backend
from rehearsal.services.sagemaker.data_plane import (
    DataPlane,
    ExecutionFailedError,
    JobRun,
    Members,
    reason_of,
)
from rehearsal.services.sagemaker.jobs.jobs import Jobs
from rehearsal.services.sagemaker.jobs.processing import processing_jobs
from rehearsal.services.sagemaker.listing import Listing, moment_of
from rehearsal.services.sagemaker.monitoring import data as monitoring_data
from rehearsal.services.sagemaker.monitoring.definition import Definition
from rehearsal.services.sagemaker.monitoring.job_definitions import MonitoringJobDefinitions
from rehearsal.services.sagemaker.monitoring.requests import processing_request
from rehearsal.services.sagemaker.monitoring.windows import Window, window
from rehearsal.services.sagemaker.records import Record, now, random_id

EXECUTION = "monitoring-execution"
_ENDPOINT = "endpoint"
_LISTING = Listing(
    operation="ListMonitoringExecutions",
    member="MonitoringExecutionSummaries",
    name="MonitoringScheduleName",
    status="MonitoringExecutionStatus",
    equal={
        "MonitoringScheduleName": "MonitoringScheduleName",
        "EndpointName": "EndpointName",
        "MonitoringJobDefinitionName": "MonitoringJobDefinitionName",
        "MonitoringTypeEquals": "MonitoringType",
    },
)
_MERGER = "sagemaker-model-monitor-groundtruth-merger"
_VIOLATIONS = "CompletedWithViolations"
_REPORTS = ("constraint_violations.json", "constraints_violations.json")
_MAX_METRICS = 500


class MonitoringExecutions:
    """ListMonitoringExecutions, and the runs of executions.

    Args:
        backend: the backend of SageMaker.
        jobs: the jobs of SageMaker.
        data_plane: runs the processing jobs.
        definitions: the job definitions of every kind.
    """

    def __init__(
        self,
        backend: Backend,
        jobs: Jobs,
        data_plane: DataPlane,
        definitions: Iterable[MonitoringJobDefinitions],
    ) -> None:
        self._backend = backend
        self._jobs = jobs
        self._data_plane = data_plane
        self._definitions = {part.monitoring_kind.monitoring_type: part for part in definitions}

    def list_monitoring_executions(self, request: Request, context: Context) -> Response:
        after, before = request.get("ScheduledTimeAfter"), request.get("ScheduledTimeBefore")
        with self._backend.lock:
            found = [
                record
                for record in self._backend.records.of(context.scope, EXECUTION).values()
                if (after is None or record["ScheduledTime"] > moment_of(after))
                and (before is None or record["ScheduledTime"] < moment_of(before))
            ]
            return _LISTING.respond(found, request)

    def definition_of(self, scope: Scope, config: Mapping[str, Any]) -> Definition:
        """Returns the monitoring job of a MonitoringScheduleConfig.

        Raises:
            AwsError: ResourceNotFound, if there is no such job definition.
        """
        if "MonitoringJobDefinition" in config:
            return Definition.of_schedule(config["MonitoringJobDefinition"])
        part = self._definitions[config.get("MonitoringType", "DataQuality")]
        name = config["MonitoringJobDefinitionName"]
        record = part.find(scope, name, f"Describe{part.kind.noun}")
        return Definition.of_record(part.monitoring_kind, record)

    def run(self, scope: Scope, schedule: Record, due: datetime.datetime) -> None:
        """Runs one execution to its end; its record has the outcome."""
        config = schedule["MonitoringScheduleConfig"]
        moment = now()
        record: Record = {
            "MonitoringScheduleName": schedule["MonitoringScheduleName"],
            "ScheduledTime": due,
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "MonitoringExecutionStatus": "Pending",
            "EndpointName": schedule.get("EndpointName"),
            "MonitoringJobDefinitionName": config.get("MonitoringJobDefinitionName"),
            "MonitoringType": schedule["MonitoringType"],
        }
        with self._backend.lock:
            self._backend.records.of(scope, EXECUTION)[random_id(24)] = record
            self._show_execution(schedule, record)
        try:
            definition = self.definition_of(scope, config)
            span = window(config["ScheduleConfig"], definition.source, due)
            result = self._monitor(scope, schedule, record, definition, span)
        except Exception as error:  # any failure must end the execution, with its reason
            result = {"MonitoringExecutionStatus": "Failed", "FailureReason": reason_of(error)}
        self._note_execution(schedule, record, **result)

    def _monitor(
        self, scope: Scope, schedule: Record, record: Record, definition: Definition, span: Window
    ) -> dict[str, Any]:
        name = schedule["MonitoringScheduleName"]
        job_name = f"model-monitoring-{record['ScheduledTime']:%Y%m%d%H%M}-{random_id(24)}"
        job_arn = scope.arn("sagemaker", f"processing-job/{job_name}")
        session = self._backend.identity.role_session(scope, definition.role_arn, job_arn)
        data = self._monitored_data(scope, session, definition, span)
        if not data:
            raise ExecutionFailedError("Job inputs had no data")
        request = processing_request(
            definition, name=job_name, schedule=name, window=span, data=data
        )
        job = {**request, "MonitoringScheduleArn": schedule["MonitoringScheduleArn"]}
        self._jobs.add(processing_jobs.KIND, job, Context(scope, SERVICE_PRINCIPAL))
        self._note_execution(
            schedule,
            record,
            MonitoringExecutionStatus="InProgress",
            ProcessingJobArn=job["ProcessingJobArn"],
        )
        metrics: list[dict[str, Any]] = []

        def analyse(run: JobRun) -> Members:
            return self._data_plane.processing_job(replace(run, metrics=metrics.extend))

        self._jobs.run(processing_jobs.KIND, job, scope, request, definition.role_arn, analyse)
        _publish_metrics(session, definition, metrics)
        return _outcome(session, definition.report_uri(name, span), job)

    def _monitored_data(
        self,
        scope: Scope,
        session: boto3.Session,
        definition: Definition,
        span: Window,
    ) -> list[monitoring_data.Captured]:
        if definition.endpoint:
            endpoint, destination = self.captured_endpoint(scope, definition.endpoint)
            variants = [v["VariantName"] for v in endpoint.get("ProductionVariants", ())]
            folders = monitoring_data.captured_by_endpoint(
                session, destination, definition.endpoint, variants, span
            )
        else:
            if definition.ground_truth is not None:
                raise ExecutionFailedError(
                    "ClientError: The rehearsal does not merge ground truth into the files of "
                    "transform jobs, as AWS does not document the input of its container: monitor "
                    "endpoints, or merge in your own processing job."
                )
            destination = definition.source["DataCapturedDestinationS3Uri"]
            folders = monitoring_data.captured_by_transform(session, destination, span)
        if definition.ground_truth is None or not folders:
            return folders
        self._data_plane.check_pull(session, _merger(scope.region))
        return monitoring_data.merged(
            session, folders, definition.ground_truth, span, definition.reports_uri
        )

    def captured_endpoint(self, scope: Scope, name: str) -> tuple[Record, str]:
        """Returns an endpoint and the S3 URI to which it captures its data.

        Raises:
            AwsError: ValidationException, if it captures none.
        """
        endpoint = self._backend.find(scope, _ENDPOINT, name, operation="CreateMonitoringSchedule")
        capture = endpoint.get("DataCaptureConfig") or {}
        if not capture.get("EnableCapture"):
            raise AwsError(
                "ValidationException",
                f"Data Capture must be enabled on the endpoint {name} to monitor it.",
            )
        return endpoint, capture["DestinationS3Uri"]

    def _note_execution(self, schedule: Record, record: Record, **changes: Any) -> None:
        with self._backend.lock:
            record.update(changes, LastModifiedTime=now())
            self._show_execution(schedule, record)

    def _show_execution(self, schedule: Record, record: Record) -> None:
        summary = {name: value for name, value in record.items() if value is not None}
        schedule["LastMonitoringExecutionSummary"] = summary


def _merger(region: str) -> str:
    """Returns the URI of the image with which AWS merges labels before a run.

    Raises:
        ExecutionFailedError: AWS has no such image in the region.
    """
    account = MODEL_MONITOR.get(region)
    if account is None:
        raise ExecutionFailedError(
            f"ClientError: Model Monitor has no image that merges ground truth in {region}."
        )
    return f"{account}.dkr.ecr.{region}.amazonaws.com/{_MERGER}"


def _publish_metrics(
    session: boto3.Session, definition: Definition, metrics: list[dict[str, Any]]
) -> None:
    """Publishes the metrics that the container wrote to /opt/ml/output/metrics/cloudwatch."""
    client = session.client("cloudwatch") if metrics else None
    for start in range(0, len(metrics), _MAX_METRICS):
        client.put_metric_data(  # type: ignore[union-attr]
            Namespace=definition.namespace, MetricData=metrics[start : start + _MAX_METRICS]
        )


def _outcome(session: boto3.Session, report_uri: str, job: Record) -> dict[str, Any]:
    """Returns the status of an execution by the exit message or the report of its job."""
    status, message = job["ProcessingJobStatus"], job.get("ExitMessage", "")
    found: dict[str, Any] = {"MonitoringExecutionStatus": status}
    if status == "Failed":
        found["FailureReason"] = job.get("FailureReason", "")
    elif status == "Completed" and (
        message.startswith(_VIOLATIONS) or (not message and _reported(session, report_uri))
    ):
        found["MonitoringExecutionStatus"] = _VIOLATIONS
    return found


def _reported(session: boto3.Session, report_uri: str) -> bool:
    """Returns True if the report of a job lists violations."""
    place = urlsplit(report_uri)
    for name in _REPORTS:
        try:
            report = session.client("s3").get_object(
                Bucket=place.netloc, Key=f"{place.path.strip('/')}/{name}"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404", "AccessDenied"):
                continue  # a container need not write a report, nor its role read it
            raise
        content = json.loads(report["Body"].read())
        return bool(content.get("violations"))
    return False
