"""CloudFormation's types of Application Auto Scaling."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.aws.resource_types import Identifier, Request, ResourceType


def _without(*names: str) -> Callable[[Request], Request]:
    return lambda properties: {k: v for k, v in properties.items() if k not in names}


def _policy_request(properties: Request) -> Request:
    """A policy names its target by its id, `ResourceId|Dimension|Namespace`, or by all three."""
    request = _without("ScalingTargetId")(properties)
    if "ScalingTargetId" in properties:
        resource, dimension, namespace = str(properties["ScalingTargetId"]).split("|")
        request |= {
            "ResourceId": resource,
            "ScalableDimension": dimension,
            "ServiceNamespace": namespace,
        }
    return request


def _target_request(identifier: Identifier) -> Request:
    return {
        "ServiceNamespace": identifier["ServiceNamespace"],
        "ResourceIds": [identifier["ResourceId"]],
        "ScalableDimension": identifier["ScalableDimension"],
    }


def _target_id(identifier: Identifier) -> str:
    """What Ref gives: `endpoint/name/variant/main|sagemaker:variant:...|sagemaker`."""
    dimension = identifier["ScalableDimension"]
    return f"{identifier['ResourceId']}|{dimension}|{identifier['ServiceNamespace']}"


def _policy_lookup(identifier: Identifier) -> Request:
    described = {k: v for k, v in identifier.items() if k != "PolicyName"}
    return {**described, "PolicyNames": [identifier["PolicyName"]]}


_TARGET = ("ServiceNamespace", "ResourceId", "ScalableDimension")

RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::ApplicationAutoScaling::ScalableTarget",
        service="application-autoscaling",
        create="RegisterScalableTarget",
        update="RegisterScalableTarget",
        delete="DeregisterScalableTarget",
        describe="DescribeScalableTargets",
        identifier=_TARGET,
        ref=_target_id,
        attributes={"Id": _target_id, "ScalableTargetARN": "ScalableTargets.0.ScalableTargetARN"},
        to_describe_request=_target_request,
        arn="ScalableTargets.0.ScalableTargetARN",
    ),
    ResourceType(
        type_name="AWS::ApplicationAutoScaling::ScalingPolicy",
        service="application-autoscaling",
        create="PutScalingPolicy",
        update="PutScalingPolicy",
        delete="DeleteScalingPolicy",
        describe="DescribeScalingPolicies",
        identifier=("PolicyName", *_TARGET),
        ref="ScalingPolicies.0.PolicyARN",
        attributes={"Arn": "ScalingPolicies.0.PolicyARN"},
        to_request=_policy_request,
        to_update_request=_policy_request,
        to_describe_request=_policy_lookup,
    ),
]
