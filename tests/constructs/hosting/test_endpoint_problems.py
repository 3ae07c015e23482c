"""What AWS refuses or ignores is refused at synth, each with what was got and what is allowed."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.hosting import (
    Capacity,
    DataCapture,
    Endpoint,
    Model,
    RealTimeVariant,
    Rollback,
    Rollout,
    Scaling,
    ServerlessVariant,
)
from mlops_constructs.hosting.instance_type import has_local_storage, is_burstable

Refusal = Callable[..., str]


@pytest.fixture
def refusal(stack: cdk.Stack) -> Refusal:
    """The message with which an endpoint is refused."""

    def of(*variants: Any, **arguments: Any) -> str:
        with pytest.raises(ValueError) as error:
            Endpoint(stack, "E", variants=variants, **{"endpoint_name": "churn", **arguments})
        assert str(error.value).startswith("Endpoint S/E cannot be defined:")
        return str(error.value)

    return of


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
            "scaling: got instance type ml.t2.medium, whose CPU is burstable",
        ),
    ],
)
def test_a_real_time_variant_that_aws_refuses(
    refusal: Refusal, model: Model, settings: dict[str, Any], expected: str
) -> None:
    assert expected in refusal(real_time(model, **settings))


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
def test_a_serverless_variant_that_aws_refuses(
    refusal: Refusal, open_model: Model, settings: dict[str, Any], expected: str
) -> None:
    assert expected in refusal(ServerlessVariant(model=open_model, **settings))


def test_a_serverless_endpoint_hosts_no_isolated_model(refusal: Refusal, model: Model) -> None:
    told = refusal(ServerlessVariant(model=model))

    assert "model: got one with network isolation, which serverless endpoints do not" in told


def test_a_serverless_endpoint_hosts_no_model_in_a_vpc(
    refusal: Refusal, stack: cdk.Stack, open_model: Model
) -> None:
    open_model.in_vpc = True

    assert "model: got one in a VPC" in refusal(ServerlessVariant(model=open_model))


def test_a_serverless_endpoint_knows_no_capture_rollout_or_second_variant(
    refusal: Refusal, open_model: Model, bucket: s3.IBucket
) -> None:
    told = refusal(
        ServerlessVariant(model=open_model, name="a"),
        ServerlessVariant(model=open_model, name="b"),
        data_capture=DataCapture.to_bucket(bucket),
        rollout=Rollout.all_at_once(),
    )

    assert "data_capture: got it for a serverless endpoint" in told
    assert "rollout: got it for a serverless endpoint" in told
    assert "variants: got 2 with a serverless one among them" in told


def test_an_endpoint_has_a_variant(refusal: Refusal) -> None:
    assert "variants: got 0; allowed are 1 to 10" in refusal()


def test_an_endpoint_has_at_most_ten_variants(refusal: Refusal, model: Model) -> None:
    many = [real_time(model, name=f"v{number}") for number in range(11)]
    assert "variants: got 11; allowed are 1 to 10" in refusal(*many)


def test_variants_have_different_names(refusal: Refusal, model: Model) -> None:
    told = refusal(real_time(model), real_time(model))

    assert "variant AllTraffic: got 2 variants of this name" in told


def test_either_all_variants_scale_or_none(refusal: Refusal, model: Model) -> None:
    told = refusal(real_time(model, name="a", scaling=scaling()), real_time(model, name="b"))

    assert "scaling: got none for b, while other variants scale" in told


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
def test_a_capture_that_aws_refuses(
    refusal: Refusal, model: Model, bucket: s3.IBucket, settings: dict[str, Any], expected: str
) -> None:
    told = refusal(real_time(model), data_capture=DataCapture.to_bucket(bucket, **settings))

    assert expected in told


@pytest.mark.parametrize(
    "family", ["c6gd", "dl1", "g4dn", "g5", "g6e", "m5d", "p4d", "p5", "p6-b200", "r7gd", "trn1"]
)
def test_a_key_is_refused_where_it_would_not_encrypt_local_disks(
    refusal: Refusal, model: Model, key: kms.IKey, family: str
) -> None:
    instance_type = f"ml.{family}.24xlarge"
    told = refusal(real_time(model, instance_type=instance_type), encryption_key=key)

    assert f"on {instance_type}, which keeps data on local NVMe disks" in told


@pytest.mark.parametrize("family", ["c6gn", "c6in", "inf2", "m5", "m7i", "m8g", "p3", "r8g", "t2"])
def test_types_without_local_disks_are_known(family: str) -> None:
    assert not has_local_storage(f"ml.{family}.large")


def test_burstable_types_are_known() -> None:
    assert [is_burstable(f"ml.{family}.medium") for family in ("t2", "t3", "trn1", "m5")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        (Rollout.canary(size=Capacity.percent(51)), "canary size: got 51 %; allowed are 1 to 50 %"),
        (Rollout.canary(size=Capacity.instances(0)), "canary size: got 0 instances"),
        (Rollout.canary(size=Capacity.instances(3)), "canary size: got 3 of 4 instances"),
        (Rollout.linear(step=Capacity.percent(9)), "linear step: got 9 %; allowed are 10 to 50 %"),
        (Rollout.rolling(batch=Capacity.percent(4)), "rolling batch: got 4 %; allowed are 5 to 50"),
        (
            Rollout.all_at_once(baking=cdk.Duration.minutes(61)),
            "rollout wait: got 3660 seconds; allowed are 0 to 3600",
        ),
        (
            Rollout.all_at_once(termination_wait=cdk.Duration.hours(2)),
            "rollout termination_wait: got 7200 seconds",
        ),
        (
            Rollout.all_at_once(maximum_duration=cdk.Duration.minutes(9)),
            "rollout maximum_duration: got 540 seconds; allowed are 600 to 28800",
        ),
        (
            Rollout.linear(
                step=Capacity.percent(10),
                wait=cdk.Duration.minutes(10),
                maximum_duration=cdk.Duration.minutes(90),
            ),
            "got 5400 seconds, but the waits alone take 6000",
        ),
        (Rollout.all_at_once(rollback=Rollback.on_alarms()), "rollback alarms: got 0"),
        (
            Rollout.all_at_once(rollback=Rollback.on_errors(share=1)),
            "rollback share: got 1; allowed is a part of the invocations",
        ),
    ],
)
def test_a_rollout_that_aws_refuses(
    refusal: Refusal, model: Model, rollout: Rollout, expected: str
) -> None:
    assert expected in refusal(real_time(model, initial_instance_count=4), rollout=rollout)


def test_a_rolling_update_knows_one_variant(refusal: Refusal, model: Model) -> None:
    told = refusal(
        real_time(model, name="a"),
        real_time(model, name="b"),
        rollout=Rollout.rolling(batch=Capacity.percent(50)),
    )

    assert "rollout: got rolling for 2 variants; allowed is one variant" in told


def test_inferentia_1_would_ignore_a_rollout(refusal: Refusal, model: Model) -> None:
    told = refusal(real_time(model, instance_type="ml.inf1.xlarge"), rollout=Rollout.all_at_once())

    assert "AWS ignores guardrails on Inf1" in told


def test_more_alarms_than_aws_takes_are_refused(refusal: Refusal, model: Model) -> None:
    latency = Rollback.on_errors(maximum_latency=cdk.Duration.millis(100))
    variants = [real_time(model, name=f"v{number}") for number in range(6)]

    told = refusal(*variants, rollout=Rollout.all_at_once(rollback=latency))

    assert "rollback: got 12 alarms for 6 variants; allowed are at most 10" in told


def test_alarms_need_an_endpoint_with_a_name(refusal: Refusal, model: Model) -> None:
    told = refusal(real_time(model), endpoint_name=None, rollout=Rollout.all_at_once())

    assert "no endpoint_name for them to watch" in told


def test_a_name_leaves_room_for_that_of_its_configuration(refusal: Refusal, model: Model) -> None:
    assert "allowed are 1 to 52 letters" in refusal(real_time(model), endpoint_name="x" * 53)


def test_every_problem_is_told_at_once(
    refusal: Refusal, model: Model, bucket: s3.IBucket, key: kms.IKey
) -> None:
    told = refusal(
        real_time(model, instance_type="ml.g5.xlarge", initial_instance_count=0),
        encryption_key=key,
        data_capture=DataCapture.to_bucket(bucket, sampling_percentage=0),
        rollout=Rollout.canary(size=Capacity.percent(80)),
    )

    assert told.count("\n  - ") == 4


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
        rollout=Rollout.canary(size=Capacity.instances(1)),
    )
