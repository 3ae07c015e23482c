"""A monitoring job as data, whoever defines it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.services.sagemaker.monitoring.job_definitions import DefinitionKind
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
    """A monitoring job as data, whether a definition has it or a schedule itself."""

    monitoring_type: str
    application: Members
    given: Members
    ground_truth: str | None
    baseline: Members
    output: Members
    cluster: Members
    network: Members
    longest: int
    role_arn: str

    @classmethod
    def of_record(cls, kind: DefinitionKind, record: dict[str, Any]) -> Definition:
        """Of a job definition."""
        given = kind.part(record, "JobInput")
        truth = given.get("GroundTruthS3Input") or {}
        return cls(
            monitoring_type=kind.monitoring_type,
            application=kind.part(record, "AppSpecification"),
            given=given,
            ground_truth=truth.get("S3Uri"),
            baseline=kind.part(record, "BaselineConfig"),
            output=kind.part(record, "JobOutputConfig"),
            cluster=record["JobResources"]["ClusterConfig"],
            network=record.get("NetworkConfig") or {},
            longest=record["StoppingCondition"]["MaxRuntimeInSeconds"],
            role_arn=record["RoleArn"],
        )

    @classmethod
    def of_schedule(cls, job: Members) -> Definition:
        """Of the MonitoringJobDefinition within a schedule, which is of data quality."""
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
            longest=(job.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", 3600),
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
        """Where SageMaker puts the metrics that the container writes."""
        family = "Endpoints" if self.endpoint else "ModelMonitoring"
        return f"aws/sagemaker/{family}/{_METRICS[self.monitoring_type]}"

    @property
    def reports_uri(self) -> str:
        """Where the reports of all executions go."""
        uri: str = self.output["MonitoringOutputs"][0]["S3Output"]["S3Uri"]
        return uri.rstrip("/")

    def report_uri(self, schedule: str, window: Window) -> str:
        """Where an execution's reports go."""
        parts = [self.reports_uri, self.endpoint or "", schedule, f"{window.end:%Y/%m/%d/%H}"]
        return "/".join(part for part in parts if part)
