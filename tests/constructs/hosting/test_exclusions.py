"""Unsupported combinations of endpoint features, with the rule of AWS."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.hosting import (
    AsyncInference,
    Endpoint,
    ManagedInstanceScaling,
    Model,
    ModelSource,
    RealTimeVariant,
    ServerlessVariant,
    ShadowVariant,
)

Resources = Callable[[str], list[dict[str, Any]]]
Rejection = Callable[..., str]


def variant(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


def shadow_of(model: Model, **settings: Any) -> ShadowVariant:
    return ShadowVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


@pytest.fixture
def many(stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository) -> Model:
    source = ModelSource.multi_model(
        repository, tag_or_digest="1", model_data_bucket=bucket, model_data_prefix="many/"
    )
    return Model(stack, "Many", source=source, network_isolation=False)


@pytest.fixture
def pipeline(stack: cdk.Stack, repository: ecr.IRepository) -> Model:
    image = ModelSource.from_image(repository, tag_or_digest="1")
    source = ModelSource.serial_pipeline({"a": image, "b": image})
    return Model(stack, "Pipeline", source=source, network_isolation=False)


def test_a_shadow_gets_a_share_of_the_requests(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(
        stack,
        "E",
        variants=[variant(model, weight=2)],
        shadow=shadow_of(model, percentage=50, instance_count=3),
    )

    config = resources("AWS::SageMaker::EndpointConfig")[0]
    assert len(config["ProductionVariants"]) == 1
    shadow = config["ShadowProductionVariants"][0]
    assert (shadow["VariantName"], shadow["InitialInstanceCount"]) == ("Shadow", 3)
    # Half of the requests: half of the production variant's weight.
    assert shadow["InitialVariantWeight"] == 1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"percentage": 0}, "shadow variant Shadow: percentage: got 0; allowed are 1 to 100"),
        ({"instance_count": 0}, "shadow variant Shadow: instance_count: got 0"),
        ({"name": "AllTraffic"}, "variant AllTraffic: got 2 variants of this name"),
        ({"instance_type": "ml.inf1.xlarge"}, "shadow: got variant Shadow on ml.inf1.xlarge"),
    ],
)
def test_a_shadow_that_aws_rejects(
    rejection: Rejection, model: Model, settings: dict[str, Any], expected: str
) -> None:
    assert expected in rejection(variant(model), shadow=shadow_of(model, **settings))


def test_a_shadow_stands_beside_one_production_variant(rejection: Rejection, model: Model) -> None:
    message = rejection(
        variant(model, name="a"), variant(model, name="b", weight=0), shadow=shadow_of(model)
    )

    assert "shadow: got 2 production variants; AWS allows one shadow variant" in message
    assert "shadow: got a production variant of weight 0" in message


def test_a_shadow_knows_no_other_kind_of_endpoint(
    rejection: Rejection, model: Model, open_model: Model, role: iam.IRole, bucket: s3.IBucket
) -> None:
    shadow = shadow_of(model)

    message = rejection(ServerlessVariant(model=open_model), shadow=shadow)
    assert "shadow: cannot be combined with a serverless variant" in message
    fleet = ManagedInstanceScaling(instance_type="ml.m7i.large", role=role, maximum=1)
    assert "shadow: cannot be combined with ManagedInstanceScaling" in rejection(
        fleet, shadow=shadow
    )
    message = rejection(
        variant(model), shadow=shadow, asynchronous=AsyncInference.to_bucket(bucket)
    )
    assert "shadow: cannot be combined with asynchronous inference" in message


def test_a_shadow_has_one_container_of_one_model(
    rejection: Rejection, model: Model, many: Model, pipeline: Model
) -> None:
    message = rejection(variant(many), shadow=shadow_of(model))
    assert "shadow: got a multi-model container, which shadow tests do not support" in message

    message = rejection(variant(model), shadow=shadow_of(pipeline))
    assert "shadow: got a model of several containers, which shadow tests do not support" in message


def test_serverless_capacity_loads_one_archive_into_one_container(
    rejection: Rejection,
    stack: cdk.Stack,
    bucket: s3.IBucket,
    repository: ecr.IRepository,
    many: Model,
    pipeline: Model,
) -> None:
    folder = ModelSource.from_image(
        repository, tag_or_digest="1", model_data_bucket=bucket, model_data_key="models/"
    )
    uncompressed = Model(stack, "Folder", source=folder, network_isolation=False)

    assert "model: got a multi-model one, which serverless endpoints do not support" in rejection(
        ServerlessVariant(model=many)
    )
    assert "model: got one of 2 containers; serverless endpoints do not support" in rejection(
        ServerlessVariant(model=pipeline)
    )
    assert "model: got one whose data is a folder or of a hub; serverless" in rejection(
        ServerlessVariant(model=uncompressed)
    )


def test_serverless_capacity_has_no_volumes_to_encrypt(
    rejection: Rejection, open_model: Model, key: kms.IKey
) -> None:
    message = rejection(ServerlessVariant(model=open_model), encryption_key=key)

    assert (
        "encryption_key: the key encrypts volumes of instances, and serverless endpoints do"
        in message
    )


@pytest.mark.parametrize(
    ("instance_type", "rejected"),
    [
        ("ml.inf2.xlarge", True),
        ("ml.trn1.2xlarge", True),
        ("ml.g5.48xlarge", True),
        ("ml.p3.8xlarge", True),
        ("ml.g5.xlarge", False),
        ("ml.g4dn.xlarge", False),
        ("ml.m7i.large", False),
    ],
)
def test_multi_model_containers_run_on_cpu_or_one_gpu(
    many: Model, instance_type: str, rejected: bool
) -> None:
    message = "\n".join(variant(many, instance_type=instance_type).problems())

    assert ("for a multi-model container; AWS allows those on CPU types" in message) is rejected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"volume_gb": 0}, "volume_gb: got 0; allowed are 1 to 512"),
        ({"volume_gb": 513}, "volume_gb: got 513"),
        (
            {"volume_gb": 100, "instance_type": "ml.g5.xlarge"},
            "volume_gb: got a size for ml.g5.xlarge, whose local NVMe disks AWS uses instead",
        ),
    ],
)
def test_a_volume_that_aws_rejects(
    rejection: Rejection, model: Model, settings: dict[str, Any], expected: str
) -> None:
    assert expected in rejection(variant(model, **settings))
