"""Execution of scaling policies whose alarms are in ALARM."""

from __future__ import annotations

import datetime
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.framework.clock import Clock, utc_now
from rehearsal.framework.platform import AwsError, Scope
from rehearsal.services.application_autoscaling.activities import Activities
from rehearsal.services.application_autoscaling.adjustments import stepped, tracked
from rehearsal.services.application_autoscaling.linked_role import LinkedRole, role_arn
from rehearsal.services.application_autoscaling.policies import ScalingPolicies
from rehearsal.services.application_autoscaling.records import Record, TargetKey, Targets

DEFAULT_COOLDOWN = 300
"""Seconds, as for SageMaker in "Define cooldown periods"."""

_DIGEST: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Average": statistics.fmean,
    "Minimum": min,
    "Maximum": max,
}


class PolicyExecution:
    """Executes policies whose alarms are in ALARM.

    Args:
        targets: the scalable targets.
        policies: the scaling policies.
        role: the service-linked role.
        activities: changes capacities.
        clock: the present time. Defaults to the system's clock.
    """

    def __init__(
        self,
        targets: Targets,
        policies: ScalingPolicies,
        role: LinkedRole,
        activities: Activities,
        clock: Clock = utc_now,
    ) -> None:
        self._clock = clock
        self._targets = targets
        self._policies = policies
        self._role = role
        self._activities = activities
        self._changed: dict[tuple[TargetKey, bool], float] = {}

    def execute_policy(self, policy_arn: str, alarm_name: str, scope: Scope) -> None:
        """Executes a policy that is the action of an alarm.

        Nothing happens while scaling is suspended, in the cooldown after the last activity or
        while an activity is in progress.

        Raises:
            AwsError: ObjectNotFoundException, if there is no such policy.
        """
        key, policy = self._policy(policy_arn, scope)
        target = self._targets[key]
        cloudwatch = self._role.client(scope, target["RoleARN"], "cloudwatch")
        found = cloudwatch.describe_alarms(AlarmNames=[alarm_name]).get("MetricAlarms", ())
        if not found:
            return
        current = self._role.capacity(key, target["RoleARN"]).current()
        wanted = _wanted(
            policy, found[0], current, _datapoints(cloudwatch, found[0], self._clock())
        )
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

        self._activities.scale(key, wanted, cause, done)

    def execute_alarms(self) -> None:
        """Executes the policies of all alarms in ALARM, as CloudWatch does every minute."""
        known = {policy["PolicyARN"]: key for key, policy in self._policies.all()}
        for scope in {key.scope for key in known.values()}:
            cloudwatch = self._role.client(scope, role_arn(scope), "cloudwatch")
            answer = cloudwatch.describe_alarms(StateValue="ALARM")
            for alarm in answer.get("MetricAlarms", ()):
                for action in alarm.get("AlarmActions", ()):
                    if action in known and alarm.get("ActionsEnabled", True):
                        self.execute_policy(action, alarm["AlarmName"], scope)

    def _policy(self, arn: str, scope: Scope) -> tuple[TargetKey, Record]:
        for key, policy in self._policies.all():
            if policy["PolicyARN"] == arn and key.scope == scope:
                return key, policy
        raise AwsError("ObjectNotFoundException", f"No scaling policy found for ARN {arn}")

    def _agreed(self, cloudwatch: Any, key: TargetKey, policy: Record) -> bool:
        """Returns True if all target tracking policies that scale in agree to a scale-in."""
        if policy["PolicyType"] != "TargetTrackingScaling":
            return True
        names = [
            alarm["AlarmName"]
            for other, record in self._policies.all()
            if other == key
            for alarm in record["Alarms"]
            if "-AlarmLow-" in alarm["AlarmName"]
        ]
        answer = cloudwatch.describe_alarms(AlarmNames=names, StateValue="ALARM")
        return len(answer.get("MetricAlarms", ())) == len(names)

    def _cooling(self, key: TargetKey, policy: Record, *, out: bool) -> bool:
        """Returns True in the cooldown after the last change."""
        config = _configuration(policy)
        member = "ScaleOutCooldown" if out else "ScaleInCooldown"
        cooldown = config.get("Cooldown", config.get(member, DEFAULT_COOLDOWN))
        before = [self._changed.get((key, True))]
        if not out:  # a scale-in waits for the cooldown of a scale-out, too
            before.append(self._changed.get((key, False)))
        latest = max((moment for moment in before if moment is not None), default=None)
        return latest is not None and time.monotonic() - latest < cooldown


def _configuration(policy: Record) -> Mapping[str, Any]:
    config: Mapping[str, Any] = policy[f"{policy['PolicyType']}PolicyConfiguration"]
    return config


def _wanted(policy: Record, alarm: Mapping[str, Any], current: int, values: Sequence[float]) -> int:
    """Returns the capacity of a policy; `values` are the alarm's datapoints, the latest first."""
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


def _datapoints(cloudwatch: Any, alarm: Mapping[str, Any], end: datetime.datetime) -> list[float]:
    """Returns the datapoints of an alarm, from its state or else from its metric until `end`."""
    recent = json.loads(alarm.get("StateReasonData") or "{}").get("recentDatapoints")
    if recent:
        return [float(value) for value in reversed(recent)]
    if not alarm.get("MetricName"):
        return []
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
