"""The programs of an image in monitors of Model Monitor, as the library defines them.

The template of a monitor is that of the library, and the rehearsal makes its processing job. The
files of the job are below a temporary folder instead of `/opt/ml`.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.hosting import Endpoint
from mlops_constructs.monitoring import (
    Baseline,
    GroundTruth,
    ModelMonitor,
    MonitoringImage,
    MonitoringInput,
    MonitoringOutput,
    MonitoringType,
)
from mlops_jobs.monitoring import settings
from rehearsal.services.sagemaker.monitoring.data import Captured
from rehearsal.services.sagemaker.monitoring.definition import Definition
from rehearsal.services.sagemaker.monitoring.job_definitions import KINDS
from rehearsal.services.sagemaker.monitoring.requests import processing_request
from rehearsal.services.sagemaker.monitoring.windows import Window
from seed_code.model_build.tests.conftest import Fitted
from tests.jobs.monitoring.captured import END, captured_calls, ground_truth, write_lines
from tests.jobs.monitoring.programs import monitor
from tests.jobs.monitoring.test_model_baselines import FACET, raw_rows, write

PLACE = "churn-prod/AllTraffic/2026/11/20/11"
FOLDERS = {
    "ModelQuality": "model-quality",
    "ModelBias": "bias",
    "ModelExplainability": "explainability",
}


def properties(kind: str) -> dict[str, Any]:
    """Returns the properties of the job definition in a template of the library."""
    stack = cdk.Stack(cdk.App(), "prod", env=cdk.Environment(account="1" * 12, region="eu-west-1"))
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "churn-artifacts")
    folder = f"baseline/{FOLDERS[kind]}"
    labels: dict[str, Any] = {"ground_truth": GroundTruth.in_bucket(bucket, prefix="labels")}
    config: dict[str, Any] = {
        "analysis_config_bucket": bucket,
        "analysis_config_key": f"{folder}/analysis_config.json",
    }
    archive: dict[str, Any] = {
        "model_data_bucket": bucket,
        "model_data_key": "archive/model.tar.gz",
    }
    given: dict[str, MonitoringType] = {
        "ModelQuality": MonitoringType.model_quality(problem_type="BinaryClassification", **labels),
        "ModelBias": MonitoringType.model_bias(**labels, **config),
        "ModelExplainability": MonitoringType.model_explainability(**config, **archive),
    }
    repository = ecr.Repository.from_repository_name(stack, "Images", "churn")
    ModelMonitor(
        stack,
        "Monitor",
        monitoring_type=given[kind],
        monitoring_input=MonitoringInput.from_endpoint(
            Endpoint.from_endpoint_name(stack, "Endpoint", "churn-prod"), capture_bucket=bucket
        ),
        monitoring_output=MonitoringOutput.to_bucket(bucket),
        image=MonitoringImage.from_ecr_repository(repository, tag_or_digest="1"),
        baseline=Baseline.from_files(bucket, constraints_key=f"{folder}/constraints.json"),
    )
    resources = Template.from_stack(stack).to_json()["Resources"].values()
    (found,) = (one for one in resources if one["Type"].endswith(f"{kind}JobDefinition"))
    content: dict[str, Any] = found["Properties"]
    return content


def joined(lines: list[str], labels: list[str]) -> list[str]:
    """Returns captured lines with their labels, as Model Monitor merges them."""
    truths = {
        one["eventMetadata"]["eventId"]: one["groundTruthData"] for one in map(json.loads, labels)
    }
    captured = list(map(json.loads, lines))
    return [
        json.dumps({**one, "groundTruthData": truths[one["eventMetadata"]["eventId"]]})
        for one in captured
    ]


@pytest.mark.parametrize("kind", FOLDERS)
@pytest.mark.parametrize("is_worse", [False, True])
def test_a_monitor_of_the_library_finds_what_is_worse_and_nothing_else(
    tmp_path: Path, binary: Fitted, monkeypatch: pytest.MonkeyPatch, kind: str, *, is_worse: bool
) -> None:
    baseline = write(tmp_path, binary, f"--facet={FACET}", "--favorable=churned")
    rows, labels = raw_rows(binary.outputs / "test/holdout.csv")
    if is_worse and kind == "ModelExplainability":
        # As if other features had mattered in the evaluation.
        file = baseline / "explainability/constraints.json"
        document = json.loads(file.read_text())
        shares = document["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
        ordered = sorted(shares, key=shares.__getitem__)
        opposite = zip(ordered, sorted(shares.values(), reverse=True), strict=True)
        shares |= dict(opposite)
        file.write_text(json.dumps(document))
    if is_worse and kind == "ModelQuality":
        other = next(one for one in labels if one != "churned")
        labels = ["churned" if one == other else other for one in labels]
    if is_worse and kind == "ModelBias":
        labels = [
            "churned" if "Łódź" in row else one for row, one in zip(rows, labels, strict=True)
        ]
    lines = captured_calls(rows, binary.predictor)
    if kind != "ModelExplainability":
        lines = joined(lines, ground_truth(labels))
    ml = tmp_path / "ml"
    write_lines(ml / "processing/input/endpoint" / PLACE / "a.jsonl", lines)

    kinds = {one.monitoring_type: one for one in KINDS}
    request = processing_request(
        Definition.of_record(kinds[kind], properties(kind)),
        name="model-monitoring-1",
        schedule="churn-prod-monitor",
        window=Window(END - timedelta(hours=1), END),
        data=[Captured(f"s3://churn-artifacts/merge/{PLACE}", PLACE)],
    )
    environment = {
        name: value.replace("/opt/ml", str(ml)) for name, value in request["Environment"].items()
    }
    for one in request["ProcessingInputs"]:
        source = one["S3Input"]["S3Uri"].removeprefix("s3://churn-artifacts/baseline/")
        target = ml / one["S3Input"]["LocalPath"].removeprefix("/opt/ml/")
        if (baseline / source).is_file():
            target.mkdir(parents=True, exist_ok=True)
            (target / Path(source).name).write_bytes((baseline / source).read_bytes())
    if "model_source" in environment:
        assert environment["model_source"] == "s3://churn-artifacts/archive/model.tar.gz"
        environment["model_source"] = str(tmp_path / "archive/model.tar.gz")
    metrics = ml / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl"
    monkeypatch.setattr(settings, "METRICS_FILE", str(metrics))

    message = monitor(environment)

    assert message.startswith("Completed"), message
    assert message.startswith("CompletedWithViolations") == is_worse, message
    published = [json.loads(line) for line in metrics.read_text().splitlines()]
    (violations,) = [one for one in published if one["MetricName"] == "constraint_violations"]
    assert (violations["Value"] > 0) == is_worse
    assert {one["Name"]: one["Value"] for one in violations["Dimensions"]} == {
        "Endpoint": "churn-prod",
        "MonitoringSchedule": "churn-prod-monitor",
    }
