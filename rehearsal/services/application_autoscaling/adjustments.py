"""The capacity of a policy, given the datapoints of its alarm.

Source: "How step scaling works" and "How target tracking works" in the user guide of Application
Auto Scaling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def stepped(config: Mapping[str, Any], current: int, breach: float) -> int:
    """Returns the capacity of a step scaling policy.

    Args:
        config: the policy's configuration.
        current: the current capacity, which stays if there is no step for the breach.
        breach: the metric minus the alarm's threshold.
    """
    steps = config["StepAdjustments"]
    found = [step for step in steps if _covers(step, breach, above=breach >= 0)]
    if not found and breach == 0:  # at the threshold, where only steps below it are defined
        found = [step for step in steps if _covers(step, breach, above=False)]
    step = found[0] if found else None
    if step is None:
        return current
    adjustment = step["ScalingAdjustment"]
    match config["AdjustmentType"]:
        case "ExactCapacity":
            return int(adjustment)
        case "PercentChangeInCapacity":
            change = _rounded(current * adjustment / 100)
            least = int(config.get("MinAdjustmentMagnitude", 0))
            if change and abs(change) < least:
                change = int(math.copysign(least, change))
        case _:
            change = int(adjustment)
    return max(current + change, 0)


def _bounds(step: Mapping[str, Any]) -> tuple[float, float]:
    lower = step.get("MetricIntervalLowerBound", -math.inf)
    return float(lower), float(step.get("MetricIntervalUpperBound", math.inf))


def _covers(step: Mapping[str, Any], breach: float, *, above: bool) -> bool:
    """Returns True if a step covers a breach; the bound nearer to the threshold is inclusive."""
    lower, upper = _bounds(step)
    if above:
        return lower <= breach < upper
    return lower < breach <= upper


def _rounded(change: float) -> int:
    """Rounds toward zero, except for a change below one, which becomes one."""
    if 0 < abs(change) < 1:
        return int(math.copysign(1, change))
    return int(change)


def tracked(target: float, current: int, metric: float) -> int:
    """Returns the capacity at which the metric would be at its target.

    A current capacity of zero counts as one, so that a metric can scale out from zero.
    """
    return math.ceil(round(max(current, 1) * metric / target, 9))
