"""A stack with the input of monitors."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.hosting import Endpoint, EndpointBase
from mlops_constructs.monitoring import (
    Baseline,
    DriftMonitor,
    GroundTruth,
    ModelMonitor,
    MonitorBase,
    MonitoringImage,
    MonitoringInput,
    MonitoringOutput,
    MonitoringType,
)

PIPELINE_ARN = "arn:aws:codepipeline:eu-west-1:111111111111:churn-model-build"
KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d-1111-2222-3333-444455556666"

Define = Callable[..., Any]
Kind = type[DriftMonitor] | type[ModelMonitor]
both = pytest.mark.parametrize("kind", [DriftMonitor, ModelMonitor])


def stack_in(region: str | None) -> cdk.Stack:
    app = cdk.App(context={"@aws-cdk/core:validateAgainstDefaultRules": True})
    env = cdk.Environment(account="111111111111", region=region) if region else None
    return cdk.Stack(app, "S", env=env)


@pytest.fixture
def stack() -> cdk.Stack:
    return stack_in("eu-west-1")


@pytest.fixture
def key(stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "Key", KEY_ARN)


@pytest.fixture
def bucket(stack: cdk.Stack, key: kms.IKey) -> s3.IBucket:
    return s3.Bucket.from_bucket_attributes(
        stack, "Bucket", bucket_name="churn-artifacts", encryption_key=key
    )


@pytest.fixture
def repository(stack: cdk.Stack) -> ecr.IRepository:
    return ecr.Repository.from_repository_name(stack, "Repository", "churn")


@pytest.fixture
def endpoint(stack: cdk.Stack) -> EndpointBase:
    return Endpoint.from_endpoint_name(stack, "Endpoint", "churn-prod")


@pytest.fixture
def labels(bucket: s3.IBucket) -> GroundTruth:
    return labels_in(bucket)


def labels_in(bucket: s3.IBucket) -> GroundTruth:
    return GroundTruth.in_bucket(bucket, prefix="labels", delay=cdk.Duration.days(1))


@pytest.fixture
def monitoring_types(bucket: s3.IBucket) -> dict[str, MonitoringType]:
    return monitoring_types_of(bucket)


def monitoring_types_of(bucket: s3.IBucket) -> dict[str, MonitoringType]:
    """Returns all monitoring types by the name in the environment of a container."""
    labels = labels_in(bucket)
    return {
        "DATA_QUALITY": MonitoringType.data_quality(),
        "MODEL_QUALITY": MonitoringType.model_quality(
            problem_type="BinaryClassification",
            ground_truth=labels,
            inference_attribute="0",
            probability_attribute="1",
        ),
        "MODEL_BIAS": MonitoringType.model_bias(
            ground_truth=labels,
            analysis_config_bucket=bucket,
            analysis_config_key="bias/analysis_config.json",
        ),
        "MODEL_EXPLAINABILITY": MonitoringType.model_explainability(
            analysis_config_bucket=bucket,
            analysis_config_key="shap/analysis_config.json",
            model_data_bucket=bucket,
            model_data_key="models/model.tar.gz",
        ),
    }


@pytest.fixture
def settings(
    bucket: s3.IBucket, repository: ecr.IRepository, endpoint: EndpointBase
) -> dict[str, Any]:
    """Returns the arguments of a data quality monitor of an endpoint, for either class."""
    return settings_of(bucket, repository, endpoint)


def settings_of(
    bucket: s3.IBucket, repository: ecr.IRepository, endpoint: EndpointBase
) -> dict[str, Any]:
    return {
        "monitoring_type": MonitoringType.data_quality(),
        "monitoring_input": MonitoringInput.from_endpoint(endpoint, capture_bucket=bucket),
        "monitoring_output": MonitoringOutput.to_bucket(bucket, prefix="reports"),
        "image": MonitoringImage.from_ecr_repository(repository, tag_or_digest="1"),
        "baseline": Baseline.from_files(
            bucket,
            constraints_key="baseline/constraints.json",
            statistics_key="baseline/statistics.json",
        ),
    }


def name_in_new_app(kind: Kind, **given: Any) -> str:
    """Returns the name of a monitor in a separate app, where paths are always the same."""
    stack = stack_in("eu-west-1")
    settings = settings_of(
        s3.Bucket.from_bucket_name(stack, "Bucket", "churn-artifacts"),
        ecr.Repository.from_repository_name(stack, "Repository", "churn"),
        Endpoint.from_endpoint_name(stack, "Endpoint", "churn-prod"),
    )
    return kind(stack, "Monitor", **{**settings, **given}).monitor_name


@pytest.fixture
def define(stack: cdk.Stack, settings: dict[str, Any]) -> Define:
    """Defines a monitor of a class; given settings replace those of `settings`."""

    def define_monitor(kind: Kind, **given: Any) -> Any:
        return kind(stack, "Monitor", **{**settings, **given})

    return define_monitor


@pytest.fixture
def resources(stack: cdk.Stack) -> Callable[[str], list[dict[str, Any]]]:
    """Properties of all resources of a type."""

    def of_type(resource_type: str) -> list[dict[str, Any]]:
        found = Template.from_stack(stack).find_resources(resource_type)
        return [resource["Properties"] for resource in found.values()]

    return of_type


@pytest.fixture
def monitor(stack: cdk.Stack) -> MonitorBase:
    return DriftMonitor.from_monitor_name(stack, "Drift", "churn-drift", endpoint_name="churn")


@pytest.fixture
def pipeline(stack: cdk.Stack) -> codepipeline.IPipeline:
    return codepipeline.Pipeline.from_pipeline_arn(stack, "Pipeline", PIPELINE_ARN)
