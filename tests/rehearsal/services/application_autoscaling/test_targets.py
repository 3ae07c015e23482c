from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.application_autoscaling.conftest import (
    COMPONENT,
    SERVERLESS,
    VARIANT,
    FakeSageMaker,
)

Settled = Callable[[], list[dict[str, Any]]]


@pytest.mark.parametrize("target", [VARIANT, COMPONENT, SERVERLESS])
def test_a_target_is_described_with_the_service_linked_role(
    scaling: Any, platform: FakePlatform, target: dict[str, str]
) -> None:
    arn = scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)

    (described,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")[
        "ScalableTargets"
    ]
    assert described["ScalableTargetARN"] == arn["ScalableTargetARN"]
    assert (described["MinCapacity"], described["MaxCapacity"]) == (1, 4)
    assert described["RoleARN"].endswith(
        "role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
        "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    )
    assert described["SuspendedState"] == {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }
    assert ("sagemaker.application-autoscaling.amazonaws.com", None) in platform.assumed


@pytest.mark.parametrize(
    ("target", "bounds", "reached", "cause"),
    [
        (VARIANT, (2, 4), 2, "minimum capacity was set to 2"),
        (COMPONENT, (3, 4), 3, "minimum capacity was set to 3"),
        (SERVERLESS, (0, 1), 1, "maximum capacity was set to 1"),
    ],
)
def test_capacity_outside_of_the_bounds_is_changed(
    scaling: Any,
    sagemaker: FakeSageMaker,
    settled: Settled,
    target: dict[str, str],
    bounds: tuple[int, int],
    reached: int,
    cause: str,
) -> None:
    scaling.register_scalable_target(**target, MinCapacity=bounds[0], MaxCapacity=bounds[1])

    (activity,) = settled()
    assert activity["Cause"] == cause
    assert activity["StatusCode"] == "Successful"
    assert activity["Description"].endswith(f"to {reached}.")
    now = {
        VARIANT["ResourceId"]: sagemaker.instances,
        COMPONENT["ResourceId"]: sagemaker.copies,
        SERVERLESS["ResourceId"]: sagemaker.concurrency,
    }
    assert now[target["ResourceId"]] == reached


def test_a_change_that_sagemaker_does_not_make_is_a_failed_activity(
    scaling: Any, sagemaker: FakeSageMaker, settled: Settled
) -> None:
    sagemaker.failure = "the container ended with exit code 1"

    scaling.register_scalable_target(**VARIANT, MinCapacity=2, MaxCapacity=4)

    (activity,) = settled()
    assert activity["StatusCode"] == "Failed"
    assert "exit code 1" in activity["StatusMessage"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MinCapacity": None}, "MinCapacity must be set for a new scalable target"),
        ({"MinCapacity": 5}, r"Maximum capacity \(4\) cannot be less than minimum capacity \(5\)"),
        ({"ResourceId": "endpoint/none/variant/AllTraffic"}, "Could not find endpoint"),
        ({"ResourceId": "endpoint/live/variant/Other"}, "Endpoint live has no variant Other"),
        ({"ResourceId": "endpoint/serverless/variant/AllTraffic"}, "it is serverless"),
        ({"ResourceId": "table/churn"}, "Unsupported service namespace, resource type"),
    ],
)
def test_a_wrong_target_is_rejected(scaling: Any, changes: dict[str, Any], message: str) -> None:
    given = {**VARIANT, "MinCapacity": 1, "MaxCapacity": 4, **changes}

    with pytest.raises(ClientError, match=message):
        scaling.register_scalable_target(**{k: v for k, v in given.items() if v is not None})
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []


def test_the_first_target_needs_the_right_to_make_the_service_linked_role(
    scaling: Any, platform: FakePlatform
) -> None:
    role = (
        "arn:aws:iam::111111111111:role/aws-service-role/sagemaker.application-autoscaling."
        "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    )
    platform.denied.add(("iam:CreateServiceLinkedRole", role))

    with pytest.raises(ClientError, match="not authorized to perform: iam:CreateServiceLinkedRole"):
        scaling.register_scalable_target(**VARIANT, MinCapacity=1, MaxCapacity=4)
    platform.clients["iam"].create_role(RoleName=role.rpartition("/")[2])
    scaling.register_scalable_target(**VARIANT, MinCapacity=1, MaxCapacity=4)


def test_burstable_instances_do_not_scale(scaling: Any, sagemaker: FakeSageMaker) -> None:
    sagemaker.instance_type = "ml.t2.medium"

    with pytest.raises(ClientError, match=r"runs on ml\.t2\.medium: burstable"):
        scaling.register_scalable_target(**VARIANT, MinCapacity=1, MaxCapacity=4)


def test_an_unknown_target_has_no_policies(scaling: Any) -> None:
    with pytest.raises(ClientError, match="No scalable target registered") as caught:
        scaling.deregister_scalable_target(**VARIANT)
    assert caught.value.response["Error"]["Code"] == "ObjectNotFoundException"
    with pytest.raises(ClientError, match="No scaling policy found for service namespace"):
        scaling.delete_scaling_policy(**VARIANT, PolicyName="none")
    with pytest.raises(ClientError, match="No scheduled action found for service namespace"):
        scaling.delete_scheduled_action(**VARIANT, ScheduledActionName="none")
