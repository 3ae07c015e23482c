"""The metrics that tuning optimizes and the quality check compares with a threshold."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.decision import NO_COST_MATRIX, Criterion, Decision
from mlops_jobs.evaluation.metrics import (
    area,
    binary_report,
    confusion_matrix,
    f_score,
    multiclass_report,
    precision_recall,
    regression_report,
    roc_curve,
)
from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType

Numbers = npt.NDArray[np.floating[Any]]
Report = dict[str, Any]
DEFAULT = Decision()


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of model quality.

    Args:
        name: name in `config.yaml` and in the log lines that the tuner reads.
        maximize: True if a larger value is better.
        group: group of `evaluation.json`.
        key: name of the value in the group.
        report: returns the group, from labels, targets, predictions and the model's decision.
        low: least value that the metric can have.
        high: largest value that the metric can have.
        baseline: name in `evaluation.json` of the baseline that a model must beat. Defaults to
            without_features.
    """

    name: str
    maximize: bool
    group: str
    key: str
    report: Callable[[tuple[str, ...], Numbers, Numbers, Decision], Report]
    low: float
    high: float
    baseline: str = "without_features"

    def check_threshold(self, threshold: float) -> None:
        """Rejects a threshold that no model can fail, or that no model can reach.

        Args:
            threshold: minimum of the metric, or maximum if it is minimized.

        Raises:
            InputError: the threshold is outside of the metric's range.
        """
        if self.low <= threshold <= self.high and math.isfinite(threshold):
            return
        ends = [f"at least {self.low:g}"] if math.isfinite(self.low) else []
        ends += [f"at most {self.high:g}"] if math.isfinite(self.high) else []
        raise InputError(
            f"objective.threshold: got {threshold:g} for {self.name}; allowed: {', '.join(ends)}"
        )

    @property
    def report_path(self) -> str:
        """Path of the value in `evaluation.json`."""
        return f"{self.group}.{self.key}.value"

    @property
    def baseline_path(self) -> str:
        """Path of the value of the baseline in `evaluation.json`."""
        return f"baseline.{self.baseline}.{self.key}.value"

    def measure(
        self,
        labels: tuple[str, ...],
        target: Numbers,
        predictions: Numbers,
        decision: Decision = DEFAULT,
    ) -> float:
        """Returns the value of the metric.

        Args:
            labels: labels in the order of their classes.
            target: target of each row: its class number, or its value in a regression.
            predictions: result of `Model.predict`.
            decision: decision of the model. Defaults to the most probable label.

        Raises:
            InputError: the metric is the cost, and the model has no costs.
        """
        if alone := _ALONE.get((self.group, self.key)):
            return alone(target, predictions, decision)
        return float(self.report(labels, target, predictions, decision)[self.key]["value"])


def report_of(
    problem_type: ProblemType,
    labels: tuple[str, ...],
    target: Numbers,
    predictions: Numbers,
    decision: Decision = DEFAULT,
) -> Report:
    """Returns all metrics of predictions.

    Args:
        problem_type: kind of target.
        labels: labels in the order of their classes.
        target: target of each row: its class number, or its value in a regression.
        predictions: result of `Model.predict`.
        decision: decision of the model. Defaults to the most probable label.
    """
    return _REPORTS[problem_type](labels, target, predictions, decision)


def metric_of(problem_type: ProblemType, name: str | None) -> Metric:
    """Returns the metric of a name.

    Args:
        problem_type: kind of target.
        name: name of the metric. None is the default one: auc, accuracy or rmse.

    Raises:
        InputError: this kind of target does not have the metric; the message lists its metrics.
    """
    for metric in METRICS[problem_type]:
        if name in (None, metric.name):
            return metric
    allowed = ", ".join(metric.name for metric in METRICS[problem_type])
    raise InputError(f"objective.metric: got {name!r}; allowed: {allowed}")


def check_criterion(problem_type: ProblemType, metric: str | None, criterion: Criterion) -> None:
    """Rejects a criterion of the decision that the target or the metric does not allow.

    Args:
        problem_type: kind of target.
        metric: name of the metric.
        criterion: criterion of the decision.

    Raises:
        InputError: the criterion is for another kind of target, or the metric needs costs.
    """
    if problem_type is ProblemType.REGRESSION and criterion != Criterion():
        raise InputError(
            "decision: got a threshold or costs for a regression target; allowed: a target with "
            "labels. Remove the section"
        )
    if problem_type is ProblemType.MULTICLASS and criterion.of_two_labels:
        raise InputError(
            "decision: got a threshold or costs of the positive label for a multiclass target; "
            "allowed: thresholds, threshold macro_f1, or cost_matrix, with threshold cost or "
            "without"
        )
    if problem_type is ProblemType.BINARY and criterion.of_more_labels:
        raise InputError(
            "decision: got thresholds, macro_f1 or cost_matrix for a binary target; allowed: "
            "threshold and costs"
        )
    if problem_type is ProblemType.MULTICLASS and metric == "cost" and not criterion.cost_matrix:
        raise InputError(NO_COST_MATRIX)
    if problem_type is ProblemType.BINARY and metric == "cost" and criterion.costs is None:
        raise InputError(
            "objective.metric: got cost without costs; set decision.costs, such as "
            "{false_positive: 1, false_negative: 5}"
        )


def _binary(
    labels: tuple[str, ...], target: Numbers, predictions: Numbers, decision: Decision
) -> Report:
    actual, probability = target.astype(np.intp), predictions[:, 1].astype(np.float64)
    predicted = decision.predicted(probability)
    matrix = confusion_matrix(actual, predicted.astype(np.intp), 2)
    report = binary_report(actual, probability, labels, decision.threshold) | {
        "macro_f1": _value(f_score(*precision_recall(matrix)).mean()),
        "average_precision": _value(average_precision(actual == 1, probability)),
    }
    if decision.costs is not None:
        report["cost"] = _value(decision.cost(actual == 1, predicted))
    return report


def _multiclass(
    labels: tuple[str, ...], target: Numbers, predictions: Numbers, decision: Decision
) -> Report:
    actual, probabilities = target.astype(np.intp), predictions.astype(np.float64)
    predicted = decision.chosen(predictions)
    matrix = confusion_matrix(actual, predicted, len(labels))
    report = multiclass_report(actual, probabilities, labels, predicted=predicted) | {
        "macro_f1": _value(f_score(*precision_recall(matrix)).mean())
    }
    if decision.cost_matrix is not None:
        report["cost"] = _value(decision.cost_of_labels(actual, predicted))
    return report


def _regression(_: tuple[str, ...], target: Numbers, predictions: Numbers, __: Decision) -> Report:
    return regression_report(target.astype(np.float64), predictions.astype(np.float64))


def average_precision(positive: npt.NDArray[np.bool_], score: Numbers) -> float:
    """Returns the area below the steps of the curve of precision and recall.

    Args:
        positive: for each row, True if it has the positive label.
        score: probability of the positive label.
    """
    order = np.argsort(-score, kind="stable")
    # Rows of equal score pass a threshold together.
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits = np.cumsum(positive[order])[ends]
    precision, recall = hits / (ends + 1), hits / max(hits[-1], 1)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def _value(value: float) -> Report:
    return {"value": float(value), "standard_deviation": "NaN"}


def _auc(target: Numbers, predictions: Numbers, _: Decision) -> float:
    return float(area(*roc_curve(target == 1, predictions[:, 1].astype(np.float64))))


def _average_precision(target: Numbers, predictions: Numbers, _: Decision) -> float:
    return average_precision(target == 1, predictions[:, 1].astype(np.float64))


def _cost(target: Numbers, predictions: Numbers, decision: Decision) -> float:
    if predictions.shape[1] > 2:
        return decision.cost_of_labels(target.astype(np.intp), decision.chosen(predictions))
    return decision.cost(target == 1, decision.predicted(predictions[:, 1]))


def _accuracy(target: Numbers, predictions: Numbers, decision: Decision) -> float:
    binary = predictions.shape[1] == 2
    chosen = decision.predicted(predictions[:, 1]) if binary else decision.chosen(predictions)
    return float(np.mean(chosen == target))


def _root_mean_squared_error(target: Numbers, predictions: Numbers, _: Decision) -> float:
    error = predictions.astype(np.float64) - target
    return float(np.sqrt(np.mean(error**2)))


# Metrics that need not all others; bootstrap samples measure them thousands of times.
_ALONE: dict[tuple[str, str], Callable[[Numbers, Numbers, Decision], float]] = {
    (ProblemType.BINARY.report, "cost"): _cost,
    (ProblemType.BINARY.report, "auc"): _auc,
    (ProblemType.BINARY.report, "average_precision"): _average_precision,
    (ProblemType.BINARY.report, "accuracy"): _accuracy,
    (ProblemType.MULTICLASS.report, "accuracy"): _accuracy,
    (ProblemType.MULTICLASS.report, "cost"): _cost,
    (ProblemType.REGRESSION.report, "rmse"): _root_mean_squared_error,
}

_REPORTS = {
    ProblemType.BINARY: _binary,
    ProblemType.MULTICLASS: _multiclass,
    ProblemType.REGRESSION: _regression,
}


def _metrics(problem_type: ProblemType, *names: tuple[str, bool, str]) -> tuple[Metric, ...]:
    return tuple(
        Metric(
            name=name,
            maximize=maximize,
            group=problem_type.report,
            key=key,
            report=_REPORTS[problem_type],
            low=-math.inf if name == "r2" else 0.0,
            high=1.0 if maximize else math.inf,
        )
        for name, maximize, key in names
    )


# Names of groups and values are those of SageMaker Model Monitor's model quality statistics, so
# that a monitor can be compared with the evaluation. The first metric is the default.
# Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
METRICS = {
    ProblemType.BINARY: _metrics(
        ProblemType.BINARY,
        ("auc", True, "auc"),
        ("f1", True, "f1"),
        ("accuracy", True, "accuracy"),
        ("logloss", False, "logloss"),
        ("average_precision", True, "average_precision"),
        ("macro_f1", True, "macro_f1"),
        ("cost", False, "cost"),
    ),
    ProblemType.MULTICLASS: _metrics(
        ProblemType.MULTICLASS,
        ("accuracy", True, "accuracy"),
        ("f1", True, "weighted_f1"),
        ("macro_f1", True, "macro_f1"),
        ("logloss", False, "logloss"),
        ("cost", False, "cost"),
    ),
    ProblemType.REGRESSION: _metrics(
        ProblemType.REGRESSION,
        ("rmse", False, "rmse"),
        ("mae", False, "mae"),
        ("r2", True, "r2"),
    ),
}
