"""Messages of alarms: events, notifications and the events of Lambda functions.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.services.cloudwatch.alarm_evaluation import queries_of, stamp

Alarm = Mapping[str, Any]
_REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "EU (Ireland)",
    "eu-central-1": "EU (Frankfurt)",
}
_ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")


def event_detail(alarm: Alarm, before: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the detail of a `CloudWatch Alarm State Change` event with the previous state."""
    return {
        "alarmName": alarm["AlarmName"],
        "state": state_of(alarm),
        "previousState": dict(before),
        "configuration": _configuration(alarm),
    }


def function_event(scope: Scope, alarm: Alarm, before: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the event of a Lambda function that is an alarm's action."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["AlarmArn"],
        "accountId": scope.account,
        "time": stamp(alarm["StateUpdatedTimestamp"].timestamp()),
        "region": scope.region,
        "alarmData": event_detail(alarm, before),
    }


def state_of(alarm: Alarm) -> dict[str, str]:
    """Returns the state of an alarm as events have it."""
    state = {
        "value": alarm["StateValue"],
        "reason": alarm["StateReason"],
        "timestamp": stamp(alarm["StateUpdatedTimestamp"].timestamp()),
    }
    if alarm.get("StateReasonData"):
        state["reasonData"] = alarm["StateReasonData"]
    return state


def notification(scope: Scope, alarm: Alarm, old_state: str) -> tuple[str, str]:
    """Returns the subject and the message of an SNS notification."""
    region = _REGIONS.get(scope.region, scope.region)
    message: dict[str, Any] = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": scope.account,
        "AlarmConfigurationUpdatedTimestamp": stamp(
            alarm["AlarmConfigurationUpdatedTimestamp"].timestamp()
        ),
        "NewStateValue": alarm["StateValue"],
        "NewStateReason": alarm["StateReason"],
        "StateChangeTime": stamp(alarm["StateUpdatedTimestamp"].timestamp()),
        "Region": region,
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old_state,
        **{name: list(alarm.get(name) or []) for name in _ACTIONS},
    }
    if "AlarmRule" in alarm:
        message["AlarmRule"] = alarm["AlarmRule"]
        children = json.loads(alarm.get("StateReasonData") or "{}").get("triggeringAlarms", [])
        message["TriggeringChildren"] = [
            {
                "Arn": child["arn"],
                "State": {
                    "Value": child["state"]["value"],
                    "Timestamp": child["state"]["timestamp"],
                },
            }
            for child in children
        ]
    else:
        message["Trigger"] = _trigger(alarm)
    subject = f'{alarm["StateValue"]}: "{alarm["AlarmName"]}" in {region}'
    return subject[:100], json.dumps(message)


def _configuration(alarm: Alarm) -> dict[str, Any]:
    described = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if "AlarmRule" in alarm:
        return {"alarmRule": alarm["AlarmRule"], **described}
    metrics = []
    for query in queries_of(alarm):
        shown: dict[str, Any] = {
            "id": query["Id"] if alarm.get("Metrics") else str(uuid.uuid4()),
            "returnData": query.get("ReturnData", True),
        }
        if "Expression" in query:
            shown |= {"expression": query["Expression"], "label": query.get("Label", query["Id"])}
        else:
            given = query["MetricStat"]
            metric = given["Metric"]
            shown["metricStat"] = {
                "metric": {
                    "namespace": metric["Namespace"],
                    "name": metric["MetricName"],
                    "dimensions": {d["Name"]: d["Value"] for d in metric.get("Dimensions") or ()},
                },
                "period": given["Period"],
                "stat": given["Stat"],
            }
        metrics.append(shown)
    return {"metrics": metrics, **described}


def _trigger(alarm: Alarm) -> dict[str, Any]:
    common = {
        "Period": alarm.get("Period"),
        "EvaluationPeriods": alarm["EvaluationPeriods"],
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"],
        "ComparisonOperator": alarm["ComparisonOperator"],
        "Threshold": alarm["Threshold"],
        "TreatMissingData": alarm.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": alarm.get("EvaluateLowSampleCountPercentile", ""),
    }
    if alarm.get("Metrics"):
        return {**common, "Metrics": [_query(query) for query in alarm["Metrics"]]}
    percentile = alarm.get("ExtendedStatistic")
    shown = {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": percentile}
    if percentile is None:
        shown = {"StatisticType": "Statistic", "Statistic": alarm["Statistic"].upper()}
    return {
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        **shown,
        "Unit": alarm.get("Unit"),
        "Dimensions": _dimensions(alarm.get("Dimensions")),
        **common,
    }


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    if "MetricStat" not in query:
        return dict(query)
    metric = query["MetricStat"]["Metric"]
    shown = {**metric, "Dimensions": _dimensions(metric.get("Dimensions"))}
    return {**query, "MetricStat": {**query["MetricStat"], "Metric": shown}}


def _dimensions(given: Any) -> list[dict[str, str]]:
    return [{"value": d["Value"], "name": d["Name"]} for d in given or ()]
