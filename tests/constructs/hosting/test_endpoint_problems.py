"""Validation of endpoints at synthesis: the given value and the allowed ones."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from mlops_constructs.hosting import (
    CapacitySize,
    DataCapture,
    Endpoint,
    Model,
    RealTimeVariant,
    Rollout,
    Scaling,
    ServerlessVariant,
)

Rejection = Callable[..., str]


def real_time(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


def scaling(**settings: Any) -> Scaling:
    return Scaling.target_invocations(
        **{"per_instance": 600, "minimum": 2, "maximum": 4, **settings}
    )


def test_a_serverless_endpoint_knows_no_capture_rollout_or_second_variant(
    rejection: Rejection, open_model: Model, bucket: s3.IBucket
) -> None:
    message = rejection(
        ServerlessVariant(model=open_model, name="a"),
        ServerlessVariant(model=open_model, name="b"),
        data_capture=DataCapture.to_bucket(bucket),
        rollout=Rollout.all_at_once(),
    )

    assert "data_capture: serverless endpoints do not support data capture" in message
    assert "rollout: serverless endpoints do not support deployment guardrails" in message
    assert "variants: got 2, including a serverless one" in message


def test_an_endpoint_has_a_variant(rejection: Rejection) -> None:
    assert "variants: got 0; allowed are 1 to 10" in rejection()


def test_an_endpoint_has_at_most_ten_variants(rejection: Rejection, model: Model) -> None:
    many = [real_time(model, name=f"v{number}") for number in range(11)]
    assert "variants: got 11; allowed are 1 to 10" in rejection(*many)


def test_variants_have_different_names(rejection: Rejection, model: Model) -> None:
    message = rejection(real_time(model), real_time(model))

    assert "variant AllTraffic: got 2 variants of this name" in message


def test_either_all_variants_scale_or_none(rejection: Rejection, model: Model) -> None:
    message = rejection(real_time(model, name="a", scaling=scaling()), real_time(model, name="b"))

    assert "scaling: got none for b, while other variants scale" in message


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"sampling_percentage": 0}, "sampling_percentage: got 0; allowed are 1 to 100"),
        ({"sampling_percentage": 101}, "sampling_percentage: got 101"),
        ({"requests": False, "responses": False}, "got neither requests nor responses"),
        ({"prefix": "/capture/"}, "prefix: got '/capture/'; allowed is a path without slashes"),
        ({"prefix": ""}, "prefix: got ''"),
        ({"prefix": "x" * 450}, "prefix: got 450 characters"),
        ({"csv_content_types": ["application/json"]}, "got application/json as CSV and as JSON"),
    ],
)
def test_a_capture_that_aws_rejects(
    rejection: Rejection, model: Model, bucket: s3.IBucket, settings: dict[str, Any], expected: str
) -> None:
    message = rejection(real_time(model), data_capture=DataCapture.to_bucket(bucket, **settings))

    assert expected in message


def test_a_name_leaves_room_for_that_of_its_configuration(
    rejection: Rejection, model: Model
) -> None:
    assert "allowed are 1 to 52 letters" in rejection(real_time(model), endpoint_name="x" * 53)


def test_every_problem_is_told_at_once(
    rejection: Rejection, model: Model, bucket: s3.IBucket
) -> None:
    message = rejection(
        real_time(model, instance_type="g5.xlarge", initial_instance_count=0),
        data_capture=DataCapture.to_bucket(bucket, sampling_percentage=0),
        rollout=Rollout.canary(size=CapacitySize.percent(80)),
    )

    assert message.count("\n  - ") == 4


def test_values_that_only_cloudformation_knows_are_not_judged(
    stack: cdk.Stack, model: Model
) -> None:
    count: Any = cdk.CfnParameter(stack, "Count", type="Number").value_as_number
    name = cdk.CfnParameter(stack, "Type").value_as_string

    Endpoint(
        stack,
        "E",
        endpoint_name="churn",
        variants=[
            RealTimeVariant(
                model=model,
                instance_type=name,
                scaling=Scaling.target_invocations(per_instance=1, minimum=count, maximum=count),
            )
        ],
        rollout=Rollout.canary(size=CapacitySize.instances(1)),
    )
