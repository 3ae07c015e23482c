"""CloudWatch: metrics, alarms and dashboards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.cloudwatch.dashboards import Dashboards, dashboard_arn


class CloudWatch(Dashboards):
    """CloudWatch.

    Args:
        platform: The AWS around the service.
        clock: The present time.
    """

    validation_error = "ValidationError"

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

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        with self.lock:
            return dict(self.tags.get(arn, {}))

    def tag_resource(self, request: Request, context: Context) -> Response:
        with self.lock:
            self._tags_of(request).update({tag["Key"]: tag["Value"] for tag in request["Tags"]})
        return {}

    def untag_resource(self, request: Request, context: Context) -> Response:
        with self.lock:
            for key in request["TagKeys"]:
                self._tags_of(request).pop(key, None)
        return {}

    def list_tags_for_resource(self, request: Request, context: Context) -> Response:
        with self.lock:
            tags = dict(self._tags_of(request))
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _tags_of(self, request: Request) -> dict[str, str]:
        arn = request["ResourceARN"]
        if arn not in self.tags:
            raise AwsError("ResourceNotFoundException", f"{arn} does not exist", 404)
        return self.tags[arn]


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
