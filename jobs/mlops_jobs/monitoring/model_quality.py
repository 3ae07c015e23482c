"""Model quality: metrics of predictions, compared with those of the evaluation.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlops_jobs.evaluation.metrics import binary_report, multiclass_report, regression_report
from mlops_jobs.evaluation.problem_type import ProblemType, in_order
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.findings import Findings, Metric
from mlops_jobs.monitoring.labeled import Labeled
from mlops_jobs.monitoring.resampling import Draw, standard_deviations

BELOW, ABOVE = "LessThanThreshold", "GreaterThanThreshold"
LOWER_IS_BETTER = frozenset(
    {"mae", "mse", "rmse", "logloss", "false_positive_rate", "false_negative_rate"}
)
MAX_STANDARD_DEVIATIONS = 3  # between a value and its suggested threshold

PROBLEM_TYPES = {
    "BinaryClassification": ProblemType.BINARY,
    "MulticlassClassification": ProblemType.MULTICLASS,
    "Regression": ProblemType.REGRESSION,
}


def describe(found: Labeled, problem: ProblemType, labels: Sequence[str]) -> Findings:
    """Returns statistics of a baseline, and thresholds with a margin for chance.

    Args:
        found: rows of the baseline.
        problem: problem type of the model.
        labels: labels in the order of the model's classes; the second of two is the positive one.
    """
    report = _report(found, problem, labels)
    rows = len(found.actual)

    def measure(draw: Draw) -> dict[str, float]:
        return _values(_report(_drawn(found, draw), problem, labels))

    spread = standard_deviations(measure, rows)
    return Findings(
        statistics=_statistics(report, problem, rows),
        constraints=_constraints(_values(report), spread, problem),
    )


def compare(
    found: Labeled,
    problem: ProblemType,
    labels: Sequence[str],
    constraints: Mapping[str, Mapping[str, Any]],
    threshold: float = 0.5,
) -> Findings:
    """Computes the metrics of predictions and compares them with the thresholds of a baseline.

    Args:
        found: predictions and ground truth.
        problem: problem type of the model.
        labels: labels in the order of the model's classes.
        constraints: constraints of the baseline.
        threshold: minimum probability, 0 to 1, of a positive prediction. Defaults to 0.5.
    """
    report = _report(found, problem, labels, threshold)
    values = _values(report)
    violations = []
    for name, constraint in constraints.items():
        value = values.get(name)
        if value is None or not math.isfinite(value):
            continue
        limit, operator = float(constraint["threshold"]), constraint["comparison_operator"]
        worse = value < limit if operator == BELOW else value > limit
        if worse:
            violations.append(
                {
                    "constraint_check_type": operator,
                    "description": f"Metric {name} with {value} was {operator} '{limit}'",
                    "metric_name": name,
                }
            )
    return Findings(
        statistics=_statistics(report, problem, len(found.actual)),
        constraints=_constraints(values, {}, problem),
        violations=violations,
        metrics=[
            Metric(name=name, value=value) for name, value in values.items() if math.isfinite(value)
        ],
    )


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
        if _group(problem) in document:
            return problem, document[_group(problem)]
    groups = ", ".join(_group(problem) for problem in ProblemType)
    raise InputError(f"baseline_constraints: got {sorted(document)}; allowed: one of {groups}")


def labels_of(statistics: bytes | None, found: Labeled) -> list[str]:
    """Returns the labels in the order of the model's classes.

    The order is that of the baseline's confusion matrix; without one, labels are sorted.

    Args:
        statistics: content of the statistics file of the baseline; None without a baseline.
        found: predictions and ground truth.
    """
    if statistics is not None:
        document = json.loads(statistics)
        for problem in ProblemType:
            matrix = document.get(problem.report, {}).get("confusion_matrix")
            if matrix:
                return list(matrix)
    return in_order(
        sorted({*found.actual, *(prediction.label for prediction in found.predictions)})
    )


def _group(problem: ProblemType) -> str:
    return problem.report.replace("_metrics", "_constraints")


def _report(
    found: Labeled, problem: ProblemType, labels: Sequence[str], threshold: float = 0.5
) -> dict[str, Any]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # A metric that is undefined for these rows, such as the AUC of one class, is NaN.
        warnings.simplefilter("ignore", RuntimeWarning)
        if problem is ProblemType.REGRESSION:
            actual = np.array([float(label) for label in found.actual])
            values = np.array([float(prediction.label) for prediction in found.predictions])
            return regression_report(actual, values)
        codes = {label: code for code, label in enumerate(labels)}
        unknown = sorted(set(found.actual) - set(codes))
        if unknown:
            raise InputError(f"ground truth: got labels {unknown}; allowed: {list(labels)}")
        actual_codes = np.array([codes[label] for label in found.actual], dtype=np.intp)
        probabilities = found.probabilities(labels)
        if problem is ProblemType.BINARY:
            return binary_report(actual_codes, probabilities[:, 1], tuple(labels), threshold)
        return multiclass_report(actual_codes, probabilities, tuple(labels))


def _drawn(found: Labeled, draw: Draw) -> Labeled:
    return Labeled(
        actual=[found.actual[row] for row in draw],
        predictions=[found.predictions[row] for row in draw],
        rows=[],
    )


def _values(report: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: float(entry["value"])
        for name, entry in report.items()
        if isinstance(entry, dict) and "value" in entry
    }


def _statistics(report: dict[str, Any], problem: ProblemType, rows: int) -> dict[str, Any]:
    return {"version": 0.0, "dataset": {"item_count": rows}, problem.report: report}


def _constraints(
    values: Mapping[str, float], spread: Mapping[str, float], problem: ProblemType
) -> dict[str, Any]:
    chosen = {}
    for name, value in values.items():
        if math.isfinite(value):
            margin = MAX_STANDARD_DEVIATIONS * spread.get(name, 0.0)
            lower_is_better = name in LOWER_IS_BETTER
            chosen[name] = {
                "threshold": value + margin if lower_is_better else value - margin,
                "comparison_operator": ABOVE if lower_is_better else BELOW,
            }
    return {"version": 0.0, _group(problem): chosen}
