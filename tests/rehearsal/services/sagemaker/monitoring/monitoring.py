"""Requests of Model Monitor, for its tests."""

from __future__ import annotations

import datetime
from typing import Any

from tests.rehearsal.fakes import ROLE
from tests.rehearsal.services.sagemaker import requests

DUE = datetime.datetime(2026, 11, 22, 10, tzinfo=datetime.UTC)
HOURLY = "cron(0 * ? * * *)"


ENDPOINT_INPUT = {"EndpointName": "churn", "LocalPath": "/opt/ml/processing/input/endpoint"}


def definition(kind: str = "DataQuality", **changes: Any) -> dict[str, Any]:
    application: dict[str, Any] = {"ImageUri": requests.IMAGE, "Environment": {"own": "yes"}}
    given: dict[str, Any] = {"EndpointInput": ENDPOINT_INPUT}
    baseline: dict[str, Any] = {"ConstraintsResource": {"S3Uri": "s3://bucket/b/constraints.json"}}
    if kind in ("ModelBias", "ModelExplainability"):
        application["ConfigUri"] = "s3://bucket/b/analysis_config.json"
    if kind in ("ModelQuality", "ModelBias"):
        given["GroundTruthS3Input"] = {"S3Uri": "s3://bucket/truth"}
    if kind == "ModelQuality":
        application["ProblemType"] = "BinaryClassification"
    if kind == "DataQuality":
        baseline["StatisticsResource"] = {"S3Uri": "s3://bucket/b/statistics.json"}
    output = {"S3Uri": "s3://bucket/reports", "LocalPath": "/opt/ml/processing/output"}
    return {
        "JobDefinitionName": f"{kind}-1",
        f"{kind}AppSpecification": application,
        f"{kind}JobInput": given,
        f"{kind}BaselineConfig": baseline,
        f"{kind}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 20,
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        "RoleArn": ROLE,
        **changes,
    }


def config(kind: str = "DataQuality", expression: str = HOURLY, **schedule: Any) -> dict[str, Any]:
    return {
        "ScheduleConfig": {"ScheduleExpression": expression, **schedule},
        "MonitoringJobDefinitionName": f"{kind}-1",
        "MonitoringType": kind,
    }


def call(client: Any, verb: str, kind: str, **request: Any) -> Any:
    return getattr(client, f"{verb}_{snake(kind)}_job_definition")(**request)


def snake(kind: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in kind).lstrip("_")
