"""A monitoring job as data, which a job definition or a schedule defines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.services.sagemaker.monitoring.job_definitions import MonitoringKind
from rehearsal.services.sagemaker.monitoring.windows import Window

Members = Mapping[str, Any]

_METRICS = {
    "DataQuality": "data-metrics",
    "ModelQuality": "model-metrics",
    "ModelBias": "bias-metrics",
    "ModelExplainability": "explainability-metrics",
}


@dataclass(frozen=True)
class Definition:
    """A monitoring job, which a job definition or a schedule defines."""

    monitoring_type: str
    application: Members
    given: Members
    ground_truth: str | None
    baseline: Members
    output: Members
    cluster: Members
    network: Members
    max_seconds: int
    role_arn: str

    @classmethod
    def of_record(cls, kind: MonitoringKind, record: dict[str, Any]) -> Definition:
        """Returns the job of a job definition."""
        given = kind.member(record, "JobInput")
        truth = given.get("GroundTruthS3Input") or {}
        return cls(
            monitoring_type=kind.monitoring_type,
            application=kind.member(record, "AppSpecification"),
            given=given,
            ground_truth=truth.get("S3Uri"),
            baseline=kind.member(record, "BaselineConfig"),
            output=kind.member(record, "JobOutputConfig"),
            cluster=record["JobResources"]["ClusterConfig"],
            network=record.get("NetworkConfig") or {},
            max_seconds=record["StoppingCondition"]["MaxRuntimeInSeconds"],
            role_arn=record["RoleArn"],
        )

    @classmethod
    def of_schedule(cls, job: Members) -> Definition:
        """Returns the job of a MonitoringJobDefinition in a schedule, which is of data quality."""
        application = dict(job["MonitoringAppSpecification"])
        application["Environment"] = job.get("Environment") or {}
        return cls(
            monitoring_type="DataQuality",
            application=application,
            given=job["MonitoringInputs"][0],
            ground_truth=None,
            baseline=job.get("BaselineConfig") or {},
            output=job["MonitoringOutputConfig"],
            cluster=job["MonitoringResources"]["ClusterConfig"],
            network=job.get("NetworkConfig") or {},
            max_seconds=(job.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", 3600),
            role_arn=job["RoleArn"],
        )

    @property
    def endpoint(self) -> str | None:
        found: str | None = self.given.get("EndpointInput", {}).get("EndpointName")
        return found

    @property
    def source(self) -> Members:
        """The endpoint input, or the batch transform input."""
        found: Members = self.given.get("EndpointInput") or self.given["BatchTransformInput"]
        return found

    @property
    def namespace(self) -> str:
        """The namespace of the metrics that the container writes."""
        family = "Endpoints" if self.endpoint else "ModelMonitoring"
        return f"aws/sagemaker/{family}/{_METRICS[self.monitoring_type]}"

    @property
    def reports_uri(self) -> str:
        """The S3 URI of the reports of all executions."""
        uri: str = self.output["MonitoringOutputs"][0]["S3Output"]["S3Uri"]
        return uri.rstrip("/")

    def report_uri(self, schedule: str, window: Window) -> str:
        """Returns the S3 URI of an execution's reports."""
        parts = [self.reports_uri, self.endpoint or "", schedule, f"{window.end:%Y/%m/%d/%H}"]
        return "/".join(part for part in parts if part)
