"""Endpoints that SageMaker does not monitor are rejected by both monitors."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.hosting import (
    DataCapture,
    Endpoint,
    EndpointBase,
    Model,
    ModelSource,
    RealTimeVariant,
    ServerlessVariant,
)
from mlops_constructs.monitoring import DriftMonitor, ModelMonitor, MonitoringInput
from mlops_constructs.monitoring.monitors._analysis_type import DATA_QUALITY
from tests.constructs.monitoring.conftest import Define, Kind, both


def captured(stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository) -> dict[str, Any]:
    source = ModelSource.from_image(repository, tag_or_digest="1")
    return {
        "model": Model(stack, "Model", source=source),
        "capture": DataCapture.to_bucket(bucket),
    }


@both
def test_an_endpoint_without_capture_is_rejected(
    kind: Kind, define: Define, stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository
) -> None:
    parts = captured(stack, bucket, repository)
    variant = RealTimeVariant(model=parts["model"], instance_type="ml.m7i.large")
    blind = Endpoint(stack, "Blind", variants=[variant])

    with pytest.raises(ValueError, match="endpoint: got an endpoint without data capture"):
        define(kind, monitoring_input=MonitoringInput.from_endpoint(blind, capture_bucket=bucket))


@both
def test_a_serverless_endpoint_is_rejected(
    kind: Kind, define: Define, stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository
) -> None:
    source = ModelSource.from_image(repository, tag_or_digest="1")
    model = Model(stack, "Open", source=source, network_isolation=False)
    variant = ServerlessVariant(model=model, memory_mb=2048, max_concurrency=5)
    serverless = Endpoint(stack, "Serverless", variants=[variant])

    with pytest.raises(
        ValueError, match="endpoint: got a serverless endpoint, which does not support"
    ):
        define(
            kind, monitoring_input=MonitoringInput.from_endpoint(serverless, capture_bucket=bucket)
        )


@both
def test_several_variants_are_rejected_and_one_is_not(
    kind: Kind, define: Define, stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository
) -> None:
    parts = captured(stack, bucket, repository)
    variants = [
        RealTimeVariant(model=parts["model"], instance_type="ml.m7i.large", name=name)
        for name in ("one", "two")
    ]
    several = Endpoint(stack, "Two", variants=variants, data_capture=parts["capture"])
    single = Endpoint(stack, "One", variants=variants[:1], data_capture=parts["capture"])

    with pytest.raises(ValueError, match="got 2 variants and 0 shadow variants; allowed is one"):
        define(kind, monitoring_input=MonitoringInput.from_endpoint(several, capture_bucket=bucket))
    accepted = MonitoringInput.from_endpoint(single, capture_bucket=bucket)
    assert accepted.problems(DATA_QUALITY, own_role=True) == []


def test_one_of_several_variants_can_be_monitored(
    define: Define, stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository
) -> None:
    parts = captured(stack, bucket, repository)
    variants = [
        RealTimeVariant(model=parts["model"], instance_type="ml.m7i.large", name=name)
        for name in ("one", "two")
    ]
    several = Endpoint(stack, "Two", variants=variants, data_capture=parts["capture"])

    def of(name: str) -> MonitoringInput:
        return MonitoringInput.from_endpoint(several, capture_bucket=bucket, variant_name=name)

    define(DriftMonitor, monitoring_input=of("two"))

    (schedule,) = Template.from_stack(stack).find_resources("AWS::Scheduler::Schedule").values()
    request = str(schedule["Properties"]["Target"]["Input"])
    assert '"variant_name":"two"' in request
    (unknown,) = of("three").problems(DATA_QUALITY, own_role=True)
    assert unknown == "variant_name: got 'three'; allowed are one, two"


def test_model_monitor_cannot_choose_a_variant(
    define: Define, bucket: s3.IBucket, endpoint: EndpointBase
) -> None:
    data = MonitoringInput.from_endpoint(endpoint, capture_bucket=bucket, variant_name="two")
    with pytest.raises(ValueError, match="variant_name: got 'two', but Model Monitor reads"):
        define(ModelMonitor, monitoring_input=data)


@pytest.mark.parametrize(
    ("container", "problem"),
    [
        ({"primary_container": {"image": "x", "mode": "MultiModel"}}, "got a multi-model endpoint"),
        ({"containers": [{"image": "x"}, {"image": "y"}]}, "got a serial inference pipeline"),
    ],
)
def test_models_that_are_no_single_model_are_rejected(
    container: dict[str, Any], problem: str, stack: cdk.Stack, bucket: s3.IBucket
) -> None:
    cfn = cdk.aws_sagemaker

    class Own(cdk.Resource):
        endpoint_name = "own"

    own = Own(stack, "Own")
    model = cfn.CfnModel(own, "Model", **container)
    cfn.CfnEndpointConfig(
        own,
        "Config",
        production_variants=[
            cfn.CfnEndpointConfig.ProductionVariantProperty(
                variant_name="a", model_name=model.attr_model_name
            )
        ],
        data_capture_config=cfn.CfnEndpointConfig.DataCaptureConfigProperty(
            enable_capture=True,
            capture_options=[],
            destination_s3_uri="s3://b/c",
            initial_sampling_percentage=100,
        ),
    )

    (found,) = MonitoringInput.from_endpoint(own, capture_bucket=bucket).problems(
        DATA_QUALITY, own_role=True
    )
    assert problem in found
