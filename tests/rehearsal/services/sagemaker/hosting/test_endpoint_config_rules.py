"""What an endpoint configuration may not ask for together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.requests import CAPTURE, serverless, variant

ASYNC = {"OutputConfig": {"S3OutputPath": "s3://b/p"}}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {
                "ProductionVariants": [variant("A"), variant("B")],
                "ShadowProductionVariants": [variant("S")],
            },
            "exactly one production and one shadow variant; got 2 and 1",
        ),
        (
            {
                "ProductionVariants": [variant("A")],
                "ShadowProductionVariants": [variant("A")],
            },
            "variant names must be unique",
        ),
        (
            {
                "ProductionVariants": [variant("A")],
                "ShadowProductionVariants": [variant("S", ModelName="many")],
            },
            "Shadow variants are not supported with variant S",
        ),
        (
            {
                "ProductionVariants": [variant("A")],
                "ShadowProductionVariants": [variant("S")],
                "AsyncInferenceConfig": ASYNC,
            },
            "ShadowProductionVariants cannot be used with AsyncInferenceConfig",
        ),
        (
            {
                "ProductionVariants": [serverless()],
                "ShadowProductionVariants": [variant("S")],
            },
            "Shadow variants are not supported with serverless variant",
        ),
        (
            {
                "ProductionVariants": [
                    variant("A", RoutingConfig={"RoutingStrategy": "PREFIX_AWARE"})
                ]
            },
            "PREFIX_AWARE of variant A requires PrefixLength and ConcurrencyThreshold",
        ),
        (
            {
                "ProductionVariants": [
                    variant(
                        "A",
                        RoutingConfig={
                            "RoutingStrategy": "RANDOM",
                            "PrefixAwareRoutingConfig": {"PrefixLength": 2048},
                        },
                    )
                ]
            },
            "PrefixAwareRoutingConfig of variant A needs RoutingStrategy PREFIX_AWARE",
        ),
        (
            {"ProductionVariants": [variant("A")], "EnableNetworkIsolation": True},
            "EnableNetworkIsolation is only supported for endpoints with inference components",
        ),
        (
            {
                "ProductionVariants": [variant("A")],
                "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
            },
            "VpcConfig is only supported for endpoints with inference components",
        ),
        (
            {"ProductionVariants": [serverless(), variant("B")]},
            "must be the only variant of its endpoint",
        ),
        (
            {"ProductionVariants": [{**serverless(), "ModelName": "many"}]},
            "cannot serve model many, which has a multi-model container",
        ),
        (
            {"ProductionVariants": [{**serverless(), "ModelName": "folder"}]},
            "cannot serve model folder, which has ModelDataSource",
        ),
        (
            {"ProductionVariants": [serverless()], "AsyncInferenceConfig": ASYNC},
            "AsyncInferenceConfig is not supported for serverless",
        ),
        (
            {"ProductionVariants": [serverless()], "KmsKeyId": "alias/key"},
            "KmsKeyId is not supported for serverless",
        ),
        (
            {
                "ProductionVariants": [variant("A", ModelName="many")],
                "AsyncInferenceConfig": ASYNC,
            },
            "AsyncInferenceConfig is not supported with multi-model containers",
        ),
        (
            {
                "ProductionVariants": [variant("A")],
                "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "https://b/p"}},
            },
            "S3OutputPath must start with s3://",
        ),
        (
            {
                "ProductionVariants": [variant("A")],
                "MetricsConfig": {"MetricPublishFrequencyInSeconds": 7},
            },
            "MetricPublishFrequencyInSeconds must be one of 10, 30",
        ),
    ],
)
def test_features_that_exclude_each_other_are_rejected(
    sagemaker: Any, config: dict[str, Any], message: str
) -> None:
    sagemaker.create_model(**requests.model())
    sagemaker.create_model(**{**requests.model("many"), "PrimaryContainer": requests.MULTI_MODEL})
    sagemaker.create_model(**{**requests.model("folder"), "PrimaryContainer": requests.FOLDER})

    with pytest.raises(ClientError, match=message):
        sagemaker.create_endpoint_config(EndpointConfigName="c", **config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("ExecutionRoleArn"), "needs ExecutionRoleArn in its configuration"),
        (
            lambda c: c["ProductionVariants"][0].update(ModelName="churn"),
            "ManagedInstanceScaling of variant AllTraffic is for variants that host",
        ),
        (
            lambda c: c["ProductionVariants"][0]["ManagedInstanceScaling"].update(
                MinInstanceCount=3
            ),
            "MinInstanceCount of variant AllTraffic must be at most MaxInstanceCount",
        ),
        (
            lambda c: c.update(AsyncInferenceConfig={"OutputConfig": {}}),
            "AsyncInferenceConfig cannot be used with inference components",
        ),
        (
            lambda c: c["ProductionVariants"].append(
                {
                    "VariantName": "v",
                    "ModelName": "churn",
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ),
            "all variants of an endpoint host inference components, or none",
        ),
    ],
)
def test_a_wrong_configuration_for_components_is_rejected(
    sagemaker: Any, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    sagemaker.create_model(**requests.model())
    config = requests.fleet_config()
    change(config)

    with pytest.raises(ClientError, match=message):
        sagemaker.create_endpoint_config(**config)


def test_capture_on_a_serverless_variant_is_rejected(sagemaker: Any) -> None:
    sagemaker.create_model(**requests.model())
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    variant = {"VariantName": "v", "ModelName": "churn", "ServerlessConfig": serverless}

    with pytest.raises(ClientError, match="not supported for serverless variant v"):
        sagemaker.create_endpoint_config(
            EndpointConfigName="c", ProductionVariants=[variant], DataCaptureConfig=CAPTURE
        )


def test_a_configuration_is_described_with_what_has_no_effect_here(sagemaker: Any) -> None:
    sagemaker.create_model(**requests.model())
    metrics = {"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": 60}
    given = variant(
        "A",
        RoutingConfig={"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        VolumeSizeInGB=30,
        InferenceAmiVersion="al2-ami-sagemaker-inference-gpu-2",
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="c", ProductionVariants=[given], MetricsConfig=metrics
    )

    described = sagemaker.describe_endpoint_config(EndpointConfigName="c")

    assert described["MetricsConfig"] == metrics
    assert described["ProductionVariants"][0]["VolumeSizeInGB"] == 30
    assert described["ProductionVariants"][0]["RoutingConfig"] == given["RoutingConfig"]
