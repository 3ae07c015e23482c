"""Scalable targets: resources that can be scaled, and their bounds.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rehearsal.framework.clock import utc_now
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.framework.tags import Tags
from rehearsal.services.application_autoscaling.activities import Activities
from rehearsal.services.application_autoscaling.linked_role import LinkedRole
from rehearsal.services.application_autoscaling.records import (
    INVALID_TOKEN,
    PAGE_SIZE,
    TargetKey,
    Targets,
    key_of,
    selected,
)


class Dependents(Protocol):
    """Resources that are deleted with their target."""

    def delete_of(self, key: TargetKey) -> None:
        """Deletes the resources of a target."""


class ScalableTargets:
    """Operations on scalable targets.

    Args:
        lock: the service's lock.
        tags: the service's tags.
        targets: the scalable targets.
        role: the service-linked role.
        activities: changes capacities.
        dependents: resources that are deleted with their target, in this order.
    """

    def __init__(
        self,
        lock: threading.RLock,
        tags: Tags,
        targets: Targets,
        role: LinkedRole,
        activities: Activities,
        dependents: Sequence[Dependents],
    ) -> None:
        self._lock = lock
        self._tags = tags
        self._targets = targets
        self._role = role
        self._activities = activities
        self._dependents = dependents

    def register_scalable_target(self, request: Request, context: Context) -> Response:
        """Registers a target, or changes its bounds; a capacity outside of them is changed at once.

        The resource of a new target must exist. The first target of an account creates the
        service-linked role.
        """
        key = key_of(context.scope, request)
        with self._lock:
            known = self._targets.get(key)
            _check_capacity(request, known)
        role = self._role.ensure(context)
        self._role.capacity(key, role).check()
        arn: str = (known or {}).get("ScalableTargetARN") or _new_arn(context.scope)
        self._tags.authorize(context, arn, request.get("Tags"), service_keys(request))
        with self._lock:
            target = self._targets.get(key) or {
                "CreationTime": utc_now(),
                "ScalableTargetARN": arn,
                "RoleARN": role,
                "SuspendedState": dict.fromkeys(_SUSPENDED, False),
            }
            kept = {k: v for k, v in request.items() if k not in ("Tags", "RoleARN")}
            if "SuspendedState" in kept:
                kept["SuspendedState"] = {**target["SuspendedState"], **kept["SuspendedState"]}
            self._targets[key] = {**target, **kept}
            arn = target["ScalableTargetARN"]
            self._tags.add(arn, request.get("Tags"))
        self._activities.keep_within_bounds(key)
        return {"ScalableTargetARN": arn}

    def describe_scalable_targets(self, request: Request, context: Context) -> Response:
        identifiers = request.get("ResourceIds")
        with self._lock:
            found = [
                dict(target)
                for key, target in self._targets.items()
                if key.scope == context.scope and selected(target, request, identifiers)
            ]
        entries, more = page(found, request, size=PAGE_SIZE, error=INVALID_TOKEN)
        return {"ScalableTargets": entries, **more}

    def deregister_scalable_target(self, request: Request, context: Context) -> Response:
        """Deletes a target with its policies and scheduled actions."""
        key = key_of(context.scope, request)
        with self._lock:
            if key not in self._targets:
                raise no_target(request)
        for one in self._dependents:
            one.delete_of(key)
        with self._lock:
            target = self._targets.pop(key, None)
            if target is not None:
                self._tags.drop(target["ScalableTargetARN"])
        return {}

    def require(self, arn: str, scope: Scope) -> None:
        """Raises AwsError (ResourceNotFoundException) unless an ARN is one of a target."""
        if not self._tags.knows(arn):
            raise AwsError("ResourceNotFoundException", f"{arn} is not a scalable target")


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


def service_keys(request: Request) -> dict[str, Any]:
    """Returns the condition keys of the service for a request about a target."""
    members = {
        "service-namespace": "ServiceNamespace",
        "scalable-dimension": "ScalableDimension",
    }
    return {
        f"application-autoscaling:{key}": request[member]
        for key, member in members.items()
        if member in request
    }


def no_target(request: Request) -> AwsError:
    """Returns the error for a target that is not registered."""
    return AwsError(
        "ObjectNotFoundException",
        f"No scalable target registered for service namespace: {request['ServiceNamespace']}, "
        f"resource ID: {request['ResourceId']}, scalable dimension: {request['ScalableDimension']}",
    )


def _new_arn(scope: Scope) -> str:
    return scope.arn("application-autoscaling", f"scalable-target/{uuid.uuid4().hex[:30]}")
