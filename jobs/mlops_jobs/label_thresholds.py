"""Thresholds of the labels of a model with more than two labels.

A model predicts the label with the largest ratio of probability and threshold. Labels whose
thresholds are equal are predicted as by the largest probability, and a rare label with a small
threshold is predicted more readily. Spark ML's classifiers have the same rule (`thresholds`).
"""

import numpy as np
import numpy.typing as npt

MIN_ROWS = 10  # a threshold that fewer rows determine would be chance
MAX_ROWS = 20_000  # more rows hardly change the thresholds
MAX_PASSES = 5  # the search rarely needs more than three
MAX_THRESHOLD = 0.5

Classes = npt.NDArray[np.intp]
Vector = npt.NDArray[np.float64]


def macro_f1_thresholds(actual: Classes, probabilities: Vector) -> tuple[float, ...]:
    """Returns the thresholds of labels with the largest mean F1 of all labels.

    One threshold after the other is set to its best value until none improves the mean, so that
    the result may be a local maximum. Labels with fewer than `MIN_ROWS` rows determine nothing:
    their F1 is not in the mean, and their threshold is that with which the search begins.

    Args:
        actual: number of the class of each row.
        probabilities: a row of probabilities for each row; their sum is 1.

    Returns:
        For each label its threshold; the largest one is 0.5.
    """
    step = max(1, -(-len(actual) // MAX_ROWS))
    actual, probabilities = actual[::step], probabilities[::step]
    count = probabilities.shape[1]
    measured = np.flatnonzero(np.bincount(actual, minlength=count) >= MIN_ROWS)
    weights = np.ones(count)
    if len(measured) < 2:
        return tuple(weights * MAX_THRESHOLD)
    best = _macro_f1(actual, probabilities.argmax(axis=1), measured)
    for _ in range(MAX_PASSES):
        before = best
        for label in measured:
            weight, score = _best_weight(actual, probabilities, weights, int(label), measured)
            if score > best + 1e-12:
                weights[label], best = weight, score
        if best <= before:
            break
    thresholds = weights.min() / weights * MAX_THRESHOLD
    return tuple(float(one) for one in thresholds)


def _macro_f1(actual: Classes, predicted: Classes, measured: Classes) -> float:
    hits = (actual == predicted)[:, None] & (actual[:, None] == measured)
    rows = (actual[:, None] == measured).sum(axis=0) + (predicted[:, None] == measured).sum(axis=0)
    return float(np.mean(2 * hits.sum(axis=0) / rows))


def _best_weight(
    actual: Classes, probabilities: Vector, weights: Vector, label: int, measured: Classes
) -> tuple[float, float]:
    """Returns the weight of a label with the largest mean F1 of measured labels, and that mean.

    A row is predicted as the label if its weight is above the row's ratio: the largest weighted
    probability of another label, divided by the probability of the label.
    """
    others = probabilities * weights
    others[:, label] = -1.0
    rival = others.argmax(axis=1)
    own = probabilities[:, label]
    possible = own > 0
    ratio = np.full(len(own), np.inf)
    ratio[possible] = others[np.arange(len(own)), rival][possible] / own[possible]
    order = np.argsort(ratio, kind="stable")
    ordered, rival, actual = ratio[order], rival[order], actual[order]
    rows = np.bincount(actual, minlength=probabilities.shape[1])

    def after(changes: npt.NDArray[np.bool_]) -> Vector:
        """Returns the number of changes in the first rows, for each number of rows."""
        return np.concatenate([[0.0], np.cumsum(changes)])

    total = np.zeros(len(ordered) + 1)
    for one in measured:
        if one == label:
            hits, predicted = after(actual == label), np.arange(len(ordered) + 1.0)
        else:
            given = rival == one
            right = given & (actual == one)
            hits, predicted = right.sum() - after(right), given.sum() - after(given)
        total += 2 * hits / (predicted + rows[one])
    # Rows of equal ratio change together; those of an infinite or no ratio cannot change.
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, [0, len(ordered)])
    finite, always = int(np.isfinite(ordered).sum()), int((ordered == 0).sum())
    ends = np.unique(ends[(ends <= finite) & (ends >= always)])
    if finite == always:
        return float(weights[label]), -np.inf
    scores = total[ends] / len(measured)
    best = ends[scores >= scores.max() - 1e-12]
    values = np.array([_between(ordered[:finite], int(end)) for end in best])
    nearest = int(np.abs(np.log(values / weights[label])).argmin())
    return float(values[nearest]), float(scores.max())


def _between(ordered: Vector, end: int) -> float:
    """Returns a weight above the first ratios and below the others."""
    low = float(ordered[end - 1]) if end else 0.0
    if end == len(ordered):
        return 2 * low
    high = float(ordered[end])
    return float(np.sqrt(low * high)) if low > 0 else high / 2
