"""Automatic scaling of real-time variants."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk

from mlops_constructs.hosting import (
    Endpoint,
    Model,
    RealTimeVariant,
    Scaling,
)

Resources = Callable[[str], list[dict[str, Any]]]
ENDPOINT = "AWS::SageMaker::Endpoint"
CONFIG = "AWS::SageMaker::EndpointConfig"
SCALING = Scaling.target_invocations(per_instance=600, minimum=2, maximum=4)


def real_time(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


def test_a_variant_that_scales_is_registered_after_the_endpoint(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(stack, "E", endpoint_name="churn-prod", variants=[real_time(model, scaling=SCALING)])

    target = resources("AWS::ApplicationAutoScaling::ScalableTarget")[0]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 4)
    assert target["ScalableDimension"] == "sagemaker:variant:DesiredInstanceCount"
    # A reference to the endpoint, so it is created before and deleted after the target.
    assert "Fn::GetAtt" in str(target["ResourceId"])
    assert "/variant/AllTraffic" in str(target["ResourceId"])


def test_scaling_uses_the_service_linked_role(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(stack, "E", variants=[real_time(model, scaling=SCALING)])

    assert "RoleARN" not in resources("AWS::ApplicationAutoScaling::ScalableTarget")[0]
    assert not resources("AWS::IAM::Role")


def test_scaling_follows_invocations_per_instance(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    scaling = Scaling.target_invocations(
        per_instance=600, minimum=1, maximum=2, scale_out_cooldown=cdk.Duration.seconds(60)
    )
    Endpoint(stack, "E", variants=[real_time(model, scaling=scaling)])

    policy = resources("AWS::ApplicationAutoScaling::ScalingPolicy")[0]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
        },
        "ScaleInCooldown": 300,
        "ScaleOutCooldown": 60,
        "TargetValue": 600,
    }


def test_an_update_keeps_the_count_of_instances_but_neither_weights_nor_capture(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    Endpoint(stack, "E", variants=[real_time(model, scaling=SCALING)])

    endpoint = resources(ENDPOINT)[0]
    assert endpoint["RetainAllVariantProperties"] is True
    excluded = [one["VariantPropertyType"] for one in endpoint["ExcludeRetainedVariantProperties"]]
    assert sorted(excluded) == ["DataCaptureConfig", "DesiredWeight"]
    assert resources(CONFIG)[0]["ProductionVariants"][0]["InitialInstanceCount"] == 2
