"""Validation of variants at synthesis: the given value and the allowed ones."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from mlops_constructs.hosting import (
    Model,
    RealTimeVariant,
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


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"instance_type": "m7i.large"}, "instance_type: got 'm7i.large'; allowed is ml.<family>"),
        ({"initial_instance_count": 0}, "initial_instance_count: got 0; allowed is 1 or more"),
        ({"weight": -1}, "weight: got -1; allowed is 0 or more"),
        ({"weight": 0}, "weight: got 0 for every variant"),
        ({"name": "all traffic"}, "name: got 'all traffic'"),
        ({"startup_timeout": cdk.Duration.seconds(59)}, "startup_timeout: got 59 seconds"),
        ({"model_download_timeout": cdk.Duration.hours(2)}, "model_download_timeout: got 7200"),
        ({"scaling": scaling(minimum=0)}, "scaling minimum: got 0; allowed is 1 or more"),
        ({"scaling": scaling(maximum=1)}, "scaling maximum: got 1; allowed is the minimum (2)"),
        ({"scaling": scaling(per_instance=0)}, "scaling per_instance: got 0; allowed is more tha"),
        (
            {"scaling": scaling(scale_in_cooldown=cdk.Duration.days(2))},
            "scaling scale_in_cooldown: got 172800 seconds; allowed are at most 86400",
        ),
        (
            {"scaling": scaling(), "initial_instance_count": 5},
            "initial_instance_count: got 5; allowed are 2 to 4, the bounds of scaling",
        ),
        (
            {"scaling": scaling(), "initial_instance_count": 1},
            "initial_instance_count: got 1; allowed are 2 to 4, the bounds of scaling",
        ),
        (
            {"scaling": scaling(), "instance_type": "ml.t2.medium"},
            "scaling: got instance type ml.t2.medium, which is burstable",
        ),
    ],
)
def test_a_real_time_variant_that_aws_rejects(
    rejection: Rejection, model: Model, settings: dict[str, Any], expected: str
) -> None:
    assert expected in rejection(real_time(model, **settings))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"memory_mb": 1500}, "memory_mb: got 1500; allowed are 1024, 2048, 3072, 4096, 5120, 61"),
        ({"memory_mb": 7168}, "memory_mb: got 7168"),
        ({"max_concurrency": 0}, "max_concurrency: got 0; allowed are 1 to 200"),
        ({"max_concurrency": 201}, "max_concurrency: got 201"),
        (
            {"max_concurrency": 5, "provisioned_concurrency": 6},
            "provisioned_concurrency: got 6; allowed are 1 to max_concurrency (5)",
        ),
        ({"provisioned_concurrency": 0}, "provisioned_concurrency: got 0"),
        ({"name": "-"}, "name: got '-'"),
    ],
)
def test_a_serverless_variant_that_aws_rejects(
    rejection: Rejection, open_model: Model, settings: dict[str, Any], expected: str
) -> None:
    assert expected in rejection(ServerlessVariant(model=open_model, **settings))


def test_a_serverless_endpoint_hosts_no_isolated_model(rejection: Rejection, model: Model) -> None:
    message = rejection(ServerlessVariant(model=model))

    assert "model: got one with network isolation, which serverless endpoints do not" in message


def test_a_serverless_endpoint_hosts_no_model_in_a_vpc(
    rejection: Rejection, stack: cdk.Stack, open_model: Model
) -> None:
    open_model.in_vpc = True

    assert "model: got one in a VPC" in rejection(ServerlessVariant(model=open_model))
