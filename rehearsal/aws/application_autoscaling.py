"""Application Auto Scaling: scalable targets and their policies, as records.

https://docs.aws.amazon.com/autoscaling/application/APIReference/ . Policies are kept and described;
the loop that acts on them belongs to the execution side.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.aws.application_autoscaling_types import RESOURCE_TYPES
from rehearsal.aws.platform import AwsError, Context, Scope
from rehearsal.aws.service import Request, Response, Service

__all__ = ["RESOURCE_TYPES", "ApplicationAutoScaling"]

_TargetKey = tuple[Scope, str, str, str]  # scope, service namespace, resource id, dimension


class ApplicationAutoScaling(Service):
    """Scalable targets and scaling policies per account and region."""

    name = "application-autoscaling"
    namespace = "application-autoscaling"

    def __init__(self, platform: Any) -> None:
        super().__init__(platform)
        self._targets: dict[_TargetKey, dict[str, Any]] = {}
        self._policies: dict[tuple[_TargetKey, str], dict[str, Any]] = {}
        self._tags: dict[str, dict[str, str]] = {}

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """Operations on one target are checked on its ARN, describing on everything."""
        if "ResourceARN" in request:
            return [request["ResourceARN"]]
        if operation.startswith("Describe"):
            return ["*"]
        target = self._targets.get(_key(scope, request))
        return [
            target["ScalableTargetARN"] if target else scope.arn(self.name, "scalable-target/*")
        ]

    def condition_keys(self, operation: str, request: Request) -> Mapping[str, Any]:
        members = {
            "service-namespace": "ServiceNamespace",
            "scalable-dimension": "ScalableDimension",
        }
        return {
            f"{self.namespace}:{key}": request[member]
            for key, member in members.items()
            if member in request
        }

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        return self._tags.get(arn, {})

    def register_scalable_target(self, request: Request, context: Context) -> Response:
        key = _key(context.scope, request)
        with self.lock:
            target = self._targets.get(key)
            _check_capacity(request, target)
            if target is None:
                target = {
                    "CreationTime": datetime.datetime.now(datetime.UTC),
                    "ScalableTargetARN": context.scope.arn(
                        self.name, f"scalable-target/{uuid.uuid4().hex[:30]}"
                    ),
                    "RoleARN": _service_linked_role(context.scope, request["ServiceNamespace"]),
                }
            kept = {k: v for k, v in request.items() if k not in ("Tags", "RoleARN")}
            self._targets[key] = target | kept
            arn = target["ScalableTargetARN"]
            self._tags.setdefault(arn, {}).update(request.get("Tags", {}))
        return {"ScalableTargetARN": arn}

    def describe_scalable_targets(self, request: Request, context: Context) -> Response:
        identifiers = request.get("ResourceIds")
        with self.lock:
            found = [
                dict(target)
                for (scope, _, _, _), target in self._targets.items()
                if scope == context.scope and _selected(target, request, identifiers)
            ]
        page, token = _page(found, request)
        return {"ScalableTargets": page, "NextToken": token}

    def deregister_scalable_target(self, request: Request, context: Context) -> Response:
        key = _key(context.scope, request)
        with self.lock:
            target = self._targets.pop(key, None)
            if target is None:
                raise _no_target(request)
            self._tags.pop(target["ScalableTargetARN"], None)
            # AWS deletes the policies of a target together with it.
            self._policies = {k: p for k, p in self._policies.items() if k[0] != key}
        return {}

    def put_scaling_policy(self, request: Request, context: Context) -> Response:
        key = _key(context.scope, request)
        with self.lock:
            if key not in self._targets:
                raise _no_target(request)
            existing = self._policies.get((key, request["PolicyName"]), {})
            kind = request.get("PolicyType") or existing.get("PolicyType", "StepScaling")
            _check_policy(kind, request)
            policy = {
                "PolicyARN": existing.get("PolicyARN") or _policy_arn(context.scope, request),
                "CreationTime": existing.get("CreationTime") or datetime.datetime.now(datetime.UTC),
                **request,
                "PolicyType": kind,
            }
            self._policies[key, request["PolicyName"]] = policy
        return {"PolicyARN": policy["PolicyARN"], "Alarms": []}

    def describe_scaling_policies(self, request: Request, context: Context) -> Response:
        names = request.get("PolicyNames")
        wanted = [request["ResourceId"]] if "ResourceId" in request else None
        with self.lock:
            found = [
                dict(policy)
                for ((scope, _, _, _), name), policy in self._policies.items()
                if scope == context.scope
                and _selected(policy, request, wanted)
                and (not names or name in names)
            ]
        page, token = _page(found, request)
        return {"ScalingPolicies": page, "NextToken": token}

    def delete_scaling_policy(self, request: Request, context: Context) -> Response:
        key = _key(context.scope, request)
        with self.lock:
            if self._policies.pop((key, request["PolicyName"]), None) is None:
                raise AwsError(
                    "ObjectNotFoundException",
                    f"No scaling policy found for service namespace: {key[1]}, resource ID: "
                    f"{key[2]}, scalable dimension: {key[3]}, policy: {request['PolicyName']}",
                )
        return {}

    def describe_scaling_activities(self, request: Request, context: Context) -> Response:
        return {"ScalingActivities": []}

    def tag_resource(self, request: Request, context: Context) -> Response:
        self._tagged(request).update(request["Tags"])
        return {}

    def untag_resource(self, request: Request, context: Context) -> Response:
        tags = self._tagged(request)
        for key in request["TagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, request: Request, context: Context) -> Response:
        return {"Tags": dict(self._tagged(request))}

    def _tagged(self, request: Request) -> dict[str, str]:
        arn = request["ResourceARN"]
        if arn not in self._tags:
            raise AwsError("ResourceNotFoundException", f"{arn} is not a scalable target")
        return self._tags[arn]


def _key(scope: Scope, request: Request) -> _TargetKey:
    namespace, resource = request["ServiceNamespace"], request["ResourceId"]
    return (scope, namespace, resource, request["ScalableDimension"])


def _check_capacity(request: Request, target: Mapping[str, Any] | None) -> None:
    known = {**(target or {}), **request}
    missing = [name for name in ("MinCapacity", "MaxCapacity") if known.get(name) is None]
    if missing:
        raise AwsError(
            "ValidationException", f"{' and '.join(missing)} must be set for a new scalable target"
        )
    if known["MinCapacity"] > known["MaxCapacity"]:
        raise AwsError(
            "ValidationException",
            f"Maximum capacity ({known['MaxCapacity']}) cannot be less than minimum capacity "
            f"({known['MinCapacity']})",
        )


_CONFIGURATIONS = {
    "StepScaling": "StepScalingPolicyConfiguration",
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}


def _check_policy(kind: str, request: Request) -> None:
    needed = _CONFIGURATIONS[kind]
    if needed not in request:
        raise AwsError("ValidationException", f"A policy of type {kind} needs {needed}")
    others = [name for name in _CONFIGURATIONS.values() if name in request and name != needed]
    if others:
        raise AwsError("ValidationException", f"A policy of type {kind} cannot have {others[0]}")


def _no_target(request: Request) -> AwsError:
    return AwsError(
        "ObjectNotFoundException",
        f"No scalable target registered for service namespace: {request['ServiceNamespace']}, "
        f"resource ID: {request['ResourceId']}, scalable dimension: {request['ScalableDimension']}",
    )


def _service_linked_role(scope: Scope, namespace: str) -> str:
    suffix = {"sagemaker": "SageMakerEndpoint"}.get(namespace, namespace.title())
    return (
        f"arn:aws:iam::{scope.account}:role/aws-service-role/{namespace}.application-autoscaling."
        f"amazonaws.com/AWSServiceRoleForApplicationAutoScaling_{suffix}"
    )


def _policy_arn(scope: Scope, request: Request) -> str:
    return scope.arn(
        "autoscaling",
        f"scalingPolicy:{uuid.uuid4()}:resource/{request['ServiceNamespace']}/"
        f"{request['ResourceId']}:policyName/{request['PolicyName']}",
    )


def _selected(
    record: Mapping[str, Any], request: Request, identifiers: Sequence[str] | None
) -> bool:
    return (
        record["ServiceNamespace"] == request["ServiceNamespace"]
        and (not identifiers or record["ResourceId"] in identifiers)
        and request.get("ScalableDimension") in (None, record["ScalableDimension"])
    )


def _page(found: list[dict[str, Any]], request: Request) -> tuple[list[dict[str, Any]], str | None]:
    try:
        start = int(request.get("NextToken", 0))
    except ValueError:
        raise AwsError("InvalidNextTokenException", "The next token is not valid") from None
    end = start + request.get("MaxResults", 50)
    return found[start:end], str(end) if end < len(found) else None
