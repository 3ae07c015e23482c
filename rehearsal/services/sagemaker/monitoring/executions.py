"""Executions of monitoring schedules: a processing job each, and what it found."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import SERVICE_PRINCIPAL
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, JobRun, reason_of
from rehearsal.services.sagemaker.jobs.jobs import MAXIMUM_REASON
from rehearsal.services.sagemaker.jobs.processing import processing_jobs
from rehearsal.services.sagemaker.listing import Listing, moment_of
from rehearsal.services.sagemaker.monitoring import data as monitoring_data
from rehearsal.services.sagemaker.monitoring.definition import Definition
from rehearsal.services.sagemaker.monitoring.job_definitions import KINDS, MonitoringJobDefinitions
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
)
_VIOLATIONS = "CompletedWithViolations"
_REPORTS = ("constraint_violations.json", "constraints_violations.json")
_METRICS_OF_A_REQUEST = 500
_OWN_IMAGES = re.compile(r".*/sagemaker-(model-monitor-analyzer|clarify-processing)([:@].*)?")


class MonitoringExecutions(MonitoringJobDefinitions):
    """ListMonitoringExecutions, and running them."""

    def list_monitoring_executions(self, request: Request, context: Context) -> Response:
        equal = {
            "MonitoringScheduleName": request.get("MonitoringScheduleName"),
            "EndpointName": request.get("EndpointName"),
            "MonitoringJobDefinitionName": request.get("MonitoringJobDefinitionName"),
            "MonitoringType": request.get("MonitoringTypeEquals"),
        }
        after, before = request.get("ScheduledTimeAfter"), request.get("ScheduledTimeBefore")
        with self.lock:
            found = [
                record
                for record in self.records.of(context.scope, EXECUTION).values()
                if all(wanted in (None, record.get(name)) for name, wanted in equal.items())
                and (after is None or record["ScheduledTime"] > moment_of(after))
                and (before is None or record["ScheduledTime"] < moment_of(before))
            ]
            return _LISTING.respond(found, request)

    def definition_of(self, scope: Scope, config: Mapping[str, Any]) -> Definition:
        """What a MonitoringScheduleConfig runs. Raises AwsError when there is no such thing."""
        if "MonitoringJobDefinition" in config:
            return Definition.of_schedule(config["MonitoringJobDefinition"])
        kind = KINDS[config.get("MonitoringType", "DataQuality")]
        name = config["MonitoringJobDefinitionName"]
        return Definition.of_record(kind, self.monitoring_definition(kind, scope, name))

    def execute_monitor(self, scope: Scope, schedule: Record, due: datetime.datetime) -> None:
        """Runs one execution to its end; whatever happens is told by its record."""
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
        with self.lock:
            self.records.of(scope, EXECUTION)[random_id(24)] = record
            self._show_execution(schedule, record)
        try:
            definition = self.definition_of(scope, config)
            span = window(config["ScheduleConfig"], definition.source, due)
            result = self._monitor(scope, schedule, record, definition, span)
        except Exception as error:  # whatever it is, the execution must end and say why
            reason = reason_of(error)[:MAXIMUM_REASON]
            result = {"MonitoringExecutionStatus": "Failed", "FailureReason": reason}
        self._note_execution(schedule, record, **result)

    def _monitor(
        self, scope: Scope, schedule: Record, record: Record, definition: Definition, span: Window
    ) -> dict[str, Any]:
        name = schedule["MonitoringScheduleName"]
        job_name = f"model-monitoring-{record['ScheduledTime']:%Y%m%d%H%M}-{random_id(24)}"
        job_arn = scope.arn("sagemaker", f"processing-job/{job_name}")
        session = self.role_session(scope, definition.role_arn, job_arn)
        data = self._monitored_data(scope, session, definition, span)
        if not data:
            raise ExecutionFailedError("Job inputs had no data")
        request = processing_request(
            definition, name=job_name, schedule=name, window=span, data=data
        )
        job = {**request, "MonitoringScheduleArn": schedule["MonitoringScheduleArn"]}
        self._record_job(processing_jobs.KIND, job, Context(scope, SERVICE_PRINCIPAL))
        self._note_execution(
            schedule,
            record,
            MonitoringExecutionStatus="InProgress",
            ProcessingJobArn=job["ProcessingJobArn"],
        )
        self._run_job(
            processing_jobs.KIND, job, scope, request, definition.role_arn, self._analyse_data, {}
        )
        self._publish_metrics(session, definition, job.pop("_metrics", []))
        return _outcome(session, definition.report_uri(name, span), job)

    def _analyse_data(self, run: JobRun) -> Mapping[str, Any]:
        image = run.request["AppSpecification"]["ImageUri"]
        if _OWN_IMAGES.fullmatch(image):
            raise ExecutionFailedError(
                f"ClientError: Cannot pull {image}: the images of Model Monitor and Clarify are "
                "AWS's and not in this rehearsal. A definition with an image of your own works."
            )
        return self.data_plane.processing_job(run)

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
                    "transform jobs, as AWS does not document what its container gets: monitor "
                    "endpoints, or merge in a processing job of your own."
                )
            destination = definition.source["DataCapturedDestinationS3Uri"]
            folders = monitoring_data.captured_by_transform(session, destination, span)
        if definition.ground_truth is None or not folders:
            return folders
        return monitoring_data.merged(
            session, folders, definition.ground_truth, span, definition.reports_uri
        )

    def captured_endpoint(self, scope: Scope, name: str) -> tuple[Record, str]:
        """An endpoint and where it captures its data. Raises AwsError when it does not."""
        endpoint = self.find(scope, _ENDPOINT, name, operation="CreateMonitoringSchedule")
        capture = endpoint.get("DataCaptureConfig") or {}
        if not capture.get("EnableCapture"):
            raise AwsError(
                "ValidationException",
                f"Data Capture must be enabled on the endpoint {name} to monitor it.",
            )
        return endpoint, capture["DestinationS3Uri"]

    def _publish_metrics(
        self, session: boto3.Session, definition: Definition, metrics: list[dict[str, Any]]
    ) -> None:
        """The metrics that the container wrote to /opt/ml/output/metrics/cloudwatch."""
        client = session.client("cloudwatch") if metrics else None
        for start in range(0, len(metrics), _METRICS_OF_A_REQUEST):
            part = metrics[start : start + _METRICS_OF_A_REQUEST]
            client.put_metric_data(  # type: ignore[union-attr]
                Namespace=definition.namespace, MetricData=part
            )

    def _note_execution(self, schedule: Record, record: Record, **changes: Any) -> None:
        with self.lock:
            record.update(changes, LastModifiedTime=now())
            self._show_execution(schedule, record)

    def _show_execution(self, schedule: Record, record: Record) -> None:
        summary = {name: value for name, value in record.items() if value is not None}
        schedule["LastMonitoringExecutionSummary"] = summary


def _outcome(session: boto3.Session, report_uri: str, job: Record) -> dict[str, Any]:
    """The status of an execution by its job: what it said at its end, or what it reported."""
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
    """Whether the report of a job lists violations."""
    place = urlsplit(report_uri)
    for name in _REPORTS:
        try:
            answer = session.client("s3").get_object(
                Bucket=place.netloc, Key=f"{place.path.strip('/')}/{name}"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404", "AccessDenied"):
                continue  # a container need not write a report, nor its role read it
            raise
        content = json.loads(answer["Body"].read())
        return bool(content.get("violations"))
    return False
