"""Scaling policies, by which the capacity of a target follows a metric."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.application_autoscaling.linked_role import LinkedRole, role_arn
from rehearsal.services.application_autoscaling.records import (
    INVALID_TOKEN,
    PAGE_SIZE,
    Record,
    TargetKey,
    Targets,
    key_of,
    selected,
)
from rehearsal.services.application_autoscaling.targets import no_target
from rehearsal.services.application_autoscaling.tracking_alarms import tracking_alarms

_CONFIGURATIONS = {
    "StepScaling": "StepScalingPolicyConfiguration",
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}


class ScalingPolicies:
    """Operations on scaling policies.

    Args:
        lock: the service's lock.
        targets: the scalable targets.
        role: the service-linked role.
    """

    KEPT = ("_policies",)

    def __init__(self, lock: threading.RLock, targets: Targets, role: LinkedRole) -> None:
        self._lock = lock
        self._targets = targets
        self._role = role
        self._policies: dict[tuple[TargetKey, str], Record] = {}

    def put_scaling_policy(self, request: Request, context: Context) -> Response:
        """Adds or changes a policy, and creates the alarms of a target tracking policy."""
        key, name = key_of(context.scope, request), request["PolicyName"]
        with self._lock:
            target = self._targets.get(key)
            existing = self._policies.get((key, name), {})
        if target is None:
            raise no_target(request)
        kind = request.get("PolicyType") or existing.get("PolicyType", "StepScaling")
        policy = {
            "PolicyARN": existing.get("PolicyARN") or _policy_arn(context.scope, request),
            "CreationTime": existing.get("CreationTime") or utc_now(),
            **request,
            "PolicyType": kind,
        }
        cloudwatch = self._role.client(key.scope, target["RoleARN"], "cloudwatch")
        policy["Alarms"] = []
        if kind == "TargetTrackingScaling":
            config = request[_CONFIGURATIONS[kind]]
            policy["Alarms"] = _create_alarms(cloudwatch, key, config, policy["PolicyARN"])
        _delete_alarms(cloudwatch, existing)
        with self._lock:
            self._policies[key, name] = policy
        return {"PolicyARN": policy["PolicyARN"], "Alarms": policy["Alarms"]}

    def describe_scaling_policies(self, request: Request, context: Context) -> Response:
        names = request.get("PolicyNames")
        wanted = [request["ResourceId"]] if "ResourceId" in request else None
        with self._lock:
            found = [
                dict(policy)
                for (key, name), policy in self._policies.items()
                if key.scope == context.scope
                and selected(policy, request, wanted)
                and (not names or name in names)
            ]
        entries, more = page(found, request, size=PAGE_SIZE, error=INVALID_TOKEN)
        return {"ScalingPolicies": self._with_alarms(context.scope, entries), **more}

    def _with_alarms(self, scope: Scope, policies: list[Record]) -> list[Record]:
        """Returns policies; a step scaling policy with the alarms that have it as an action."""
        if not any(policy["PolicyType"] == "StepScaling" for policy in policies):
            return policies
        answer = self._role.client(scope, role_arn(scope), "cloudwatch").describe_alarms()
        shown = []
        for policy in policies:
            mine = [
                {
                    "AlarmName": alarm["AlarmName"],
                    "AlarmARN": scope.arn("cloudwatch", f"alarm:{alarm['AlarmName']}"),
                }
                for alarm in answer.get("MetricAlarms", ())
                if policy["PolicyARN"] in alarm.get("AlarmActions", ())
            ]
            shown.append({**policy, "Alarms": policy["Alarms"] or mine})
        return shown

    def delete_scaling_policy(self, request: Request, context: Context) -> Response:
        """Deletes a policy and the alarms that were created for it."""
        key, name = key_of(context.scope, request), request["PolicyName"]
        with self._lock:
            policy = self._policies.pop((key, name), None)
        if policy is None:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scaling policy found for service namespace: {key.namespace}, resource ID: "
                f"{key.resource}, scalable dimension: {key.dimension}, policy: {name}",
            )
        self._delete_own_alarms(key, policy)
        return {}

    def all(self) -> list[tuple[TargetKey, Record]]:
        """Returns the policies of every account and region, with their targets."""
        with self._lock:
            return [(key, policy) for (key, _), policy in self._policies.items()]

    def delete_of(self, key: TargetKey) -> None:
        """Deletes the policies of a target."""
        with self._lock:
            mine = [entry for entry in self._policies if entry[0] == key]
            policies = [self._policies.pop(entry) for entry in mine]
        for policy in policies:
            self._delete_own_alarms(key, policy)

    def _delete_own_alarms(self, key: TargetKey, policy: Record) -> None:
        if policy["Alarms"]:
            role = self._targets[key]["RoleARN"]
            _delete_alarms(self._role.client(key.scope, role, "cloudwatch"), policy)


def _create_alarms(
    cloudwatch: Any, key: TargetKey, config: Mapping[str, Any], policy_arn: str
) -> list[dict[str, str]]:
    alarms = []
    for request in tracking_alarms(key, config, policy_arn):
        cloudwatch.put_metric_alarm(**request)
        name = request["AlarmName"]
        arn = key.scope.arn("cloudwatch", f"alarm:{name}")
        alarms.append({"AlarmName": name, "AlarmARN": arn})
    return alarms


def _delete_alarms(cloudwatch: Any, policy: Mapping[str, Any]) -> None:
    names = [alarm["AlarmName"] for alarm in policy.get("Alarms", ())]
    if names:
        cloudwatch.delete_alarms(AlarmNames=names)


def _policy_arn(scope: Scope, request: Request) -> str:
    return scope.arn(
        "autoscaling",
        f"scalingPolicy:{uuid.uuid4()}:resource/{request['ServiceNamespace']}/"
        f"{request['ResourceId']}:policyName/{request['PolicyName']}",
    )
