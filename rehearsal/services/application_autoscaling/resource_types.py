"""AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.cloudformation.resource_requests import to_api
from rehearsal.cloudformation.resource_types import Identifier, Properties, Request, ResourceType


def _without(*names: str) -> Callable[[Request], Request]:
    return lambda properties: {k: v for k, v in properties.items() if k not in names}


def _policy_request(properties: Request) -> Request:
    """Returns a request with a target, which a template may name by `ScalingTargetId`."""
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
    """Returns the value of Ref: `endpoint/name/variant/main|sagemaker:variant:...|sagemaker`."""
    dimension = identifier["ScalableDimension"]
    return f"{identifier['ResourceId']}|{dimension}|{identifier['ServiceNamespace']}"


def _policy_lookup(identifier: Identifier) -> Request:
    described = {k: v for k, v in identifier.items() if k != "PolicyName"}
    return {**described, "PolicyNames": [identifier["PolicyName"]]}


def _bring(client: Any, identifier: Identifier, old: Properties, new: Properties) -> None:
    """Updates a target, and its scheduled actions by their own operations."""
    before, after = _actions(old), _actions(new)
    target = {name: identifier[name] for name in _TARGET}
    if old:
        shape = client.meta.service_model.operation_model("RegisterScalableTarget").input_shape
        changed = _without("ScheduledActions", "Tags", "RoleARN")(dict(new))
        client.register_scalable_target(**to_api(shape, changed, ""))
    for name in before.keys() - after.keys():
        client.delete_scheduled_action(ScheduledActionName=name, **target)
    shape = client.meta.service_model.operation_model("PutScheduledAction").input_shape
    for name, action in after.items():
        if before.get(name) != action:
            client.put_scheduled_action(**to_api(shape, action, ""), **target)


def _actions(properties: Properties) -> dict[str, dict[str, Any]]:
    given = properties.get("ScheduledActions") or []
    return {action["ScheduledActionName"]: dict(action) for action in given}


_TARGET = ("ServiceNamespace", "ResourceId", "ScalableDimension")

RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::ApplicationAutoScaling::ScalableTarget",
        service="application-autoscaling",
        create="RegisterScalableTarget",
        delete="DeregisterScalableTarget",
        describe="DescribeScalableTargets",
        identifier=_TARGET,
        ref=_target_id,
        attributes={"Id": _target_id, "ScalableTargetARN": "ScalableTargets.0.ScalableTargetARN"},
        to_request=_without("ScheduledActions"),
        to_describe_request=_target_request,
        bring=_bring,
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
