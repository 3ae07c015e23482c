"""Acting on alarms: which policy runs, and what it asks for."""

from __future__ import annotations

import datetime
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError, Platform, Scope
from rehearsal.services.application_autoscaling.activities import role_arn
from rehearsal.services.application_autoscaling.adjustments import stepped, tracked
from rehearsal.services.application_autoscaling.policies import ScalingPolicies
from rehearsal.services.application_autoscaling.records import Record, TargetKey

DEFAULT_COOLDOWN = 300
"""Seconds, as for SageMaker in "Define cooldown periods"."""

_DIGEST: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Average": statistics.fmean,
    "Minimum": min,
    "Maximum": max,
}


class PolicyExecution(ScalingPolicies):
    """Runs policies whose alarms have gone off."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._changed: dict[tuple[TargetKey, bool], float] = {}

    def execute_policy(self, policy_arn: str, alarm_name: str, scope: Scope) -> None:
        """What CloudWatch does when an alarm has a scaling policy as its action.

        Nothing happens while scaling is suspended, in the cooldown after the last activity or
        while one is in progress. Raises AwsError (ObjectNotFoundException) without such a policy.
        """
        key, policy = self._policy(policy_arn, scope)
        target = self.targets[key]
        cloudwatch = self.client(scope, target["RoleARN"], "cloudwatch")
        found = cloudwatch.describe_alarms(AlarmNames=[alarm_name]).get("MetricAlarms", ())
        if not found:
            return
        current = self.capacity_of(key, target["RoleARN"]).current()
        wanted = _wanted(policy, found[0], current, _seen(cloudwatch, found[0]))
        wanted = min(max(wanted, target["MinCapacity"]), target["MaxCapacity"])
        out = wanted > current
        suspended = "DynamicScalingOutSuspended" if out else "DynamicScalingInSuspended"
        if wanted == current or target["SuspendedState"].get(suspended):
            return
        if not out and not self._agreed(cloudwatch, key, policy):
            return
        if self._cooling(key, policy, out=out):
            return
        cause = f"monitor alarm {alarm_name} in state ALARM triggered policy {policy['PolicyName']}"

        def done() -> None:
            self._changed[key, out] = time.monotonic()

        self.scale(key, wanted, cause, done)

    def execute_alarms(self) -> None:
        """Runs the policies of all alarms that are in ALARM, as CloudWatch does every minute."""
        with self.lock:
            known = {policy["PolicyARN"]: key for (key, _), policy in self.policies.items()}
        for scope in {key.scope for key in known.values()}:
            cloudwatch = self.client(scope, role_arn(scope), "cloudwatch")
            answer = cloudwatch.describe_alarms(StateValue="ALARM")
            for alarm in answer.get("MetricAlarms", ()):
                for action in alarm.get("AlarmActions", ()):
                    if action in known and alarm.get("ActionsEnabled", True):
                        self.execute_policy(action, alarm["AlarmName"], scope)

    def _policy(self, arn: str, scope: Scope) -> tuple[TargetKey, Record]:
        with self.lock:
            for (key, _), policy in self.policies.items():
                if policy["PolicyARN"] == arn and key.scope == scope:
                    return key, policy
        raise AwsError("ObjectNotFoundException", f"No scaling policy found for ARN {arn}")

    def _agreed(self, cloudwatch: Any, key: TargetKey, policy: Record) -> bool:
        """Capacity goes only when all target tracking policies that scale in are for it."""
        if policy["PolicyType"] != "TargetTrackingScaling":
            return True
        with self.lock:
            names = [
                alarm["AlarmName"]
                for (other, _), record in self.policies.items()
                if other == key
                for alarm in record["Alarms"]
                if "-AlarmLow-" in alarm["AlarmName"]
            ]
        answer = cloudwatch.describe_alarms(AlarmNames=names, StateValue="ALARM")
        return len(answer.get("MetricAlarms", ())) == len(names)

    def _cooling(self, key: TargetKey, policy: Record, *, out: bool) -> bool:
        """Whether the last change is too recent for another one."""
        config = _configuration(policy)
        member = "ScaleOutCooldown" if out else "ScaleInCooldown"
        cooldown = config.get("Cooldown", config.get(member, DEFAULT_COOLDOWN))
        before = [self._changed.get((key, True))]
        if not out:  # after scaling out, nothing is taken away either
            before.append(self._changed.get((key, False)))
        latest = max((moment for moment in before if moment is not None), default=None)
        return latest is not None and time.monotonic() - latest < cooldown


def _configuration(policy: Record) -> Mapping[str, Any]:
    config: Mapping[str, Any] = policy[f"{policy['PolicyType']}PolicyConfiguration"]
    return config


def _wanted(policy: Record, alarm: Mapping[str, Any], current: int, values: Sequence[float]) -> int:
    """The capacity that a policy asks for; `values` are what the alarm saw, the latest first."""
    config = _configuration(policy)
    if policy["PolicyType"] == "StepScaling":
        digest = _DIGEST[config.get("MetricAggregationType", "Average")]
        breach = digest(values) - alarm["Threshold"] if values else 0.0
        return stepped(config, current, breach)
    if not values:
        return current
    scaling_in = "-AlarmLow-" in alarm["AlarmName"]
    if scaling_in:
        return min(tracked(config["TargetValue"], current, max(values)), current)
    return max(tracked(config["TargetValue"], current, values[0]), current)


def _seen(cloudwatch: Any, alarm: Mapping[str, Any]) -> list[float]:
    """The data on which an alarm went off: it says so, or its metric does."""
    told = json.loads(alarm.get("StateReasonData") or "{}").get("recentDatapoints")
    if told:
        return [float(value) for value in reversed(told)]
    if not alarm.get("MetricName"):
        return []
    end = datetime.datetime.now(datetime.UTC)
    span = alarm["Period"] * alarm["EvaluationPeriods"]
    statistic = alarm.get("Statistic", "Average")
    answer = cloudwatch.get_metric_statistics(
        Namespace=alarm["Namespace"],
        MetricName=alarm["MetricName"],
        Dimensions=alarm.get("Dimensions", []),
        StartTime=end - datetime.timedelta(seconds=span),
        EndTime=end,
        Period=alarm["Period"],
        Statistics=[statistic],
    )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"], reverse=True)
    return [float(point[statistic]) for point in points]
