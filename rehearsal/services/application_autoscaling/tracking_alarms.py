"""The alarms that Application Auto Scaling creates for a target tracking policy.

Sources: "Target tracking scaling policies" in the user guide, and "Predefined
metrics" for SageMaker.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from rehearsal.services.application_autoscaling.records import TargetKey

_WARNING = "DO NOT EDIT OR DELETE."
_OUT_PERIODS, _IN_MINUTES = 3, 15
_SCALE_IN_SHARE = 0.9
"""The share of the target below which a policy scales in, to prevent oscillation."""


class _Metric(NamedTuple):
    name: str
    statistic: str
    period: int


_PREDEFINED = {
    "SageMakerVariantInvocationsPerInstance": _Metric("InvocationsPerInstance", "Sum", 60),
    "SageMakerVariantProvisionedConcurrencyUtilization": _Metric(
        "ServerlessProvisionedConcurrencyUtilization", "Maximum", 60
    ),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": _Metric(
        "ConcurrentRequestsPerModel", "Maximum", 10
    ),
    "SageMakerInferenceComponentInvocationsPerCopy": _Metric("InvocationsPerCopy", "Sum", 60),
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": _Metric(
        "ConcurrentRequestsPerCopy", "Maximum", 10
    ),
}


def tracking_alarms(
    key: TargetKey, config: Mapping[str, Any], policy_arn: str
) -> list[dict[str, Any]]:
    """Returns the PutMetricAlarm requests of a policy: one to scale out, one to scale in."""
    metric = _metric(key, config)
    period = int(metric.get("Period", 60))
    target = float(config["TargetValue"])
    shared = {
        "AlarmDescription": f"{_WARNING} For TargetTrackingScaling policy {policy_arn}.",
        "ActionsEnabled": True,
        "AlarmActions": [policy_arn],
        **metric,
    }
    alarms = [
        {
            **shared,
            "AlarmName": _name(key, "AlarmHigh"),
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": target,
            "EvaluationPeriods": _OUT_PERIODS,
        }
    ]
    if not config.get("DisableScaleIn"):
        alarms.append(
            {
                **shared,
                "AlarmName": _name(key, "AlarmLow"),
                "ComparisonOperator": "LessThanThreshold",
                "Threshold": round(target * _SCALE_IN_SHARE, 9),
                "EvaluationPeriods": _IN_MINUTES * 60 // period,
            }
        )
    return alarms


def _name(key: TargetKey, kind: str) -> str:
    return f"TargetTracking-{key.resource}-{kind}-{uuid.uuid4()}"


def _metric(key: TargetKey, config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the metric of the alarms, as members of PutMetricAlarm."""
    custom = config.get("CustomizedMetricSpecification")
    if custom and custom.get("Metrics"):
        return {"Metrics": [_query(query) for query in custom["Metrics"]]}
    if custom:
        members = ("MetricName", "Namespace", "Dimensions", "Statistic", "Unit")
        return {**{name: custom[name] for name in members if name in custom}, "Period": 60}
    metric = _PREDEFINED[config["PredefinedMetricSpecification"]["PredefinedMetricType"]]
    parts = key.resource.split("/")
    if "inference-component" in key.dimension:
        dimensions = {"InferenceComponentName": parts[1]}
    else:
        dimensions = {"EndpointName": parts[1], "VariantName": parts[3]}
    return {
        "MetricName": metric.name,
        "Namespace": "AWS/SageMaker",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Statistic": metric.statistic,
        "Period": metric.period,
    }


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a query in the form of CloudWatch, with a period of one minute."""
    if "MetricStat" not in query:
        return {**query, "Period": 60} if "Expression" in query else dict(query)
    return {**query, "MetricStat": {**query["MetricStat"], "Period": 60}}
