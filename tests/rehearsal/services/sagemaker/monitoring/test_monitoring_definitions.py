"""Definitions of monitoring jobs, of all four kinds."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.sagemaker.monitoring.monitoring import (
    ENDPOINT_INPUT,
    call,
    definition,
    snake,
)

KINDS = ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")


@pytest.mark.parametrize("kind", KINDS)
def test_a_definition_of_each_kind_is_made_listed_described_and_deleted(
    sagemaker: Any, kind: str
) -> None:
    arn = call(sagemaker, "create", kind, **definition(kind))["JobDefinitionArn"]
    found = call(sagemaker, "describe", kind, JobDefinitionName=f"{kind}-1")
    assert found["JobDefinitionArn"] == arn
    assert found[f"{kind}JobInput"]["EndpointInput"] == ENDPOINT_INPUT
    with pytest.raises(ClientError, match="already exists"):
        call(sagemaker, "create", kind, **definition(kind))
    words = snake(kind)
    listed = getattr(sagemaker, f"list_{words}_job_definitions")(EndpointName="churn")
    summary = listed["JobDefinitionSummaries"][0]
    assert summary["MonitoringJobDefinitionArn"] == arn
    assert not getattr(sagemaker, f"list_{words}_job_definitions")(EndpointName="other")[
        "JobDefinitionSummaries"
    ]
    call(sagemaker, "delete", kind, JobDefinitionName=f"{kind}-1")
    with pytest.raises(ClientError, match="Could not find"):
        call(sagemaker, "describe", kind, JobDefinitionName=f"{kind}-1")


def test_a_job_has_one_input_and_its_role_is_passed(sagemaker: Any, platform: FakePlatform) -> None:
    both = {
        "EndpointInput": ENDPOINT_INPUT,
        "BatchTransformInput": {
            "DataCapturedDestinationS3Uri": "s3://b/",
            "DatasetFormat": {"Csv": {}},
            "LocalPath": "/opt/ml/processing/input",
        },
    }
    with pytest.raises(ClientError, match="Exactly one of EndpointInput"):
        sagemaker.create_data_quality_job_definition(**definition(DataQualityJobInput=both))
    piped = {"EndpointInput": {**ENDPOINT_INPUT, "S3InputMode": "Pipe"}}
    with pytest.raises(ClientError, match="S3InputMode=Pipe of CreateDataQualityJobDefinition"):
        sagemaker.create_data_quality_job_definition(**definition(DataQualityJobInput=piped))
    platform.denied.add(("iam:PassRole", ROLE))
    with pytest.raises(ClientError, match="iam:PassRole"):
        sagemaker.create_data_quality_job_definition(**definition())
