"""Executions of monitoring schedules: what the container gets, and what it found."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from rehearsal.services.sagemaker.data_plane import JobRun
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import SCOPE, FakePlatform
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane, fails
from tests.rehearsal.services.sagemaker.monitoring.monitoring import (
    DUE,
    config,
    definition,
)

Eventually = Callable[[Callable[[], Any]], Any]
CAPTURED = "s3://bucket/capture/churn/AllTraffic/2026/11/22/09/a.jsonl"


def test_an_execution_gives_the_container_what_its_contract_says(
    monitored: Callable[..., dict[str, Any]], platform: FakePlatform, data_plane: FakeDataPlane
) -> None:
    platform.objects[CAPTURED] = b"{}\n"
    execution = monitored()
    assert execution["MonitoringExecutionStatus"] == "Completed"
    run = data_plane.runs[-1]
    environment = dict(run.request["Environment"])
    captured = {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}
    assert json.loads(environment.pop("dataset_format")) == captured
    assert environment == {
        "dataset_source": "/opt/ml/processing/input/endpoint",
        "output_path": "/opt/ml/processing/output",
        "start_time": "2026-11-22T09:00:00Z",
        "end_time": "2026-11-22T10:00:00Z",
        "metric_time": "2026-11-22T09:00:00Z",
        "publish_cloudwatch_metrics": "Enabled",
        "sagemaker_endpoint_name": "churn",
        "sagemaker_monitoring_schedule_name": "watch",
        "monitoring_input_type": "ENDPOINT_INPUT",
        "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
        "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
        "own": "yes",
    }
    inputs = {i["InputName"]: i["S3Input"] for i in run.request["ProcessingInputs"]}
    assert inputs["endpoint_input_1"]["S3Uri"] == CAPTURED.rpartition("/")[0]
    assert inputs["endpoint_input_1"]["LocalPath"] == (
        "/opt/ml/processing/input/endpoint/churn/AllTraffic/2026/11/22/09"
    )
    output = run.request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]
    assert output["S3Uri"] == "s3://bucket/reports/churn/watch/2026/11/22/10"


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (lambda _: {"ExitMessage": "CompletedWithViolations: 4 violations"}, "Violations"),
        (lambda _: {"ExitMessage": "Completed: no violations"}, "Completed"),
        (fails("AlgorithmError: no"), "Failed"),
    ],
)
def test_the_job_says_how_an_execution_ended(
    monitored: Callable[..., dict[str, Any]],
    platform: FakePlatform,
    data_plane: FakeDataPlane,
    sagemaker: Any,
    behaviour: Callable[[JobRun], Mapping[str, Any]],
    status: str,
) -> None:
    platform.objects[CAPTURED] = b"{}\n"
    data_plane.behaviour["model-monitoring"] = behaviour
    execution = monitored()
    assert execution["MonitoringExecutionStatus"].endswith(status)
    schedule = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watch")
    assert schedule["LastMonitoringExecutionSummary"] == execution
    name = execution["ProcessingJobArn"].rpartition("/")[2]
    job = sagemaker.describe_processing_job(ProcessingJobName=name)
    assert job["MonitoringScheduleArn"] == schedule["MonitoringScheduleArn"]
    assert execution.get("FailureReason", "") == job.get("FailureReason", "")


def test_a_report_of_violations_counts_when_the_job_says_nothing(
    monitored: Callable[..., dict[str, Any]], platform: FakePlatform
) -> None:
    platform.objects[CAPTURED] = b"{}\n"
    report = "s3://bucket/reports/churn/watch/2026/11/22/10/constraint_violations.json"
    platform.objects[report] = b'{"violations": [{"feature_name": "age"}]}'
    assert monitored()["MonitoringExecutionStatus"] == "CompletedWithViolations"


def test_metrics_of_the_container_are_published_in_the_namespace_of_the_kind(
    monitored: Callable[..., dict[str, Any]], platform: FakePlatform, data_plane: FakeDataPlane
) -> None:
    platform.objects[CAPTURED] = b"{}\n"
    metric = {"MetricName": "feature_baseline_drift_age", "Value": 0.4}

    def publish(run: JobRun) -> dict[str, Any]:
        run.metrics([metric])
        return {}

    data_plane.behaviour["model-monitoring"] = publish
    monitored()
    assert {"Namespace": "aws/sagemaker/Endpoints/data-metrics", **metric} in platform.metrics


def test_without_data_an_execution_fails_as_on_aws(
    monitored: Callable[..., dict[str, Any]], data_plane: FakeDataPlane
) -> None:
    execution = monitored()
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Job inputs had no data"
    assert not data_plane.runs


@pytest.mark.parametrize(
    "image",
    [
        "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer",
        "205585389593.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0",
    ],
)
def test_images_of_aws_run_as_any_other(
    monitored: Callable[..., dict[str, Any]],
    platform: FakePlatform,
    data_plane: FakeDataPlane,
    image: str,
) -> None:
    platform.objects[CAPTURED] = b"{}\n"
    execution = monitored(DataQualityAppSpecification={"ImageUri": image})
    assert execution["MonitoringExecutionStatus"] == "Completed"
    assert data_plane.runs[-1].request["AppSpecification"]["ImageUri"] == image


def test_model_quality_joins_what_was_captured_with_the_truth(
    monitored: Callable[..., dict[str, Any]], platform: FakePlatform, data_plane: FakeDataPlane
) -> None:
    events = [{"eventId": "1"}, {"eventId": "2", "inferenceId": "two"}, {"eventId": "3"}]
    lines = [json.dumps({"captureData": {}, "eventMetadata": event}) for event in events]
    platform.objects[CAPTURED] = "\n".join(lines).encode()
    truths = [
        {"groundTruthData": {"data": data}, "eventMetadata": {"eventId": event}}
        for event, data in (("1", "yes"), ("two", "no"), ("9", "other"))
    ]
    truth = "\n".join(json.dumps(one) for one in truths).encode()
    platform.objects["s3://bucket/truth/2026/11/22/09/t.jsonl"] = truth
    assert monitored("ModelQuality")["MonitoringExecutionStatus"] == "Completed"
    request = data_plane.runs[-1].request
    assert "sagemakerMergeJson" in request["Environment"]["dataset_format"]
    assert request["Environment"]["problem_type"] == "BinaryClassification"
    merged = request["ProcessingInputs"][0]["S3Input"]
    place = "churn/AllTraffic/2026/11/22/09"
    assert merged["LocalPath"] == f"/opt/ml/processing/input/endpoint/{place}"
    assert merged["S3Uri"] == f"s3://bucket/reports/merge/{place}"
    content = platform.objects[f"{merged['S3Uri']}/merged.jsonl"].decode().splitlines()
    assert [json.loads(line)["groundTruthData"]["data"] for line in content] == ["yes", "no"]


@pytest.mark.parametrize("kind", ["ModelQuality", "ModelBias"])
def test_labels_are_merged_only_for_a_role_that_may_pull_the_image_of_the_merger(
    monitored: Callable[..., dict[str, Any]],
    platform: FakePlatform,
    data_plane: FakeDataPlane,
    kind: str,
) -> None:
    platform.objects[CAPTURED] = b"{}\n"
    data_plane.images_missing = True

    execution = monitored(kind)

    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert "Cannot pull" in execution["FailureReason"]
    assert data_plane.pulls_checked == [
        "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-groundtruth-merger"
    ]
    assert not data_plane.runs


def test_a_batch_transform_is_monitored_by_its_capture(
    service: SageMaker, sagemaker: Any, platform: FakePlatform, data_plane: FakeDataPlane
) -> None:
    given = {
        "DataCapturedDestinationS3Uri": "s3://bucket/batch",
        "DatasetFormat": {"Csv": {"Header": True}},
        "LocalPath": "/opt/ml/processing/input",
        "StartTimeOffset": "-P1D",
        "EndTimeOffset": "-PT0H",
    }
    platform.objects["s3://bucket/batch/input/2026/11/21/12/job-1.json"] = b"[]"
    platform.objects["s3://bucket/batch/input/2026/11/20/12/older.json"] = b"[]"
    defined = definition(DataQualityJobInput={"BatchTransformInput": given})
    sagemaker.create_data_quality_job_definition(**defined)
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="watch",
        MonitoringScheduleConfig=config(expression="cron(0 0 ? * * *)"),
    )
    record = service.backend.records.of(SCOPE, "monitoring-schedule")["watch"]
    service.monitoring_executions.run(SCOPE, record, DUE)
    request = data_plane.runs[-1].request
    assert json.loads(request["Environment"]["dataset_format"]) == {"csv": {"header": True}}
    assert request["Environment"]["monitoring_input_type"] == "BATCH_TRANSFORM_INPUT"
    sources = [one["S3Input"] for one in request["ProcessingInputs"]]
    assert [source["S3Uri"] for source in sources if "batch" in source["S3Uri"]] == [
        "s3://bucket/batch/input/2026/11/21/12/job-1.json"
    ]
    assert sources[0]["S3DataType"] == "ManifestFile"
    assert sources[0]["LocalPath"] == "/opt/ml/processing/input/input/2026/11/21/12/job-1"


def test_labels_of_a_batch_transform_are_rejected_by_name(
    service: SageMaker, sagemaker: Any, platform: FakePlatform
) -> None:
    given = {
        "BatchTransformInput": {
            "DataCapturedDestinationS3Uri": "s3://bucket/batch",
            "DatasetFormat": {"Csv": {}},
            "LocalPath": "/opt/ml/processing/input",
        },
        "GroundTruthS3Input": {"S3Uri": "s3://bucket/truth"},
    }
    sagemaker.create_model_quality_job_definition(
        **definition("ModelQuality", ModelQualityJobInput=given)
    )
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="watch", MonitoringScheduleConfig=config("ModelQuality")
    )
    record = service.backend.records.of(SCOPE, "monitoring-schedule")["watch"]
    service.monitoring_executions.run(SCOPE, record, DUE)
    listed = sagemaker.list_monitoring_executions(MonitoringScheduleName="watch")
    execution = listed["MonitoringExecutionSummaries"][0]
    assert "does not merge ground truth into the files" in execution["FailureReason"]
