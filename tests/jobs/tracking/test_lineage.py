"""The lineage of an endpoint, from responses as SageMaker's API gives them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_jobs import aws
from mlops_jobs.failure import InputError
from mlops_jobs.tracking import lineage
from mlops_jobs.tracking.lineage import Lineage, Node, lines_of

EXECUTION = "arn:aws:sagemaker:eu-west-1:111111111111:pipeline/churn-train/execution/abc123"
PACKAGE = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"
APP = "arn:aws:sagemaker:eu-west-1:111111111111:mlflow-app/app-A"
JOB = "arn:aws:sagemaker:eu-west-1:111111111111:hyper-parameter-tuning-job/tune"
RESPONSES: dict[str, dict[str, Any]] = {
    "describe_endpoint": {"EndpointStatus": "InService", "EndpointConfigName": "config"},
    "describe_endpoint_config": {
        "ProductionVariants": [{"VariantName": "main", "ModelName": "model"}],
        "ShadowProductionVariants": [{"VariantName": "next", "ModelName": "model"}],
    },
    "describe_model": {"Containers": [{"ModelPackageName": PACKAGE}]},
    "describe_model_package": {
        "ModelApprovalStatus": "Approved",
        "MetadataProperties": {"GeneratedBy": EXECUTION},
        "CustomerMetadataProperties": {
            "commit": "c0ffee",
            "data": "s3://bucket/data/flights.csv",
            "target": "late",
            "champion": "none",
            "mlflow_app": APP,
            "mlflow_run": "abc123",
        },
        "InferenceSpecification": {
            "Containers": [{"ModelDataUrl": "s3://b/models/tune-001/output/model.tar.gz"}]
        },
    },
    "describe_pipeline_execution": {"PipelineExecutionStatus": "Succeeded"},
    "describe_hyper_parameter_tuning_job": {"BestTrainingJob": {"TrainingJobName": "tune-001"}},
    "describe_training_job": {
        "FinalMetricDataList": [{"MetricName": "validation:auc", "Value": 0.75}],
        "AlgorithmSpecification": {"TrainingImage": "registry/churn:c0ffee"},
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3Uri": "s3://b/runs/abc123/train"}},
            }
        ],
    },
    "list_pipeline_execution_steps": {
        "PipelineExecutionSteps": [
            {"StepName": "Preprocess", "Metadata": {"ProcessingJob": {"Arn": "x/y"}}},
            {"StepName": "Tune", "Metadata": {"TuningJob": {"Arn": JOB}}},
        ]
    },
    "list_inference_components": {"InferenceComponents": []},
}


class FakeSageMaker:
    """Returns responses by operation; others are denied."""

    def __init__(self, **changes: Any) -> None:
        self.responses = {**RESPONSES, **changes}

    def __getattr__(self, operation: str) -> Any:
        def call(**_: Any) -> dict[str, Any]:
            found = self.responses[operation]
            if found is None:
                error = {"Error": {"Code": "AccessDeniedException", "Message": operation}}
                raise ClientError(error, operation)  # type: ignore[arg-type]
            response: dict[str, Any] = found
            return response

        return call

    def get_paginator(self, operation: str) -> Any:
        call = getattr(self, operation)

        class Paginator:
            def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
                yield call(**request)

        return Paginator()


def read(**changes: Any) -> Node:
    return Lineage(FakeSageMaker(**changes)).of_endpoint("churn-prod")


def test_an_endpoint_leads_to_data_commit_and_run() -> None:
    assert list(lines_of(read())) == [
        "endpoint churn-prod  (status InService)",
        "  endpoint config config",
        *[
            line
            for variant in ("variant main", "shadow variant next")
            for line in (
                f"    {variant}",
                "      model model",
                f"        model package {PACKAGE}  (approval Approved, target late, champion none)",
                f"          pipeline execution {EXECUTION}  (status Succeeded)",
                "            training job tune-001  (validation:auc 0.75, image "
                "registry/churn:c0ffee)",
                "              channel train  (uri s3://b/runs/abc123/train)",
                "          commit c0ffee",
                "          data s3://bucket/data/flights.csv",
                f"          MLflow run abc123  (app {APP})",
            )
        ],
    ]


def test_the_job_of_a_training_step_is_found() -> None:
    arn = "arn:aws:sagemaker:eu-west-1:111111111111:training-job/tune-001"
    steps = [
        {"Metadata": {"TrainingJob": {"Arn": arn.replace("tune-001", "other")}}},
        {"Metadata": {"TrainingJob": {"Arn": arn}}},
    ]

    lines = list(lines_of(read(list_pipeline_execution_steps={"PipelineExecutionSteps": steps})))

    assert sum("training job tune-001" in line for line in lines) == 2
    assert not [line for line in lines if "training job other" in line]


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        ("describe_endpoint_config", "endpoint config config"),
        ("describe_model", "model model"),
        ("describe_model_package", f"model package {PACKAGE}"),
        ("describe_pipeline_execution", f"pipeline execution {EXECUTION}"),
        ("describe_training_job", "training job tune-001"),
        ("list_inference_components", "inference components churn-prod"),
    ],
)
def test_a_part_that_may_not_be_read_is_named(operation: str, line: str) -> None:
    changes: dict[str, Any] = {operation: None}

    found = [one.strip() for one in lines_of(read(**changes))]

    assert f"{line}  (not readable: AccessDeniedException: {operation})" in found


def test_a_model_without_a_package_has_its_data_only() -> None:
    model = {"PrimaryContainer": {"ModelDataUrl": "s3://b/model.tar.gz"}}

    assert "        model data s3://b/model.tar.gz" in lines_of(read(describe_model=model))


def test_the_models_of_inference_components_are_found() -> None:
    found = read(
        describe_endpoint_config={"ProductionVariants": [{"VariantName": "main"}]},
        list_inference_components={"InferenceComponents": [{"InferenceComponentName": "c-1"}]},
        describe_inference_component={"Specification": {"ModelName": "model"}},
    )

    assert list(lines_of(found))[2:4] == [
        "  inference component c-1",
        "    model model",
    ]


def test_a_missing_endpoint_is_an_error_of_one_line() -> None:
    with pytest.raises(InputError, match="endpoint churn-prod: got AccessDeniedException"):
        read(describe_endpoint=None)


def test_the_command_prints_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(aws, "client", lambda name: FakeSageMaker())

    lineage.main(["churn-prod", "--json"])

    printed = json.loads(capsys.readouterr().out)
    assert printed["kind"] == "endpoint"
    (config,) = printed["made_from"]
    assert [one["name"] for one in config["made_from"]] == ["main", "next"]


def test_the_command_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "client", lambda name: FakeSageMaker(describe_endpoint=None))

    with pytest.raises(SystemExit, match="error: endpoint churn-prod"):
        lineage.main(["churn-prod"])
