"""Model quality: metrics of predictions, compared with those of the evaluation.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.evaluation.labels import Labels, canonical, distinct
from mlops_jobs.evaluation.metrics import (
    binary_report,
    confusion_matrix,
    f_score,
    multiclass_report,
    precision_recall,
    regression_report,
)
from mlops_jobs.evaluation.resampling import Draw, sample_deviations, standard_deviations
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.columns.chance import METRICS_ERROR
from mlops_jobs.monitoring.findings import Findings, Metric
from mlops_jobs.monitoring.traffic.labeled import Labeled
from mlops_jobs.problem_type import ProblemType, in_order

BELOW, ABOVE = "LessThanThreshold", "GreaterThanThreshold"
LOWER_IS_BETTER = frozenset(
    {"mae", "mse", "rmse", "logloss", "false_positive_rate", "false_negative_rate"}
)
CONSTANT = "_best_constant_classifier"
MIN_ROWS = 30  # with fewer labels there is no verdict
MIN_ROWS_OF_CLASS = 20  # the same for metrics of the rows of one class
MIN_ROWS_FOR_DEVIATION = 200  # as Model Monitor

PROBLEM_TYPES = {
    "BinaryClassification": ProblemType.BINARY,
    "MulticlassClassification": ProblemType.MULTICLASS,
    "Regression": ProblemType.REGRESSION,
}


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Rows with ground truth and prediction, as numbers.

    Args:
        problem: problem type of the model.
        labels: labels in the order of the model's classes; () for a regression.
        actual: class or value of each row.
        predicted: predicted class or value of each row.
        probabilities: probability of each label for each row; NaN where the prediction has none.
    """

    problem: ProblemType
    labels: tuple[str, ...]
    actual: npt.NDArray[Any]
    predicted: npt.NDArray[Any]
    probabilities: npt.NDArray[np.float64]

    def drawn(self, draw: Draw) -> "Scored":
        """Returns selected rows.

        Args:
            draw: their indices.
        """
        return Scored(
            problem=self.problem,
            labels=self.labels,
            actual=self.actual[draw],
            predicted=self.predicted[draw],
            probabilities=self.probabilities[draw],
        )

    def report(self) -> dict[str, Any]:
        """Returns the metrics; a metric that is undefined for these rows is NaN."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            if self.problem is ProblemType.REGRESSION:
                return _regression(self.actual, self.predicted)
            found = self._classification()
        if np.isnan(self.probabilities).any():
            unknown = {"value": math.nan, "standard_deviation": "NaN"}
            found |= {name: dict(unknown) for name in ("auc", "logloss") if name in found}
            found.pop("receiver_operating_characteristic_curve", None)
        return found

    def _classification(self) -> dict[str, Any]:
        actual, predicted = self.actual, self.predicted
        if self.problem is ProblemType.BINARY:
            known = np.nan_to_num(self.probabilities[:, 1])
            report = binary_report(
                actual, known, self.labels, predicted=predicted, undefined=math.nan
            )
            curve = report["receiver_operating_characteristic_curve"]
            if len(set(actual.tolist())) == 1:
                curve["false_positive_rates"] = curve["true_positive_rates"] = []
        else:
            known = np.nan_to_num(self.probabilities)
            report = multiclass_report(actual, known, self.labels, predicted=predicted)
        return report | _constant_classifier(actual, len(self.labels), self.problem)


def describe(found: Labeled, problem: ProblemType, labels: Sequence[str]) -> Findings:
    """Returns statistics of a baseline, and its metrics as thresholds with their spread.

    Args:
        found: rows of the baseline.
        problem: problem type of the model.
        labels: labels in the order of the model's classes; the second of two is the positive one.

    Raises:
        InputError: the dataset has no rows whose label the model has.
    """
    scored, unknown = score(found, problem, labels, None)
    if not len(scored.actual):
        raise InputError(
            f"dataset_source: got {unknown} rows with labels that the model does not have; "
            f"allowed: {', '.join(labels)}"
        )
    report = _with_deviations(scored)
    return Findings(
        statistics=_statistics(report, problem, len(scored.actual)),
        constraints=_constraints(report, _spread(scored), problem),
    )


def compare(
    found: Labeled,
    problem: ProblemType,
    labels: Sequence[str],
    constraints: Mapping[str, Mapping[str, Any]],
    *,
    threshold: float | None = None,
    rows_before: int = 0,
) -> Findings:
    """Computes the metrics of predictions and compares them with those of a baseline.

    Args:
        found: predictions and ground truth.
        problem: problem type of the model.
        labels: labels in the order of the model's classes.
        constraints: constraints of the baseline.
        threshold: minimum probability, 0 to 1, of a positive prediction. Defaults to None: the
            predicted labels are measured.
        rows_before: number of rows of the baseline. Defaults to 0: unknown.

    Raises:
        InputError: no ground truth label is one of the model's.
    """
    scored, unknown = score(found, problem, labels, threshold)
    rows = len(scored.actual)
    found.reading.unknown_labels += unknown
    if not rows:
        return nothing(found, problem)
    report = _with_deviations(scored)
    values = _values(report)
    notes = list(found.reading.texts())
    violations = list(found.reading.violations(found.max_unreadable))
    if rows < MIN_ROWS:
        notes.append(f"too few labels: no verdict on {rows} rows; a verdict needs {MIN_ROWS}")
    else:
        spread = _spread(scored)
        judged = {name: constraints[name] for name in constraints if name in spread}
        few = [name for name in judged if _rows_of(name, scored) < MIN_ROWS_OF_CLASS]
        if few:
            notes.append(f"too few labels of a class: no verdict on {', '.join(sorted(few))}")
        for name, constraint in judged.items():
            before = _spread_before(constraint, spread[name], rows, rows_before)
            margin = _quantile(len(judged)) * math.hypot(spread[name], before)
            if name not in few and _is_worse(values[name], constraint, margin):
                violations.append(_violation(name, report[name], constraint))
    return Findings(
        statistics=_statistics(report, problem, rows, found),
        constraints=_constraints(report, {}, problem),
        violations=violations,
        metrics=[
            *(Metric(name=name, value=one) for name, one in values.items() if math.isfinite(one)),
            *found.reading.metrics(),
        ],
        notes=notes,
    )


def nothing(found: Labeled, problem: ProblemType) -> Findings:
    """Returns the findings of traffic without any pair of prediction and known label.

    Args:
        found: the traffic.
        problem: problem type of the model.
    """
    return Findings(
        statistics=_statistics({}, problem, 0, found),
        constraints={"version": 0.0, group_of(problem): {}},
        violations=list(found.reading.violations(found.max_unreadable)),
        metrics=list(found.reading.metrics()),
        notes=[*found.reading.texts(), "too few labels: no verdict on 0 rows"],
    )


def score(
    found: Labeled, problem: ProblemType, labels: Sequence[str], threshold: float | None
) -> tuple[Scored, int]:
    """Returns rows as numbers, and the number of rows whose label the model does not have.

    Args:
        found: predictions and ground truth.
        problem: problem type of the model.
        labels: labels in the order of the model's classes.
        threshold: minimum probability of a positive prediction; None to use the predicted labels.

    Raises:
        InputError: no ground truth label is one of the model's, or predictions have neither labels
            nor probabilities.
    """
    if problem is ProblemType.REGRESSION:
        return _regression_rows(found)
    known = Labels(labels)
    codes_of = {label: known.code(label) for label in set(found.actual)}
    given = (codes_of[label] for label in found.actual)
    actual = np.fromiter((-1 if code is None else code for code in given), np.intp)
    kept = np.flatnonzero(actual >= 0)
    if len(actual) and not len(kept):
        wrong = sorted(set(found.actual))[:MIN_ROWS_OF_CLASS]
        raise InputError(f"ground truth: got labels {wrong}; allowed: {list(labels)}")
    probabilities = np.empty((len(kept), len(labels)))
    codes = np.full(len(kept), -1, dtype=np.intp)
    for row, place in enumerate(kept.tolist()):
        one = found.predictions[place]
        for at, name in enumerate(labels):
            probabilities[row, at] = _number(one.probability(name, at, len(labels)))
        if one.label and threshold is None and (code := known.code(one.label)) is not None:
            codes[row] = code
    scored = np.isfinite(probabilities).all(axis=1)
    chosen = np.nan_to_num(probabilities).argmax(axis=1) if len(kept) else codes
    if problem is ProblemType.BINARY and len(kept):
        chosen = (probabilities[:, 1] >= (0.5 if threshold is None else threshold)).astype(np.intp)
    codes = np.where((codes < 0) & scored, chosen, codes)
    usable = codes >= 0
    if len(kept) and not usable.any():
        raise InputError(
            f"got predictions without a label or probability of the model; allowed: {list(labels)}"
        )
    rows = kept[usable]
    return (
        Scored(
            problem=problem,
            labels=tuple(labels),
            actual=actual[rows],
            predicted=codes[usable],
            probabilities=probabilities[usable],
        ),
        len(found.actual) - len(rows),
    )


def _regression_rows(found: Labeled) -> tuple[Scored, int]:
    actual = np.fromiter((_parsed(label) for label in found.actual), np.float64)
    predicted = np.fromiter((_parsed(one.label) for one in found.predictions), np.float64)
    usable = np.isfinite(actual) & np.isfinite(predicted) if len(actual) else np.zeros(0, bool)
    if len(actual) and not usable.any():
        raise InputError(
            f"ground truth: got labels or predictions such as {found.actual[0]!r} and "
            f"{found.predictions[0].label!r}; allowed: numbers"
        )
    return (
        Scored(
            problem=ProblemType.REGRESSION,
            labels=(),
            actual=actual[usable],
            predicted=predicted[usable],
            probabilities=np.zeros((int(usable.sum()), 0)),
        ),
        int((~usable).sum()),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _parsed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def read_constraints(content: bytes) -> tuple[ProblemType, dict[str, dict[str, Any]]]:
    """Returns the problem type of a constraints file, and its thresholds.

    Args:
        content: content of the file.

    Raises:
        InputError: the file is not a constraints file of model quality.
    """
    try:
        document = json.loads(content)
    except ValueError as error:
        raise InputError(f"baseline_constraints: is not JSON: {error}") from error
    for problem in ProblemType:
        if group_of(problem) in document:
            found = document[group_of(problem)]
            try:
                for entry in found.values():
                    float(entry["threshold"])
                    str(entry["comparison_operator"])
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise InputError(
                    f"baseline_constraints: {group_of(problem)} cannot be read: {error!r}; "
                    "allowed: threshold and comparison_operator of each metric"
                ) from error
            return problem, found
    groups = ", ".join(group_of(problem) for problem in ProblemType)
    raise InputError(f"baseline_constraints: got {sorted(document)}; allowed: one of {groups}")


def labels_of(statistics: bytes | None, found: Labeled) -> list[str]:
    """Returns the labels in the order of the model's classes.

    The order is that of the baseline's confusion matrix; without one, labels are sorted.

    Args:
        statistics: content of the statistics file of the baseline; None without a baseline.
        found: predictions and ground truth.
    """
    document = read_document(statistics)
    for problem in ProblemType:
        matrix = (document.get(problem.report) or {}).get("confusion_matrix")
        if matrix:
            return list(matrix)
    named = {name for one in found.predictions for name in (one.label, *one.by_label) if name}
    return in_order(distinct(sorted({*found.actual, *named})))


def two_labels(known: Sequence[str]) -> list[str]:
    """Returns two labels of a binary classification of which traffic shows one.

    Args:
        known: the labels of the traffic.

    Raises:
        InputError: there are more than two labels.
    """
    if len(known) > 2:
        raise InputError(
            f"ground truth: got the labels {list(known)[:MIN_ROWS_OF_CLASS]} for a "
            "BinaryClassification; set problem_type, or baseline_statistics with its labels"
        )
    one = next(iter(known), "1")
    negative = canonical(one) in ("0", "false", "no")
    return [one, f"not {one}"] if negative else [f"not {one}", one]


def read_document(statistics: bytes | None) -> dict[str, Any]:
    """Returns the content of a statistics file; {} without one.

    Args:
        statistics: content of the file; None without one.

    Raises:
        InputError: the file is not JSON.
    """
    if statistics is None:
        return {}
    try:
        document = json.loads(statistics)
    except ValueError as error:
        raise InputError(f"baseline_statistics: is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputError("baseline_statistics: got no JSON object; allowed: a statistics file")
    return document


def group_of(problem: ProblemType) -> str:
    """Returns the member with the constraints of a problem type.

    Args:
        problem: the problem type.
    """
    return problem.report.replace("_metrics", "_constraints")


def _regression(actual: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> dict[str, Any]:
    report = regression_report(actual, predicted)
    if not np.var(actual):
        report["r2"]["value"] = math.nan
    return report


def _constant_classifier(
    actual: npt.NDArray[np.intp], classes: int, problem: ProblemType
) -> dict[str, Any]:
    """Returns the metrics of a classifier that always predicts the last, or positive, label.

    That is the classifier of the numbers in AWS's documentation.
    """
    matrix = confusion_matrix(actual, np.full_like(actual, classes - 1), classes)
    precision, recall = precision_recall(matrix)
    binary = problem is ProblemType.BINARY

    def entry(values: npt.NDArray[np.float64]) -> dict[str, Any]:
        value = values[1] if binary else np.average(values, weights=matrix.sum(axis=1))
        return {"value": float(value), "standard_deviation": "NaN"}

    prefix = "" if binary else "weighted_"
    accuracy = float(np.trace(matrix) / matrix.sum())
    return {
        f"accuracy{CONSTANT}": {"value": accuracy, "standard_deviation": "NaN"},
        f"{prefix}recall{CONSTANT}": entry(recall),
        f"{prefix}precision{CONSTANT}": entry(precision),
        f"{prefix}f0_5{CONSTANT}": entry(f_score(precision, recall, 0.5)),
        f"{prefix}f1{CONSTANT}": entry(f_score(precision, recall)),
        f"{prefix}f2{CONSTANT}": entry(f_score(precision, recall, 2)),
    }


def _with_deviations(scored: Scored) -> dict[str, Any]:
    """Returns the metrics, with standard deviations if there are as many rows as AWS requires."""
    report = scored.report()
    rows = len(scored.actual)
    if rows >= MIN_ROWS_FOR_DEVIATION:
        deviations = sample_deviations(lambda draw: _values(scored.drawn(draw).report()), rows)
        for name, deviation in deviations.items():
            if name in report:
                report[name]["standard_deviation"] = deviation
    return report


def _spread(scored: Scored) -> dict[str, float]:
    """Returns the standard deviation of each metric that says something about the model."""
    found = standard_deviations(
        lambda draw: _values(scored.drawn(draw).report()), len(scored.actual)
    )
    values = _values(scored.report())
    return {
        name: deviation
        for name, deviation in found.items()
        if not name.endswith(CONSTANT) and math.isfinite(values[name])
    }


def _rows_of(name: str, scored: Scored) -> int:
    """Returns the number of rows on which a metric of one class depends."""
    if scored.problem is not ProblemType.BINARY:
        return len(scored.actual)
    positive, negative = int((scored.actual == 1).sum()), int((scored.actual == 0).sum())
    match name:
        case "precision":
            return int((scored.predicted == 1).sum())
        case "recall" | "true_positive_rate" | "false_negative_rate":
            return positive
        case "true_negative_rate" | "false_positive_rate":
            return negative
        case "f0_5" | "f1" | "f2" | "auc":
            return min(positive, negative)
    return len(scored.actual)


def _spread_before(constraint: Mapping[str, Any], now: float, rows: int, before: int) -> float:
    """Returns the standard deviation of a metric in the baseline.

    A baseline of Model Monitor does not have it; it then follows from that of the current rows.
    """
    given = constraint.get("standard_deviation")
    if isinstance(given, int | float) and math.isfinite(given):
        return float(given)
    return now * math.sqrt(rows / before) if before else now


def _quantile(metrics: int) -> float:
    return NormalDist().inv_cdf(1 - METRICS_ERROR / max(1, metrics))


def _is_worse(value: float, constraint: Mapping[str, Any], margin: float) -> bool:
    limit = float(constraint["threshold"])
    if constraint["comparison_operator"] == BELOW:
        return value < limit - margin
    return value > limit + margin


def _violation(
    name: str, entry: Mapping[str, Any], constraint: Mapping[str, Any]
) -> dict[str, Any]:
    operator, limit = constraint["comparison_operator"], constraint["threshold"]
    deviation = entry["standard_deviation"]
    return {
        "constraint_check_type": operator,
        "description": f"Metric {name} with {entry['value']} +/- {deviation} was {operator} "
        f"'{limit}'",
        "metric_name": name,
    }


def _values(report: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: float(entry["value"])
        for name, entry in report.items()
        if isinstance(entry, dict) and "value" in entry
    }


def _statistics(
    report: dict[str, Any], problem: ProblemType, rows: int, found: Labeled | None = None
) -> dict[str, Any]:
    unread = found.reading.members() if found is not None else {}
    return {
        "version": 0.0,
        "dataset": {"item_count": rows},
        problem.report: report,
        **({"unread": unread} if unread else {}),
    }


def _constraints(
    report: Mapping[str, Any], spread: Mapping[str, float], problem: ProblemType
) -> dict[str, Any]:
    chosen = {}
    for name, value in _values(report).items():
        if math.isfinite(value) and not name.endswith(CONSTANT):
            deviation = {"standard_deviation": spread[name]} if name in spread else {}
            chosen[name] = {
                "threshold": value,
                "comparison_operator": ABOVE if name in LOWER_IS_BETTER else BELOW,
                **deviation,
            }
    return {"version": 0.0, group_of(problem): chosen}
