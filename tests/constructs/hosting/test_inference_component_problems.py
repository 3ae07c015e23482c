"""Validation of inference components and managed instance scaling at synthesis."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from mlops_constructs.hosting import (
    CapacitySize,
    ComputeResourceRequirements,
    Endpoint,
    InferenceComponent,
    ManagedInstanceScaling,
    Model,
    ModelSource,
    RealTimeVariant,
    Rollout,
    Scaling,
    ScalingPolicy,
)

Rejection = Callable[..., str]
COMPUTE = ComputeResourceRequirements(minimum_memory_mb=1024, cpu_cores=2)


def component_refusal(stack: cdk.Stack, endpoint: Any, model: Model, **settings: Any) -> str:
    with pytest.raises(ValueError, match="InferenceComponent S/Bad cannot be defined") as error:
        InferenceComponent(
            stack, "Bad", **{"endpoint": endpoint, "model": model, "compute": COMPUTE, **settings}
        )
    return str(error.value)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"copies": -1}, "copies: got -1; allowed is 0 or more"),
        ({"copies": 0}, "copies: got 0 without scaling, which would serve no request"),
        (
            {"copies": 5, "scaling": Scaling.between(0, 4, ScalingPolicy.target_invocations(1))},
            "copies: got 5; allowed are 0 to 4, the bounds of scaling",
        ),
        (
            {"scaling": Scaling.between(-1, 4, ScalingPolicy.target_invocations(1))},
            "scaling minimum: got -1; allowed is 0 or more",
        ),
        (
            {"scaling": Scaling.between(0, 4, ScalingPolicy.target_utilization(0.7))},
            "got target tracking of utilization; AWS predefines invocations, concurrency for copi",
        ),
        (
            {"compute": ComputeResourceRequirements(minimum_memory_mb=64)},
            "minimum_memory_mb: got 64; allowed",
        ),
        (
            {"compute": ComputeResourceRequirements(minimum_memory_mb=256, maximum_memory_mb=128)},
            "maximum_memory_mb: got 128; allowed is minimum_memory_mb (256) or more",
        ),
        (
            {
                "compute": ComputeResourceRequirements(
                    minimum_memory_mb=128, cpu_cores=0.1, accelerators=0
                )
            },
            "cpu_cores: got 0.1; allowed is 0.25 or more",
        ),
        ({"inference_component_name": "a_b"}, "inference_component_name: got 'a_b'"),
        ({"startup_timeout": cdk.Duration.seconds(59)}, "startup_timeout: got 59 seconds"),
        (
            {"rollout": Rollout.canary(size=CapacitySize.percent(10))},
            "inference components support only Rollout.rolling",
        ),
        (
            {"rollout": Rollout.rolling(batch=CapacitySize.instances(1))},
            "rolling batch: got instances; allowed is a number or percentage of copies",
        ),
        (
            {"copies": 3, "rollout": Rollout.rolling(batch=CapacitySize.copies(2))},
            "rolling batch: got 2 of 3 copies; allowed are 5 to 50 %",
        ),
    ],
)
def test_a_component_that_aws_rejects(
    stack: cdk.Stack, shared: Endpoint, model: Model, settings: dict[str, Any], expected: str
) -> None:
    assert expected in component_refusal(stack, shared, model, **settings)


def test_a_component_needs_a_fleet(stack: cdk.Stack, model: Model) -> None:
    variant = RealTimeVariant(model=model, instance_type="ml.m7i.large")
    endpoint = Endpoint(stack, "Own", variants=[variant])

    message = component_refusal(stack, endpoint, model)

    assert "endpoint: got S/Own, whose variants serve models themselves; allowed is one" in message


def test_a_component_has_one_container_of_one_model(
    stack: cdk.Stack, shared: Endpoint, bucket: s3.IBucket, repository: ecr.IRepository
) -> None:
    image = ModelSource.from_image(repository, tag_or_digest="1")
    pipeline = Model(stack, "P", source=ModelSource.serial_pipeline({"a": image, "b": image}))
    many = ModelSource.multi_model(
        repository, tag_or_digest="1", model_data_bucket=bucket, model_data_prefix="many/"
    )

    assert "model: got one of 2 containers" in component_refusal(stack, shared, pipeline)
    other = cdk.Stack(cdk.App(), "S")
    message = component_refusal(other, shared, Model(stack, "M", source=many))
    assert "model: got a multi-model one" in message


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"minimum": -1}, "variant AllTraffic: minimum: got -1; allowed is 0 or more"),
        ({"minimum": 4}, "variant AllTraffic: maximum: got 3; allowed is the minimum (4) or more"),
        (
            {"minimum": 0, "maximum": 0},
            "maximum: got 0; allowed is the minimum (0) or more, at least 1",
        ),
        ({"initial_instance_count": 4}, "initial_instance_count: got 4; allowed are 1 to 3"),
        ({"instance_type": "m7i.large"}, "instance_type: got 'm7i.large'"),
    ],
)
def test_a_fleet_that_aws_rejects(
    rejection: Rejection, role: iam.IRole, settings: dict[str, Any], expected: str
) -> None:
    assert expected in rejection(
        ManagedInstanceScaling(
            **{"instance_type": "ml.m7i.xlarge", "role": role, "maximum": 3, **settings}
        )
    )


def test_a_fleet_stands_alone_and_has_no_rollout(
    rejection: Rejection, role: iam.IRole, model: Model
) -> None:
    variant = RealTimeVariant(model=model, instance_type="ml.m7i.large", name="own")

    message = rejection(
        ManagedInstanceScaling(instance_type="ml.m7i.xlarge", role=role, maximum=3),
        variant,
        rollout=Rollout.all_at_once(),
    )

    assert "variants: got 2, including a ManagedInstanceScaling" in message
    assert "AWS rejects managed instance scaling beside a variant with a model" in message
    assert (
        "rollout: cannot be combined with ManagedInstanceScaling, which serves no model" in message
    )
