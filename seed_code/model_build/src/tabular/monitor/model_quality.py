"""Model quality: is the model still as good as at its evaluation?

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tabular.failure import InputError
from tabular.metrics import binary_report, multiclass_report, regression_report
from tabular.monitor.findings import Findings, Metric
from tabular.monitor.labelled import Labelled
from tabular.monitor.resampling import Draw, standard_deviations
from tabular.problem import PROBLEMS, ProblemType
from tabular.schema import in_order

BELOW, ABOVE = "LessThanThreshold", "GreaterThanThreshold"
FEWER_IS_BETTER = frozenset(
    {"mae", "mse", "rmse", "logloss", "false_positive_rate", "false_negative_rate"}
)
CHANCE = 3  # standard deviations that a suggested threshold leaves

PROBLEM_TYPES = {
    "BinaryClassification": ProblemType.BINARY,
    "MulticlassClassification": ProblemType.MULTICLASS,
    "Regression": ProblemType.REGRESSION,
}


def describe(found: Labelled, problem: ProblemType, labels: Sequence[str]) -> Findings:
    """Statistics of a baseline, and thresholds that leave room for chance.

    Args:
        found: the rows of the baseline.
        problem: what the model was asked.
        labels: in the order of the model's classes; of two the second is the positive one.
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
    found: Labelled,
    problem: ProblemType,
    labels: Sequence[str],
    constraints: Mapping[str, Mapping[str, Any]],
    threshold: float = 0.5,
) -> Findings:
    """Measures answers, and compares the measures with a baseline's thresholds.

    Args:
        found: answers, and the labels that were right.
        problem: what the model was asked.
        labels: in the order of the model's classes.
        constraints: of the baseline.
        threshold: probability from which on a binary answer is positive.
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
    """The problem type of a constraints file, and its thresholds.

    Raises:
        InputError: if it is none of model quality.
    """
    try:
        document = json.loads(content)
    except ValueError as error:
        raise InputError(f"baseline_constraints is not JSON: {error}") from error
    for problem in PROBLEMS:
        if _group(problem) in document:
            return problem, document[_group(problem)]
    groups = ", ".join(_group(problem) for problem in PROBLEMS)
    raise InputError(f"baseline_constraints holds {sorted(document)}; expected one of {groups}")


def labels_of(statistics: bytes | None, found: Labelled) -> list[str]:
    """The labels in the order of the model's classes: as the baseline's confusion matrix has them,
    else in their own order."""
    if statistics is not None:
        document = json.loads(statistics)
        for problem in PROBLEMS.values():
            matrix = document.get(problem.report, {}).get("confusion_matrix")
            if matrix:
                return list(matrix)
    return in_order(sorted({*found.actual, *(answer.label for answer in found.answers)}))


def _group(problem: ProblemType) -> str:
    return PROBLEMS[problem].report.replace("_metrics", "_constraints")


def _report(
    found: Labelled, problem: ProblemType, labels: Sequence[str], threshold: float = 0.5
) -> dict[str, Any]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # A measure that does not exist for these rows, such as the AUC of one class, is NaN.
        warnings.simplefilter("ignore", RuntimeWarning)
        if problem is ProblemType.REGRESSION:
            actual = np.array([float(label) for label in found.actual])
            values = np.array([float(answer.label) for answer in found.answers])
            return regression_report(actual, values)
        codes = {label: code for code, label in enumerate(labels)}
        unknown = sorted(set(found.actual) - set(codes))
        if unknown:
            raise InputError(f"ground truth has labels {unknown}; the model knows {list(labels)}")
        actual_codes = np.array([codes[label] for label in found.actual], dtype=np.intp)
        probabilities = found.probabilities(labels)
        if problem is ProblemType.BINARY:
            return binary_report(actual_codes, probabilities[:, 1], tuple(labels), threshold)
        return multiclass_report(actual_codes, probabilities, tuple(labels))


def _drawn(found: Labelled, draw: Draw) -> Labelled:
    return Labelled(
        actual=[found.actual[row] for row in draw],
        answers=[found.answers[row] for row in draw],
        rows=[],
    )


def _values(report: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: float(entry["value"])
        for name, entry in report.items()
        if isinstance(entry, dict) and "value" in entry
    }


def _statistics(report: dict[str, Any], problem: ProblemType, rows: int) -> dict[str, Any]:
    return {"version": 0.0, "dataset": {"item_count": rows}, PROBLEMS[problem].report: report}


def _constraints(
    values: Mapping[str, float], spread: Mapping[str, float], problem: ProblemType
) -> dict[str, Any]:
    chosen = {}
    for name, value in values.items():
        if math.isfinite(value):
            room = CHANCE * spread.get(name, 0.0)
            fewer = name in FEWER_IS_BETTER
            chosen[name] = {
                "threshold": value + room if fewer else value - room,
                "comparison_operator": ABOVE if fewer else BELOW,
            }
    return {"version": 0.0, _group(problem): chosen}
