"""Monitors of batch transform jobs: both kinds take the same data."""

import json
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.monitoring import (
    DatasetFormat,
    DriftMonitor,
    ModelMonitor,
    MonitoringInput,
    MonitoringJob,
    MonitoringType,
)
from tests.constructs.monitoring.conftest import Define
from tests.constructs.monitoring.test_drift_monitor import request_of

FORMATS = {
    "nothing": (None, {"Csv": {"Header": False}}, {"csv": {"header": False}}),
    "heading": (DatasetFormat.csv(), {"Csv": {"Header": True}}, {"csv": {"header": True}}),
    "json": (DatasetFormat.json_lines(), {"Json": {"Line": True}}, {"json": {"line": True}}),
    "parquet": (DatasetFormat.parquet(), {"Parquet": True}, {"parquet": {}}),
}


def batch(bucket: s3.IBucket, **changes: Any) -> MonitoringInput:
    return MonitoringInput.from_batch_transform(
        bucket, **{"prefix": "capture", "input_prefix": "in", "output_prefix": "out", **changes}
    )


def statements(resources: Any) -> list[dict[str, Any]]:
    return [
        statement
        for policy in resources("AWS::IAM::ManagedPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def read(resources: Any) -> str:
    """The objects that roles may read."""
    return json.dumps([one["Resource"] for one in statements(resources) if "GetObject" in str(one)])


@pytest.mark.parametrize("name", FORMATS)
def test_model_monitor_gets_the_format(
    name: str, define: Define, bucket: s3.IBucket, resources: Any
) -> None:
    dataset_format, rendered, _ = FORMATS[name]

    monitor = define(ModelMonitor, monitoring_input=batch(bucket, dataset_format=dataset_format))

    (definition,) = resources("AWS::SageMaker::DataQualityJobDefinition")
    given = definition["DataQualityJobInput"]["BatchTransformInput"]
    assert given["DatasetFormat"] == rendered
    assert given["DataCapturedDestinationS3Uri"] == "s3://churn-artifacts/capture"
    assert "EndpointInput" not in definition["DataQualityJobInput"]
    assert monitor.namespace == "aws/sagemaker/ModelMonitoring/data-metrics"
    assert monitor.dimensions == {"MonitoringSchedule": monitor.monitor_name}


@pytest.mark.parametrize("name", FORMATS)
def test_a_run_of_a_drift_monitor_gets_the_same(
    name: str, define: Define, bucket: s3.IBucket, resources: Any
) -> None:
    dataset_format, _, told = FORMATS[name]

    monitor = define(DriftMonitor, monitoring_input=batch(bucket, dataset_format=dataset_format))

    request = request_of(resources("AWS::Scheduler::Schedule")[0])
    environment = request["Environment"]
    assert json.loads(environment["dataset_format"]) == told
    assert environment["dataset_source"] == "s3://churn-artifacts/capture"
    assert environment["metrics_namespace"] == "MLOps/DriftMonitor"
    assert "sagemaker_endpoint_name" not in environment
    assert monitor.namespace == "MLOps/DriftMonitor"
    assert monitor.dimensions == {"MonitoringSchedule": monitor.monitor_name}
    assert monitor.reports_uri == f"s3://churn-artifacts/reports/{monitor.monitor_name}"


@pytest.mark.parametrize("kind", [DriftMonitor, ModelMonitor])
def test_runs_may_read_what_the_capture_lists_and_no_more(
    kind: Any, define: Define, bucket: s3.IBucket, resources: Any, stack: cdk.Stack
) -> None:
    key = "arn:aws:kms:eu-west-1:111111111111:key/99999999-1111-2222-3333-444455556666"
    other = s3.Bucket.from_bucket_attributes(
        stack,
        "Other",
        bucket_name="churn-customers",
        encryption_key=kms.Key.from_key_arn(stack, "OtherKey", key),
    )

    define(kind, monitoring_input=batch(bucket, input_bucket=other))

    readable = read(resources)
    assert ":s3:::churn-customers/in/*" in readable
    assert ":s3:::churn-artifacts/capture/*" in readable
    # A DriftMonitor compares the predictions of data quality, too.
    assert ("/out/*" in readable) is (kind is DriftMonitor)
    assert key in json.dumps([one for one in statements(resources) if "kms:" in str(one["Action"])])


def test_predictions_of_jobs_are_compared_where_their_prefix_is_given(
    define: Define, bucket: s3.IBucket, resources: Any
) -> None:
    define(DriftMonitor, monitoring_input=batch(bucket))
    environment = request_of(resources("AWS::Scheduler::Schedule")[0])["Environment"]
    assert environment["batch_predictions"] == "Enabled"


def test_without_their_prefix_runs_neither_read_nor_compare_predictions(
    define: Define, bucket: s3.IBucket, resources: Any
) -> None:
    define(DriftMonitor, monitoring_input=batch(bucket, output_prefix=None))
    environment = request_of(resources("AWS::Scheduler::Schedule")[0])["Environment"]
    assert "batch_predictions" not in environment
    assert "/out/*" not in read(resources)


def test_types_with_labels_read_the_predictions_by_their_attributes(
    define: Define,
    bucket: s3.IBucket,
    monitoring_types: dict[str, MonitoringType],
    resources: Any,
) -> None:
    define(
        DriftMonitor,
        monitoring_input=batch(bucket),
        monitoring_type=monitoring_types["MODEL_QUALITY"],
    )

    environment = request_of(resources("AWS::Scheduler::Schedule")[0])["Environment"]
    assert environment["inference_attribute"] == "0"
    assert environment["probability_attribute"] == "1"
    assert environment["ground_truth_source"] == "s3://churn-artifacts/labels"
    assert ":s3:::churn-artifacts/out/*" in read(resources)


@pytest.mark.parametrize("analysis", ["MODEL_BIAS", "MODEL_EXPLAINABILITY"])
@pytest.mark.parametrize("kind", [DriftMonitor, ModelMonitor])
def test_the_other_questions_are_asked_of_batches_too(
    kind: Any,
    analysis: str,
    define: Define,
    bucket: s3.IBucket,
    monitoring_types: dict[str, MonitoringType],
) -> None:
    monitor = define(
        kind,
        monitoring_input=batch(bucket),
        monitoring_type=monitoring_types[analysis],
        baseline=None,
    )

    of_aws = monitor.namespace.startswith("aws/sagemaker/ModelMonitoring/")
    assert of_aws is (kind is ModelMonitor)


PROBLEMS: dict[str, tuple[str, dict[str, Any], str]] = {
    "input": ("DATA_QUALITY", {"input_prefix": None}, "input input_prefix: got none"),
    "output": ("MODEL_QUALITY", {"output_prefix": None}, "input output_prefix: got none"),
    "slash": ("DATA_QUALITY", {"input_prefix": "in/"}, "input input_prefix: got 'in/'"),
    "slash of predictions": (
        "DATA_QUALITY",
        {"output_prefix": "out/"},
        "input output_prefix: got 'out/'",
    ),
    "long": ("DATA_QUALITY", {"prefix": "a" * 500}, "input prefix: got 500 characters"),
    "parquet": (
        "MODEL_QUALITY",
        {"dataset_format": DatasetFormat.parquet()},
        "dataset_format: got Parquet for MODEL_QUALITY, whose labels are found by inference ids",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_input_that_no_run_could_read_is_rejected(
    name: str, define: Define, bucket: s3.IBucket, monitoring_types: dict[str, MonitoringType]
) -> None:
    analysis, changes, problem = PROBLEMS[name]

    with pytest.raises(ValueError, match=problem):
        define(
            DriftMonitor,
            monitoring_input=batch(bucket, **changes),
            monitoring_type=monitoring_types[analysis],
        )


def test_a_custom_role_may_read_the_files_already(
    define: Define, bucket: s3.IBucket, stack: cdk.Stack
) -> None:
    role = iam.Role.from_role_arn(stack, "Runs", "arn:aws:iam::111111111111:role/runs")
    data = replace(batch(bucket), transform_input=None, transform_output=None)

    define(DriftMonitor, monitoring_input=data, job=MonitoringJob(role=role))
