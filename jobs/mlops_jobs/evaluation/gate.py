"""The gate of a pipeline: what a model must reach to be registered.

The pipeline compares the numbers itself. The report repeats the conditions, so that a reader sees
each number beside what it had to reach.
"""

import argparse
from dataclasses import dataclass
from typing import Any

from mlops_jobs.evaluation.quality import Metric

UNLIMITED = 1e38  # of a metric; JSON has no infinity


def no_threshold(metric: Metric) -> float:
    """Returns a threshold that every model reaches.

    Args:
        metric: metric of the gate.
    """
    if not metric.maximize:
        return UNLIMITED
    return max(metric.low, -UNLIMITED)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Conditions of the registration of a model.

    Args:
        threshold: least value of the metric, or largest value if it is minimized. Defaults to None:
            no threshold.
        beats_baseline: True if a model must be better than the baseline of the metric. Defaults to
            False.
        margin: loss of the metric against the deployed model that is accepted. Defaults to 0.
    """

    threshold: float | None = None
    beats_baseline: bool = False
    margin: float = 0.0

    def to_json(self, metric: Metric) -> dict[str, Any]:
        """Returns the member `gate` of the report.

        Args:
            metric: metric of the gate.

        Returns:
            The name of the metric and its group in the report, its direction, the threshold, the
            name of the baseline that must be beaten, and the margin; null for a condition that the
            gate does not have.
        """
        threshold = self.threshold
        if threshold is not None and abs(threshold - no_threshold(metric)) <= abs(threshold) * 1e-9:
            threshold = None
        return {
            "metric": metric.key,
            "group": metric.group,
            "maximize": metric.maximize,
            "threshold": threshold,
            "baseline": metric.baseline if self.beats_baseline else None,
            "margin": self.margin,
        }


def add_gate_options(options: argparse.ArgumentParser) -> None:
    """Adds the options of a gate to a parser.

    Args:
        options: the parser.
    """
    options.add_argument("--threshold", type=float, help="of the metric that decides")
    options.add_argument(
        "--beats-baseline", action="store_true", help="a model must be better than the baseline"
    )
    options.add_argument("--margin", type=float, default=0.0)


def gate_of(options: argparse.Namespace) -> Gate:
    """Returns the gate of parsed options.

    Args:
        options: result of a parser with the options of a gate.
    """
    return Gate(
        threshold=options.threshold,
        beats_baseline=options.beats_baseline,
        margin=options.margin,
    )
