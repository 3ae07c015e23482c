"""The capacity that a policy asks for, given what its alarm saw.

See "How step scaling works" and "How target tracking works" in the user guide of Application Auto
Scaling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def stepped(config: Mapping[str, Any], current: int, breach: float) -> int:
    """The capacity of a step scaling policy.

    `breach` is the metric minus the alarm's threshold. Without a step for it nothing changes.
    """
    step = next((s for s in config["StepAdjustments"] if _covers(s, breach)), None)
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


def _covers(step: Mapping[str, Any], breach: float) -> bool:
    """Above the threshold the lower bound belongs to the step, below it the upper one."""
    lower = step.get("MetricIntervalLowerBound", -math.inf)
    upper = step.get("MetricIntervalUpperBound", math.inf)
    if breach >= 0:
        return bool(lower <= breach < upper)
    return bool(lower < breach <= upper)


def _rounded(change: float) -> int:
    """Toward zero, but a change of less than one is one."""
    if 0 < abs(change) < 1:
        return int(math.copysign(1, change))
    return int(change)


def tracked(target: float, current: int, metric: float) -> int:
    """The capacity at which the metric would be at its target.

    At zero the metric counts as that of one: what is there for nobody is there for the first.
    """
    return math.ceil(round(max(current, 1) * metric / target, 9))
