"""Scalable targets: what may be scaled, and between which bounds.

https://docs.aws.amazon.com/autoscaling/application/APIReference/
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.application_autoscaling.activities import Activities
from rehearsal.services.application_autoscaling.records import (
    TargetKey,
    key_of,
    moment,
    page,
    selected,
)


class ScalableTargets(Activities):
    """Register-, Describe- and DeregisterScalableTarget, and their tags."""

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """Operations on one target are checked on its ARN, describing on everything."""
        if "ResourceARN" in request:
            return [request["ResourceARN"]]
        if operation.startswith("Describe"):
            return ["*"]
        target = self.targets.get(key_of(scope, request))
        return [
            target["ScalableTargetARN"] if target else scope.arn(self.name, "scalable-target/*")
        ]

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
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
        """Registers a target, or changes its bounds; capacity outside of them is changed at once.

        A new target needs something to scale, and has the service-linked role made where the
        account has none.
        """
        key = key_of(context.scope, request)
        with self.lock:
            known = self.targets.get(key)
            _check_capacity(request, known)
        role = self.ensure_role(context)
        capacity = self.capacity_of(key, role)
        capacity.check()
        with self.lock:
            target = self.targets.get(key) or {
                "CreationTime": moment(),
                "ScalableTargetARN": context.scope.arn(
                    self.name, f"scalable-target/{uuid.uuid4().hex[:30]}"
                ),
                "RoleARN": role,
                "SuspendedState": dict.fromkeys(_SUSPENDED, False),
            }
            kept = {k: v for k, v in request.items() if k not in ("Tags", "RoleARN")}
            if "SuspendedState" in kept:
                kept["SuspendedState"] = {**target["SuspendedState"], **kept["SuspendedState"]}
            self.targets[key] = {**target, **kept}
            arn: str = target["ScalableTargetARN"]
            self._tags.setdefault(arn, {}).update(request.get("Tags", {}))
        self.keep_within_bounds(key)
        return {"ScalableTargetARN": arn}

    def describe_scalable_targets(self, request: Request, context: Context) -> Response:
        identifiers = request.get("ResourceIds")
        with self.lock:
            found = [
                dict(target)
                for key, target in self.targets.items()
                if key.scope == context.scope and selected(target, request, identifiers)
            ]
        entries, token = page(found, request)
        return {"ScalableTargets": entries, "NextToken": token}

    def deregister_scalable_target(self, request: Request, context: Context) -> Response:
        """Forgets a target together with its policies and scheduled actions, as AWS does."""
        key = key_of(context.scope, request)
        with self.lock:
            if key not in self.targets:
                raise no_target(request)
        self.forget_parts(key)
        with self.lock:
            target = self.targets.pop(key, None)
            if target is not None:
                self._tags.pop(target["ScalableTargetARN"], None)
        return {}

    def forget_parts(self, key: TargetKey) -> None:
        """Deletes what belongs to a target that is deregistered."""

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


_SUSPENDED = (
    "DynamicScalingInSuspended",
    "DynamicScalingOutSuspended",
    "ScheduledScalingSuspended",
)


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


def no_target(request: Request) -> AwsError:
    return AwsError(
        "ObjectNotFoundException",
        f"No scalable target registered for service namespace: {request['ServiceNamespace']}, "
        f"resource ID: {request['ResourceId']}, scalable dimension: {request['ScalableDimension']}",
    )
