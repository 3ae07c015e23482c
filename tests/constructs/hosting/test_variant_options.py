"""Rarely used options: prefix-aware routing, core dumps, shells, reservations, metrics."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.access import ModelExecutionRole
from mlops_constructs.hosting import (
    ComputeResourceRequirements,
    CoreDumpConfig,
    Endpoint,
    InferenceComponent,
    ManagedInstanceScaling,
    MetricsConfig,
    Model,
    ModelSource,
    PrefixAwareRouting,
    RealTimeVariant,
    RoutingStrategy,
    SchedulingConfig,
    ServerlessVariant,
    ShadowVariant,
)

Resources = Callable[[str], list[dict[str, Any]]]
Rejection = Callable[..., str]
RESERVATION = "arn:aws:sagemaker:eu-west-1:111111111111:training-plan/gpus"
CONFIG = "AWS::SageMaker::EndpointConfig"
BY_PREFIX = PrefixAwareRouting(prefix_length=4096, concurrency_threshold=16)


def variant(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.g5.xlarge", **settings})


@pytest.fixture
def own_model(stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository) -> Model:
    """One whose role is made here, so that rights can be added."""
    source = ModelSource.from_image(repository, tag_or_digest="1")
    role = ModelExecutionRole(
        stack, "OwnRole", model_data_bucket=bucket, image_repository=repository
    )
    return Model(stack, "OwnModel", source=source, role=role)


def test_options_of_a_variant_are_members_of_its_configuration(
    stack: cdk.Stack, own_model: Model, bucket: s3.IBucket, key: kms.IKey, resources: Resources
) -> None:
    Endpoint(
        stack,
        "E",
        variants=[
            variant(
                own_model,
                routing=RoutingStrategy.PREFIX_AWARE,
                prefix_routing=BY_PREFIX,
                core_dumps=CoreDumpConfig(bucket=bucket, prefix="dumps", encryption_key=key),
                ssm_access=True,
                capacity_reservation=RESERVATION,
            )
        ],
        metrics=MetricsConfig(enhanced=True, detailed=True, frequency=cdk.Duration.seconds(10)),
    )

    config = resources(CONFIG)[0]
    rendered = config["ProductionVariants"][0]
    assert rendered["RoutingConfig"] == {
        "RoutingStrategy": "PREFIX_AWARE",
        "PrefixAwareRoutingConfig": {"PrefixLength": 4096, "ConcurrencyThreshold": 16},
    }
    assert rendered["CoreDumpConfig"] == {
        "DestinationS3Uri": "s3://churn-artifacts/dumps",
        "KmsKeyId": key.key_arn,
    }
    assert rendered["EnableSSMAccess"] is True
    assert rendered["CapacityReservationConfig"] == {
        "CapacityReservationPreference": "capacity-reservations-only",
        "MlReservationArn": RESERVATION,
    }
    assert config["MetricsConfig"] == {
        "EnableEnhancedMetrics": True,
        "EnableDetailedObservability": True,
        "MetricPublishFrequencyInSeconds": 10,
    }
    policies = str(resources("AWS::IAM::Policy") + resources("AWS::IAM::ManagedPolicy"))
    for allowed in ("churn-artifacts/dumps/*", "kms:Encrypt", "ssmmessages:OpenDataChannel"):
        assert allowed in policies


def test_without_options_a_configuration_says_nothing_of_them(
    stack: cdk.Stack, own_model: Model, resources: Resources
) -> None:
    Endpoint(stack, "E", variants=[variant(own_model)])

    config = resources(CONFIG)[0]
    options = {"RoutingConfig", "CoreDumpConfig", "EnableSSMAccess", "CapacityReservationConfig"}
    assert not options & config["ProductionVariants"][0].keys()
    assert "MetricsConfig" not in config
    assert "ssmmessages" not in str(resources("AWS::IAM::ManagedPolicy"))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"routing": RoutingStrategy.PREFIX_AWARE},
            "routing: got PREFIX_AWARE without prefix_routing",
        ),
        (
            {"prefix_routing": BY_PREFIX},
            "prefix_routing: requires RoutingStrategy.PREFIX_AWARE",
        ),
        (
            {
                "routing": RoutingStrategy.PREFIX_AWARE,
                "prefix_routing": PrefixAwareRouting(prefix_length=10, concurrency_threshold=16),
            },
            "prefix_length: got 10; allowed are 1024 to 65536",
        ),
        (
            {
                "routing": RoutingStrategy.PREFIX_AWARE,
                "prefix_routing": PrefixAwareRouting(prefix_length=1024, concurrency_threshold=0),
            },
            "concurrency_threshold: got 0; allowed are 1 to 1024",
        ),
        ({"capacity_reservation": "gpus"}, "capacity_reservation: got 'gpus'; allowed is the ARN"),
    ],
)
def test_options_that_aws_rejects(
    rejection: Rejection, model: Model, settings: dict[str, Any], expected: str
) -> None:
    assert expected in rejection(variant(model, **settings))


def test_options_of_shadows_and_fleets_are_checked_too(
    rejection: Rejection, model: Model, bucket: s3.IBucket
) -> None:
    dumps = CoreDumpConfig(bucket=bucket, prefix="/dumps")
    shadow = ShadowVariant(model=model, instance_type="ml.g5.xlarge", core_dumps=dumps)

    assert "core_dumps prefix: got '/dumps'" in rejection(variant(model), shadow=shadow)


def test_metrics_that_aws_rejects(rejection: Rejection, model: Model, open_model: Model) -> None:
    slow = MetricsConfig(frequency=cdk.Duration.minutes(10))
    serverless = ServerlessVariant(model=open_model)

    assert "metrics frequency: got 600 seconds; allowed are 10, 30" in rejection(
        variant(model), metrics=slow
    )
    assert "metrics: serverless endpoints have no instances" in rejection(
        serverless, metrics=MetricsConfig(enhanced=True)
    )


@pytest.mark.parametrize(
    ("placement", "rendered"),
    [
        (
            SchedulingConfig.spread(maximum_imbalance=1),
            {
                "PlacementStrategy": "SPREAD",
                "AvailabilityZoneBalance": {"EnforcementMode": "PERMISSIVE", "MaxImbalance": 1},
            },
        ),
        (
            SchedulingConfig.pack(),
            {
                "PlacementStrategy": "BINPACK",
                "AvailabilityZoneBalance": {"EnforcementMode": "PERMISSIVE"},
            },
        ),
    ],
)
def test_copies_are_placed_and_their_artifacts_kept(
    stack: cdk.Stack,
    own_model: Model,
    resources: Resources,
    placement: SchedulingConfig,
    rendered: dict[str, Any],
) -> None:
    assert own_model.role is not None
    fleet = ManagedInstanceScaling(instance_type="ml.g5.xlarge", role=own_model.role, maximum=2)
    InferenceComponent(
        stack,
        "C",
        endpoint=Endpoint(stack, "E", variants=[fleet]),
        model=own_model,
        compute=ComputeResourceRequirements(minimum_memory_mb=1024),
        placement=placement,
        cache_artifacts=True,
    )

    specification = resources("AWS::SageMaker::InferenceComponent")[0]["Specification"]
    assert specification["SchedulingConfig"] == rendered
    assert specification["DataCacheConfig"] == {"EnableCaching": True}


def test_a_placement_that_aws_rejects() -> None:
    message = SchedulingConfig.spread(maximum_imbalance=101).problems()

    assert message == ["placement maximum_imbalance: got 101; allowed are 0 to 100"]


def test_a_package_is_served_by_one_of_its_specifications(
    stack: cdk.Stack, own_model: Model, resources: Resources
) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"
    source = ModelSource.from_package(arn, inference_specification_name="compiled-for-inf2")
    Model(stack, "M", source=source, role=own_model.role)

    containers = [model["PrimaryContainer"] for model in resources("AWS::SageMaker::Model")]
    names = [one.get("InferenceSpecificationName") for one in containers]
    assert sorted(filter(None, names)) == ["compiled-for-inf2"]
    bad = ModelSource.from_package(arn, inference_specification_name="not a name")
    with pytest.raises(ValueError, match="inference_specification_name: got 'not a name'"):
        Model(stack, "Bad", source=bad, role=own_model.role)
