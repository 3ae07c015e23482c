"""Metrics of a model that does not look at the features."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.decision import Decision
from mlops_jobs.evaluation.quality import METRICS, report_of
from mlops_jobs.problem_type import ProblemType

DEFAULT = Decision()
OF_LABELS = ("accuracy", "f1", "macro_f1", "cost")
"""Metrics of the predicted labels, not of the probabilities."""


def best_without_features(
    problem_type: ProblemType,
    labels: tuple[str, ...],
    actual: npt.NDArray[np.float64],
    decision: Decision = DEFAULT,
) -> dict[str, Any]:
    """Returns the metrics of always predicting the mean, or the shares of labels, of the rows.

    Metrics of predicted labels that may be an objective are those of the best label instead: that
    of the most frequent one, or for F1 and cost of a binary target also that of the positive one.
    It is the best constant prediction, because it is made from the rows that it predicts, so a
    model that is better has learned from its features.

    Args:
        problem_type: kind of target.
        labels: labels in the order of their classes.
        actual: for each row the number of its class, or its value in a regression.
        decision: decision of the model. Defaults to the most probable label.

    Returns:
        Each metric that is one number, by its name.
    """
    if problem_type is ProblemType.REGRESSION:
        predictions = np.full(len(actual), actual.mean())
        return _values(report_of(problem_type, labels, actual, predictions))
    counts = np.bincount(actual.astype(np.intp), minlength=len(labels))
    predictions = np.tile(counts / len(actual), (len(actual), 1))
    found = _values(report_of(problem_type, labels, actual, predictions, decision))
    constant = {int(counts.argmax())} | ({1} if problem_type is ProblemType.BINARY else set())
    if decision.cost_matrix is not None:
        constant = set(range(len(labels)))  # the rarest label may be the cheapest
    certain = [
        _values(report_of(problem_type, labels, actual, np.tile(row, (len(actual), 1)), decision))
        for row in np.eye(len(labels))[sorted(constant)]
    ]
    for metric in METRICS[problem_type]:
        if metric.key in found and metric.name in OF_LABELS:
            choose = max if metric.maximize else min
            found[metric.key] = choose(
                (one[metric.key] for one in certain), key=lambda one: one["value"]
            )
    return found


def _values(measures: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"value": measure["value"]}
        for name, measure in measures.items()
        if isinstance(measure, dict) and "value" in measure
    }
