"""Endpoints: what they are made of, what stays and what changes, permissions and metrics."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from mlops_constructs.hosting import (
    Endpoint,
    Model,
    ModelSource,
    RealTimeVariant,
    ServerlessVariant,
)

Resources = Callable[[str], list[dict[str, Any]]]
ENDPOINT = "AWS::SageMaker::Endpoint"
CONFIG = "AWS::SageMaker::EndpointConfig"
PACKAGE_ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"


def real_time(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


def test_an_endpoint_needs_only_a_variant(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(stack, "E", variants=[real_time(model)])

    variant = resources(CONFIG)[0]["ProductionVariants"][0]
    assert variant["VariantName"] == "AllTraffic"
    assert variant["InitialInstanceCount"] == 1
    assert set(resources(ENDPOINT)[0]) == {"EndpointConfigName"}


def test_a_serverless_variant_has_memory_and_concurrency(
    stack: cdk.Stack, open_model: Model, resources: Resources
) -> None:
    variant = ServerlessVariant(
        model=open_model, memory_mb=4096, max_concurrency=20, provisioned_concurrency=3
    )

    Endpoint(stack, "E", variants=[variant])

    assert resources(CONFIG)[0]["ProductionVariants"][0]["ServerlessConfig"] == {
        "MemorySizeInMB": 4096,
        "MaxConcurrency": 20,
        "ProvisionedConcurrency": 3,
    }


def test_variants_share_the_traffic_by_weight(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(
        stack,
        "E",
        variants=[
            real_time(model, name="champion", weight=9),
            real_time(model, name="challenger", weight=1),
        ],
    )

    variants = resources(CONFIG)[0]["ProductionVariants"]
    assert [variant["InitialVariantWeight"] for variant in variants] == [9, 1]


def test_timeouts_of_the_container_are_in_seconds(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(
        stack,
        "E",
        variants=[
            real_time(
                model,
                startup_timeout=cdk.Duration.minutes(5),
                model_download_timeout=cdk.Duration.minutes(10),
            )
        ],
    )

    variant = resources(CONFIG)[0]["ProductionVariants"][0]
    assert variant["ContainerStartupHealthCheckTimeoutInSeconds"] == 300
    assert variant["ModelDataDownloadTimeoutInSeconds"] == 600


def test_volumes_are_encrypted_with_the_key(
    stack: cdk.Stack, model: Model, key: kms.IKey, resources: Resources
) -> None:
    Endpoint(stack, "E", variants=[real_time(model)], encryption_key=key)

    assert resources(CONFIG)[0]["KmsKeyId"] == key.key_arn


def names_of(stack: cdk.Stack) -> dict[str, str]:
    template = assertions.Template.from_stack(stack)
    return {
        kind: next(iter(template.find_resources(kind).values()))["Properties"][name]
        for kind, name in ((ENDPOINT, "EndpointName"), (CONFIG, "EndpointConfigName"))
    }


def named_endpoint(package_version: int = 7, **settings: Any) -> dict[str, str]:
    """The names in a stack whose endpoint has these settings."""
    stack = cdk.Stack(cdk.App(), "S")
    role = iam.Role.from_role_arn(
        stack, "Role", "arn:aws:iam::111111111111:role/model", mutable=False
    )
    source = ModelSource.from_package(f"{PACKAGE_ARN[:-1]}{package_version}")
    model = Model(stack, "M", source=source, role=role)
    variant = real_time(model, **settings)
    Endpoint(stack, "E", endpoint_name="churn-prod", variants=[variant])
    return names_of(stack)


def test_the_name_stays_and_the_configuration_is_replaced_when_anything_changes() -> None:
    versions = [
        named_endpoint(),
        named_endpoint(package_version=8),
        named_endpoint(instance_type="ml.m7i.xlarge"),
        named_endpoint(initial_instance_count=2),
        named_endpoint(weight=2),
    ]

    assert {names[ENDPOINT] for names in versions} == {"churn-prod"}
    assert len({names[CONFIG] for names in versions}) == len(versions)
    assert named_endpoint() == versions[0]
