"""Metrics of a model that does not look at the features."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.evaluation.quality import report_of
from mlops_jobs.problem_type import ProblemType


def best_without_features(
    problem_type: ProblemType,
    labels: tuple[str, ...],
    actual: npt.NDArray[np.float64],
) -> dict[str, Any]:
    """Returns the metrics of always predicting the mean, or the shares of labels, of the rows.

    It is the best constant prediction, because it is made from the rows that it predicts, so a
    model that is better has learned from its features.

    Args:
        problem_type: kind of target.
        labels: labels in the order of their classes.
        actual: for each row the number of its class, or its value in a regression.

    Returns:
        Each metric that is one number, by its name.
    """
    if problem_type is ProblemType.REGRESSION:
        predictions = np.full(len(actual), actual.mean())
    else:
        counts = np.bincount(actual.astype(np.intp), minlength=len(labels))
        predictions = np.tile(counts / len(actual), (len(actual), 1))
    measures = report_of(problem_type, labels, actual, predictions)
    return {
        name: {"value": measure["value"]}
        for name, measure in measures.items()
        if isinstance(measure, dict) and "value" in measure
    }
