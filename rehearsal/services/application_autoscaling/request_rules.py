"""Rules of Application Auto Scaling's requests, beyond the models.

Sources name operations and shapes of the Application Auto Scaling API Reference.
"""

import datetime
import math
import zoneinfo
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from rehearsal.framework.rules.kinds import (
    at_most,
    bounded,
    exactly_one,
    exclusive,
    less,
    only_with,
    requires,
    rule,
    unique,
)
from rehearsal.framework.rules.rule import Call, Catalogue, Rule
from rehearsal.framework.rules.tagging import reserved_tag_rule
from rehearsal.framework.schedule_expressions import InvalidExpressionError, parse

_POLICY = "PutScalingPolicy"
_ACTION = "PutScheduledAction"
_STEPS = "StepScalingPolicyConfiguration"
_TRACKING = "TargetTrackingScalingPolicyConfiguration"
_CONFIGURATIONS = {
    "StepScaling": _STEPS,
    "TargetTrackingScaling": _TRACKING,
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}
_DESCRIBE = (
    "DescribeScalingActivities",
    "DescribeScalingPolicies",
    "DescribeScheduledActions",
)
_CUSTOM = f"{_TRACKING}.CustomizedMetricSpecification"
_PREDEFINED = f"{_TRACKING}.PredefinedMetricSpecification"
_DIMENSIONS = {
    "SageMakerVariantInvocationsPerInstance": "sagemaker:variant:DesiredInstanceCount",
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": (
        "sagemaker:variant:DesiredInstanceCount"
    ),
    "SageMakerVariantProvisionedConcurrencyUtilization": (
        "sagemaker:variant:DesiredProvisionedConcurrency"
    ),
    "SageMakerInferenceComponentInvocationsPerCopy": (
        "sagemaker:inference-component:DesiredCopyCount"
    ),
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": (
        "sagemaker:inference-component:DesiredCopyCount"
    ),
}
_TARGET: dict[str, Any] = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/live/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
_TRACKED = {
    **_TARGET,
    "PolicyType": "TargetTrackingScaling",
    f"{_TRACKING}.TargetValue": 100.0,
    f"{_PREDEFINED}.PredefinedMetricType": "SageMakerVariantInvocationsPerInstance",
}
_MEASURED = {
    **_TARGET,
    "PolicyType": "TargetTrackingScaling",
    f"{_TRACKING}.TargetValue": 100.0,
    f"{_CUSTOM}.MetricName": "Backlog",
    f"{_CUSTOM}.Namespace": "Churn",
    f"{_CUSTOM}.Statistic": "Average",
}
_QUERIED = {
    **_TARGET,
    "PolicyType": "TargetTrackingScaling",
    f"{_TRACKING}.TargetValue": 100.0,
    f"{_CUSTOM}.Metrics[0].Id": "m1",
    f"{_CUSTOM}.Metrics[0].Expression": "1",
    f"{_CUSTOM}.Metrics[0].ReturnData": True,
}
_SCHEDULED = {
    **_TARGET,
    "ScheduledActionName": "night",
    "Schedule": "cron(0 20 * * ? *)",
    "ScalableTargetAction.MinCapacity": 0,
    "ScalableTargetAction.MaxCapacity": 1,
}
_REGISTERED = {**_TARGET, "MinCapacity": 1, "MaxCapacity": 2}


def _stepped(*steps: tuple[float | None, float | None], **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        **_TARGET,
        "PolicyType": "StepScaling",
        f"{_STEPS}.AdjustmentType": "ChangeInCapacity",
    }
    for index, (low, high) in enumerate(steps):
        place = f"{_STEPS}.StepAdjustments[{index}]"
        made[f"{place}.ScalingAdjustment"] = 1
        made[f"{place}.MetricIntervalLowerBound"] = low
        made[f"{place}.MetricIntervalUpperBound"] = high
    return {**made, **{f"{_STEPS}.{name}": value for name, value in changes.items()}}


_STEP = _stepped((0.0, None))


def _kind(call: Call) -> str:
    return str(call.get("PolicyType") or "StepScaling")


def _needed(call: Call) -> Iterator[str]:
    kind = _kind(call)
    if call.get(_CONFIGURATIONS[kind]) is None:
        yield f"A policy of type {kind} needs {_CONFIGURATIONS[kind]}"


def _others(call: Call) -> Iterator[str]:
    kind = _kind(call)
    for other, member in _CONFIGURATIONS.items():
        if other != kind and call.get(member) is not None:
            yield f"A policy of type {kind} cannot have {member}"


def _predictive(call: Call) -> Iterator[str]:
    if _kind(call) == "PredictiveScaling" and call.get("ServiceNamespace") != "ecs":
        dimension = call.get("ScalableDimension")
        yield f"Predictive scaling does not support scalable dimension {dimension}"


def _step_members(call: Call) -> Iterator[str]:
    config = call.get(_STEPS)
    if config is not None and not (config.get("AdjustmentType") and config.get("StepAdjustments")):
        yield "A step scaling policy needs AdjustmentType and StepAdjustments"


def _metric_dimension(call: Call) -> Iterator[str]:
    name, dimension = call.get(f"{_PREDEFINED}.PredefinedMetricType"), call.get("ScalableDimension")
    if name and call.get("ServiceNamespace") == "sagemaker" and _DIMENSIONS.get(name) != dimension:
        yield f"{name} is not a predefined metric of scalable dimension {dimension}"


def _ranges(call: Call) -> list[tuple[float, float]]:
    return sorted(
        (
            float(step.get("MetricIntervalLowerBound", -math.inf)),
            float(step.get("MetricIntervalUpperBound", math.inf)),
        )
        for _, step in call.values(f"{_STEPS}.StepAdjustments[]")
    )


def _ranges_that(breaks: Callable[[list[tuple[float, float]]], bool], why: str) -> Any:
    def check(call: Call) -> Iterator[str]:
        ranges = _ranges(call)
        if ranges and breaks(ranges):
            yield f"Step adjustment ranges are not valid: {why}"

    return check


def _step_rule(
    name: str,
    text: str,
    breaks: Callable[[list[tuple[float, float]]], bool],
    why: str,
    *steps: tuple[float | None, float | None],
) -> Rule:
    return rule(
        name,
        _POLICY,
        text,
        _ranges_that(breaks, why),
        source="StepAdjustment",
        fails=_stepped(*steps),
        passes=_STEP,
    )


def _exact(call: Call) -> Iterator[str]:
    config = call.get(_STEPS) or {}
    for step in config.get("StepAdjustments") or ():
        if config.get("AdjustmentType") == "ExactCapacity" and step["ScalingAdjustment"] < 0:
            yield (
                "ScalingAdjustment must not be negative for AdjustmentType ExactCapacity; got "
                f"{step['ScalingAdjustment']}"
            )


def _capacity(call: Call) -> Iterator[str]:
    low, high = call.get("MinCapacity"), call.get("MaxCapacity")
    if low is not None and high is not None and low > high:
        yield f"Maximum capacity ({high}) cannot be less than minimum capacity ({low})"


def _query_ids(call: Call) -> Iterator[str]:
    for place, given in call.values(f"{_CUSTOM}.Metrics[].Id"):
        if not given[:1].islower():
            yield f"{place} must begin with a lower-case letter; got {given}"


def _returned(call: Call) -> Iterator[str]:
    queries = call.get(f"{_CUSTOM}.Metrics") or ()
    returned = [one["Id"] for one in queries if one.get("ReturnData", True)]
    if queries and len(returned) != 1:
        yield (
            f"Exactly one of Metrics must have ReturnData true; got {', '.join(returned) or 'none'}"
        )


def _zone(call: Call) -> Iterator[str]:
    zone = call.get("Timezone")
    if zone and zone not in zoneinfo.available_timezones():
        yield f"Timezone must be a canonical name of an IANA time zone; got {zone}"


def _schedule(call: Call) -> Iterator[str]:
    try:
        parse(str(call.get("Schedule") or "rate(1 hour)"))
    except InvalidExpressionError as problem:
        yield str(problem)


APPLICATION_AUTOSCALING = Catalogue(
    "application-autoscaling",
    reserved_tag_rule("application-autoscaling", source='"Tag restrictions" in the user guide'),
    rule(
        "policy-configuration",
        _POLICY,
        "A policy has the configuration of its type.",
        _needed,
        source="PutScalingPolicy, StepScalingPolicyConfiguration",
        fails={**_TARGET, "PolicyType": "TargetTrackingScaling"},
        passes=_TRACKED,
    ),
    rule(
        "policy-one-configuration",
        _POLICY,
        "A policy has no configuration of another type.",
        _others,
        source="PutScalingPolicy, TargetTrackingScalingPolicyConfiguration",
        fails={**_TRACKED, f"{_STEPS}.AdjustmentType": "ChangeInCapacity"},
        passes=_TRACKED,
    ),
    rule(
        "predictive-ecs",
        _POLICY,
        "Predictive scaling is supported for Amazon ECS only.",
        _predictive,
        source="PutScalingPolicy, PolicyType",
        fails={
            **_TARGET,
            "PolicyType": "PredictiveScaling",
            "PredictiveScalingPolicyConfiguration.MetricSpecifications[0].TargetValue": 50.0,
        },
        passes=_TRACKED,
    ),
    rule(
        "step-members",
        _POLICY,
        "A step scaling policy has AdjustmentType and StepAdjustments.",
        _step_members,
        source="StepScalingPolicyConfiguration, AdjustmentType",
        fails=_stepped(),
        passes=_STEP,
    ),
    _step_rule(
        "step-bounds",
        "The lower bound of a step is less than its upper bound.",
        lambda ranges: any(low >= high for low, high in ranges),
        "lower bounds must be less than upper bounds",
        (5.0, 5.0),
        (5.0, None),
    ),
    _step_rule(
        "step-one-bound",
        "A step has a lower or an upper bound.",
        lambda ranges: (-math.inf, math.inf) in ranges,
        "a step must have a lower or an upper bound",
        (None, None),
    ),
    _step_rule(
        "step-gaps",
        "Steps do not overlap and have no gap.",
        lambda ranges: any(end != start for (_, end), (start, _) in pairwise(ranges)),
        "step adjustments cannot overlap or have a gap",
        (0.0, 10.0),
        (20.0, None),
    ),
    _step_rule(
        "step-lowest",
        "With a negative lower bound, one step has no lower bound.",
        lambda ranges: math.isfinite(ranges[0][0]) and ranges[0][0] < 0,
        "below the threshold one step needs no lower bound",
        (-10.0, 0.0),
    ),
    _step_rule(
        "step-highest",
        "With a positive upper bound, one step has no upper bound.",
        lambda ranges: math.isfinite(ranges[-1][1]) and ranges[-1][1] > 0,
        "above the threshold one step needs no upper bound",
        (0.0, 10.0),
    ),
    rule(
        "step-exact-capacity",
        _POLICY,
        "An exact capacity is not negative.",
        _exact,
        source="StepAdjustment, ScalingAdjustment",
        fails=_stepped(
            (0.0, None),
            **{"AdjustmentType": "ExactCapacity", "StepAdjustments[0].ScalingAdjustment": -1},
        ),
        passes=_stepped((0.0, None), AdjustmentType="ExactCapacity"),
    ),
    only_with(
        "step-minimum",
        _POLICY,
        "MinAdjustmentMagnitude",
        "AdjustmentType",
        "PercentChangeInCapacity",
        at=_STEPS,
        source="StepScalingPolicyConfiguration, MinAdjustmentMagnitude",
        fails=_stepped((0.0, None), MinAdjustmentMagnitude=2),
        passes=_stepped(
            (0.0, None), MinAdjustmentMagnitude=2, AdjustmentType="PercentChangeInCapacity"
        ),
    ),
    exactly_one(
        "tracking-metric",
        _POLICY,
        "PredefinedMetricSpecification",
        "CustomizedMetricSpecification",
        at=_TRACKING,
        source="TargetTrackingScalingPolicyConfiguration, CustomizedMetricSpecification",
        fails={**_TRACKED, f"{_CUSTOM}.MetricName": "Backlog"},
        passes=_TRACKED,
    ),
    rule(
        "tracking-dimension",
        _POLICY,
        "A predefined metric is one of the scalable dimension.",
        _metric_dimension,
        source='"Predefined metrics for target tracking scaling policies"',
        fails={**_TRACKED, "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount"},
        passes=_TRACKED,
    ),
    only_with(
        "tracking-label",
        _POLICY,
        "ResourceLabel",
        "PredefinedMetricType",
        "ALBRequestCountPerTarget",
        at=_PREDEFINED,
        source="PredefinedMetricSpecification, ResourceLabel",
        fails={**_TRACKED, f"{_PREDEFINED}.ResourceLabel": "app/lb/1/targetgroup/tg/2"},
        passes=_TRACKED,
    ),
    bounded(
        "tracking-value",
        _POLICY,
        f"{_TRACKING}.TargetValue",
        -(2.0**360),
        2.0**360,
        text="TargetValue is in the range of -2^360 to 2^360.",
        source="TargetTrackingScalingPolicyConfiguration, TargetValue",
        fails={**_TRACKED, f"{_TRACKING}.TargetValue": 2.0**361},
        passes=_TRACKED,
    ),
    exclusive(
        "tracking-metric-or-queries",
        _POLICY,
        "Metrics",
        "MetricName",
        at=_CUSTOM,
        source="CustomizedMetricSpecification, Metrics",
        fails={**_QUERIED, f"{_CUSTOM}.MetricName": "Backlog"},
        passes=_QUERIED,
    ),
    exactly_one(
        "tracking-query",
        _POLICY,
        "Expression",
        "MetricStat",
        at=f"{_CUSTOM}.Metrics[]",
        source="TargetTrackingMetricDataQuery, Expression",
        fails={**_QUERIED, f"{_CUSTOM}.Metrics[0].MetricStat.Stat": "Sum"},
        passes=_QUERIED,
    ),
    unique(
        "tracking-query-ids",
        _POLICY,
        f"{_CUSTOM}.Metrics",
        "Id",
        source="TargetTrackingMetricDataQuery, Id",
        fails={
            **_QUERIED,
            f"{_CUSTOM}.Metrics[1].Id": "m1",
            f"{_CUSTOM}.Metrics[1].Expression": "2",
            f"{_CUSTOM}.Metrics[1].ReturnData": False,
        },
        passes=_QUERIED,
    ),
    rule(
        "tracking-query-names",
        _POLICY,
        "The Id of a query begins with a lower-case letter.",
        _query_ids,
        source="TargetTrackingMetricDataQuery, Id",
        fails={**_QUERIED, f"{_CUSTOM}.Metrics[0].Id": "M1"},
        passes=_QUERIED,
    ),
    rule(
        "tracking-returned-query",
        _POLICY,
        "Exactly one query has ReturnData true.",
        _returned,
        source="TargetTrackingMetricDataQuery, ReturnData",
        fails={**_QUERIED, f"{_CUSTOM}.Metrics[0].ReturnData": False},
        passes=_QUERIED,
    ),
    rule(
        "target-capacity",
        "RegisterScalableTarget",
        "MinCapacity is at most MaxCapacity.",
        _capacity,
        source="RegisterScalableTarget, MinCapacity",
        fails={**_REGISTERED, "MinCapacity": 3},
        passes=_REGISTERED,
    ),
    bounded(
        "target-minimum",
        "RegisterScalableTarget",
        "MinCapacity",
        0,
        source="RegisterScalableTarget, MinCapacity",
        fails={**_REGISTERED, "MinCapacity": -1},
        passes={**_REGISTERED, "MinCapacity": 0},
    ),
    at_most(
        "action-capacity",
        _ACTION,
        "MinCapacity",
        "MaxCapacity",
        at="ScalableTargetAction",
        source="PutScheduledAction, ScalableTargetAction",
        fails={**_SCHEDULED, "ScalableTargetAction.MinCapacity": 2},
        passes=_SCHEDULED,
    ),
    less(
        "action-times",
        _ACTION,
        "StartTime",
        "EndTime",
        source="PutScheduledAction, EndTime",
        fails={
            **_SCHEDULED,
            "StartTime": datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC),
            "EndTime": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        },
        passes=_SCHEDULED,
    ),
    rule(
        "action-zone",
        _ACTION,
        "Timezone is a name of an IANA time zone.",
        _zone,
        source="PutScheduledAction, Timezone",
        fails={**_SCHEDULED, "Timezone": "Berlin"},
        passes={**_SCHEDULED, "Timezone": "Europe/Berlin"},
    ),
    rule(
        "action-schedule",
        _ACTION,
        "Schedule is an at, rate or cron expression.",
        _schedule,
        source="PutScheduledAction, Schedule",
        fails={**_SCHEDULED, "Schedule": "every hour"},
        passes={**_SCHEDULED, "Schedule": "rate(2 hours)"},
    ),
    *(
        requires(
            f"{operation.removeprefix('Describe').lower()}-dimension",
            operation,
            "ScalableDimension",
            "ResourceId",
            source=f"{operation}, ScalableDimension",
            fails={**_TARGET, "ResourceId": None},
            passes=_TARGET,
        )
        for operation in _DESCRIBE
    ),
    requires(
        "targets-dimension",
        "DescribeScalableTargets",
        "ScalableDimension",
        "ResourceIds",
        source="DescribeScalableTargets, ScalableDimension",
        fails={k: v for k, v in _TARGET.items() if k != "ResourceId"},
        passes={
            **{k: v for k, v in _TARGET.items() if k != "ResourceId"},
            "ResourceIds[0]": _TARGET["ResourceId"],
        },
    ),
)
