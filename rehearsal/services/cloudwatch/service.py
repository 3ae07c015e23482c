"""CloudWatch: metrics, alarms and dashboards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.clock import Clock, clock_of
from rehearsal.framework.platform import AwsError, Platform, Scope
from rehearsal.framework.service import Request, Service
from rehearsal.framework.tags import TagOperations, TagShape
from rehearsal.services.cloudwatch.alarm_actions import AlarmActions
from rehearsal.services.cloudwatch.alarm_states import AlarmStates
from rehearsal.services.cloudwatch.alarms import Alarms
from rehearsal.services.cloudwatch.dashboards import Dashboards, dashboard_arn
from rehearsal.services.cloudwatch.metric_store import MetricStore
from rehearsal.services.cloudwatch.metrics import Metrics
from rehearsal.services.cloudwatch.request_rules import CLOUDWATCH


class CloudWatch(Service):
    """CloudWatch.

    Args:
        platform: the AWS around the service.
        clock: the present time. Defaults to the clock of the platform.
    """

    name = "cloudwatch"
    namespace = "cloudwatch"
    validation_error = "ValidationError"
    rules = CLOUDWATCH
    tag_shape = TagShape(arn="ResourceARN")

    def __init__(self, platform: Platform, clock: Clock | None = None) -> None:
        super().__init__(platform)
        clock = clock or clock_of(platform)
        metrics = MetricStore()
        actions = AlarmActions(platform, lambda: self.peers)
        self._states = AlarmStates(platform, self.lock, clock, metrics, actions)
        self.compose(
            self._states,
            Alarms(self.lock, clock, self.tags, self._states),
            Metrics(clock, metrics, self._states.evaluate_all),
            Dashboards(self.lock, clock, self.tags),
            TagOperations(self.tags, self._require),
        )

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        if "ResourceARN" in request:
            return [request["ResourceARN"]]
        if "Dashboard" in operation:
            names = request.get("DashboardNames") or [request.get("DashboardName", "*")]
            return [dashboard_arn(scope, name) for name in names]
        if operation in _ON_ALARMS:
            names = request.get("AlarmNames") or [request.get("AlarmName") or "*"]
            return [scope.arn("cloudwatch", f"alarm:{name}") for name in names]
        return ["*"]

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        keys: dict[str, Any] = {}
        if operation == "PutMetricData":
            keys["cloudwatch:namespace"] = request["Namespace"]
        if request.get("AlarmActions"):
            keys["cloudwatch:AlarmActions"] = request["AlarmActions"]
        return keys

    def tick(self) -> None:
        """Evaluates every metric alarm."""
        self._states.tick()

    def start(self) -> None:
        self._states.start()

    def close(self) -> None:
        self._states.close()

    def _require(self, arn: str, scope: Scope) -> None:
        if not self.tags.knows(arn):
            raise AwsError("ResourceNotFoundException", f"{arn} does not exist", 404)


_ON_ALARMS = (
    "PutMetricAlarm",
    "PutCompositeAlarm",
    "DescribeAlarms",
    "DescribeAlarmHistory",
    "DeleteAlarms",
    "EnableAlarmActions",
    "DisableAlarmActions",
    "SetAlarmState",
)
