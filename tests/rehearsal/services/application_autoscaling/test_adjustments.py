"""The capacity of step scaling and target tracking."""

from __future__ import annotations

import pytest

from rehearsal.services.application_autoscaling.adjustments import stepped, tracked

STEPS = {
    "AdjustmentType": "PercentChangeInCapacity",
    "MinAdjustmentMagnitude": 2,
    "StepAdjustments": [
        {"MetricIntervalUpperBound": -10, "ScalingAdjustment": -50},
        {"MetricIntervalLowerBound": -10, "MetricIntervalUpperBound": 0, "ScalingAdjustment": -10},
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 10},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 60},
    ],
}


@pytest.mark.parametrize(
    ("current", "breach", "capacity"),
    [(10, 5, 12), (10, 10, 16), (10, 25, 16), (10, -5, 8), (10, -10, 5), (10, -11, 5), (1, -20, 0)],
)
def test_steps_follow_the_size_of_the_breach(current: int, breach: float, capacity: int) -> None:
    assert stepped(STEPS, current, breach) == capacity


def test_at_the_threshold_a_step_below_it_counts() -> None:
    step = {"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}
    config = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [step]}

    assert stepped(config, 3, 0) == 2


def test_an_exact_step_and_none() -> None:
    step = {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 3}
    config = {"AdjustmentType": "ExactCapacity", "StepAdjustments": [step]}

    assert stepped(config, 7, 0) == 3
    assert stepped(config, 7, -1) == 7


@pytest.mark.parametrize(
    ("current", "metric", "capacity"), [(2, 150, 3), (3, 100, 3), (3, 10, 1), (0, 250, 3)]
)
def test_tracking_aims_at_the_target(current: int, metric: float, capacity: int) -> None:
    assert tracked(100.0, current, metric) == capacity
