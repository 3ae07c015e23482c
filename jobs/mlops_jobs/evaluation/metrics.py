"""Metrics of model quality in numpy; the image does not have scikit-learn."""

from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Classes = npt.NDArray[np.intp]

CURVE_POINTS = 200
MIN_PROBABILITY = 1e-15


def confusion_matrix(actual: Classes, predicted: Classes, classes: int) -> npt.NDArray[np.intp]:
    """Returns counts with a row for each actual class and a column for each predicted class.

    Args:
        actual: actual class of each row.
        predicted: predicted class of each row.
        classes: number of classes.
    """
    counts = np.bincount(actual * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def precision_recall(matrix: npt.NDArray[np.intp], undefined: float = 0.0) -> tuple[Vector, Vector]:
    """Returns precision and recall of each class.

    Args:
        matrix: confusion matrix.
        undefined: precision of a class that is never predicted, and recall of one that is never
            actual. Defaults to 0.
    """
    hits = np.diag(matrix).astype(float)
    predicted, actual = matrix.sum(axis=0), matrix.sum(axis=1)
    empty = np.full_like(hits, undefined)
    precision = np.divide(hits, predicted, out=empty.copy(), where=predicted > 0)
    recall = np.divide(hits, actual, out=empty.copy(), where=actual > 0)
    return precision, recall


def f_score(precision: Vector, recall: Vector, beta: float = 1) -> Vector:
    """Returns the weighted harmonic mean of precision and recall.

    Args:
        precision: precision of each class.
        recall: recall of each class.
        beta: weight of the recall. Defaults to 1: equal weights.
    """
    weight = beta * beta
    bottom = weight * precision + recall
    # Not a number if precision or recall is undefined; 0 if both are 0.
    return np.divide(
        (1 + weight) * precision * recall, bottom, out=np.zeros_like(bottom), where=bottom != 0
    )


def roc_curve(positive: npt.NDArray[np.bool_], score: Vector) -> tuple[Vector, Vector]:
    """Returns false and true positive rates at every threshold, from (0, 0) to (1, 1).

    Args:
        positive: for each row, True if it has the positive label.
        score: probability of the positive label.
    """
    order = np.argsort(-score, kind="stable")
    # Rows of equal score pass a threshold together.
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    true_positives = np.cumsum(positive[order])[ends]
    false_positives = ends + 1 - true_positives
    true_rate = np.append(0.0, true_positives / true_positives[-1])
    false_rate = np.append(0.0, false_positives / false_positives[-1])
    return false_rate, true_rate


def area(x: Vector, y: Vector) -> float:
    """Returns the area below a curve, by the trapezoidal rule.

    Args:
        x: increasing coordinates.
        y: values of the curve.
    """
    return float(np.trapezoid(y, x))


def thinned(x: Vector, y: Vector) -> tuple[list[float], list[float]]:
    """Returns at most `CURVE_POINTS` points of a curve, including both ends.

    Args:
        x: coordinates.
        y: values of the curve.
    """
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), CURVE_POINTS)).round().astype(int))
    return x[chosen].tolist(), y[chosen].tolist()


def logloss(actual: Classes, probabilities: npt.NDArray[np.float64]) -> float:
    """Returns the mean negative logarithm of the predicted probability of the actual class.

    Args:
        actual: actual class of each row.
        probabilities: a row of class probabilities for each row.
    """
    given = probabilities[np.arange(len(actual)), actual]
    return float(-np.log(np.clip(given, MIN_PROBABILITY, 1)).mean())


def weighted_f1(actual: Classes, predicted: Classes, classes: int) -> float:
    """Returns the F1 of the classes, weighted by their number of rows.

    Args:
        actual: actual class of each row.
        predicted: predicted class of each row.
        classes: number of classes.
    """
    matrix = confusion_matrix(actual, predicted, classes)
    precision, recall = precision_recall(matrix)
    return float(np.average(f_score(precision, recall), weights=matrix.sum(axis=1)))


def binary_report(
    actual: Classes,
    probability: Vector,
    labels: tuple[str, ...],
    threshold: float = 0.5,
    *,
    predicted: Classes | None = None,
    undefined: float = 0.0,
) -> dict[str, Any]:
    """Returns the metrics of a binary classification.

    Args:
        actual: 1 for rows with the second label, which is the positive one, else 0.
        probability: probability of the positive label, for each row.
        labels: the two labels.
        threshold: minimum probability at which a row is predicted as positive. Defaults to 0.5.
        predicted: predicted class of each row. Defaults to None: that of the threshold.
        undefined: precision and recall without a predicted or an actual row. Defaults to 0.
    """
    if predicted is None:
        predicted = (probability >= threshold).astype(np.intp)
    matrix = confusion_matrix(actual, predicted, 2)
    precision, recall = precision_recall(matrix, undefined)
    positive_precision, positive_recall = precision[1:], recall[1:]
    false_rate, true_rate = roc_curve(actual == 1, probability)
    both = np.column_stack([1 - probability, probability])
    false_rates, true_rates = thinned(false_rate, true_rate)
    return {
        "confusion_matrix": _labeled(matrix, labels),
        "accuracy": _value(np.trace(matrix) / matrix.sum()),
        "precision": _value(positive_precision[0]),
        "recall": _value(positive_recall[0]),
        "f0_5": _value(f_score(positive_precision, positive_recall, 0.5)[0]),
        "f1": _value(f_score(positive_precision, positive_recall)[0]),
        "f2": _value(f_score(positive_precision, positive_recall, 2)[0]),
        "true_positive_rate": _value(recall[1]),
        "true_negative_rate": _value(recall[0]),
        "false_positive_rate": _value(1 - recall[0]),
        "false_negative_rate": _value(1 - recall[1]),
        "auc": _value(area(false_rate, true_rate)),
        "logloss": _value(logloss(actual, both)),
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": false_rates,
            "true_positive_rates": true_rates,
        },
    }


def multiclass_report(
    actual: Classes,
    probabilities: npt.NDArray[np.float64],
    labels: tuple[str, ...],
    *,
    predicted: Classes | None = None,
) -> dict[str, Any]:
    """Returns the metrics of a multiclass classification; averages are weighted by rows of a class.

    Args:
        actual: actual class of each row.
        probabilities: a row of class probabilities for each row.
        labels: the labels, in the order of the classes.
        predicted: predicted class of each row. Defaults to None: the most probable one.
    """
    if predicted is None:
        predicted = probabilities.argmax(axis=1)
    matrix = confusion_matrix(actual, predicted, len(labels))
    precision, recall = precision_recall(matrix)
    rows = matrix.sum(axis=1)

    def weighted(values: Vector) -> dict[str, Any]:
        return _value(np.average(values, weights=rows))

    return {
        "confusion_matrix": _labeled(matrix, labels),
        "accuracy": _value(np.trace(matrix) / matrix.sum()),
        "weighted_precision": weighted(precision),
        "weighted_recall": weighted(recall),
        "weighted_f0_5": weighted(f_score(precision, recall, 0.5)),
        "weighted_f1": weighted(f_score(precision, recall)),
        "weighted_f2": weighted(f_score(precision, recall, 2)),
        "logloss": _value(logloss(actual, probabilities)),
    }


def regression_report(actual: Vector, predicted: Vector) -> dict[str, Any]:
    """Returns the metrics of a regression, and a sample of rows for a residual plot.

    Args:
        actual: target of each row.
        predicted: prediction for each row.
    """
    error = predicted - actual
    mse = float(np.mean(error**2))
    variance = float(np.var(actual))
    chosen = np.unique(
        np.linspace(0, len(actual) - 1, min(len(actual), CURVE_POINTS)).round().astype(int)
    )
    return {
        "mae": _value(np.mean(np.abs(error))),
        "mse": _value(mse),
        "rmse": _value(mse**0.5),
        "r2": _value(1 - mse / variance if variance > 0 else 0.0),
        "residuals": [
            {"actual": float(actual[row]), "predicted": float(predicted[row])} for row in chosen
        ],
    }


def _value(value: float | np.floating[Any]) -> dict[str, Any]:
    # Model Monitor writes "NaN" for a deviation that was not estimated.
    return {"value": float(value), "standard_deviation": "NaN"}


def _labeled(matrix: npt.NDArray[np.intp], labels: tuple[str, ...]) -> dict[str, dict[str, int]]:
    return {
        label: dict(zip(labels, row.tolist(), strict=True))
        for label, row in zip(labels, matrix, strict=True)
    }
