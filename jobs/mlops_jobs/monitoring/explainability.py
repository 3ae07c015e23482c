"""Feature attribution drift.

A model computes its attributions if it can: trees have exact SHAP values. Those of other models are
estimated from their predictions. Clarify estimates all with KernelSHAP; the metrics have its name,
so that alarms work with either monitor.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-feature-attribution-drift.html
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlops_jobs.evaluation.shapley import estimated_attributions
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.findings import Findings, Metric
from mlops_jobs.monitoring.model import Model
from mlops_jobs.monitoring.traffic.labeled import cells_of
from mlops_jobs.monitoring.traffic.rows import Row
from mlops_jobs.problem_type import ProblemType

MIN_NDCG = 0.9
VERSION = "1.0"
METHOD = "kernel_shap"
MAX_ROWS = 5000  # more rows do not change the averages

Attributions = dict[str, dict[str, float]]
"""Global SHAP value of each feature, by label."""


def describe(rows: Sequence[Row], model: Model) -> Findings:
    """Returns the attributions of a baseline, in the layout of Clarify's `analysis.json`.

    Args:
        rows: rows of the baseline.
        model: the model.
    """
    analysis, _ = _analyse(rows, model)
    return Findings(statistics=analysis, constraints=analysis)


def compare(rows: Sequence[Row], model: Model, baseline: Attributions) -> Findings:
    """Compares the order and the weight of features with a baseline.

    Args:
        rows: the requests.
        model: the model.
        baseline: attributions of the baseline; empty without one.

    Raises:
        InputError: the baseline is of a model with other labels or features.
    """
    analysis, found = _analyse(rows, model)
    _check_baseline(found, baseline)
    violations, metrics = [], []
    for label, explained in analysis["explanations"][METHOD].items():
        if label in baseline:
            score = ndcg(baseline[label], found[label])
            if score < MIN_NDCG:
                violations.append(
                    {
                        "label": label,
                        "metric_name": "shap",
                        "constraint_check_type": "feature_attribution_drift_check",
                        "description": f"Feature attribution drift {score} exceeds threshold "
                        f"{MIN_NDCG}",
                    }
                )
        metrics += _metrics(label, found[label], explained["expected_value"])
    return Findings(
        statistics=analysis,
        constraints=analysis,
        violations=violations,
        metrics=metrics,
        version=VERSION,
    )


def _check_baseline(found: Attributions, baseline: Attributions) -> None:
    """Raises an error for a baseline of another model, with which nothing would be compared."""
    if not baseline:
        return
    if not found.keys() & baseline.keys():
        raise InputError(
            f"baseline_constraints: got attributions of the labels {sorted(baseline)}; allowed are "
            f"those of the deployed model: {sorted(found)}"
        )
    of_model = {name for one in found.values() for name in one}
    of_baseline = {name for one in baseline.values() for name in one}
    if not of_model & of_baseline:
        raise InputError(
            f"baseline_constraints: got attributions of {', '.join(sorted(of_baseline)[:5])}; "
            f"allowed are features of the deployed model: {', '.join(sorted(of_model)[:5])}"
        )


def ndcg(baseline: Mapping[str, float], current: Mapping[str, float]) -> float:
    """Returns the normalized discounted cumulative gain of the current order of features.

    It is 1 for the order of the baseline, and decreases as features with large attributions in the
    baseline move down.

    Args:
        baseline: attributions of the baseline, by feature.
        current: current attributions, by feature.
    """
    best = sorted(baseline, key=lambda name: -baseline[name])
    order = sorted(baseline, key=lambda name: -current.get(name, 0.0))
    ideal = _gain(baseline, best)
    return _gain(baseline, order) / ideal if ideal else 1.0


def read_baseline(content: bytes) -> Attributions:
    """Returns the attributions of an `analysis.json`.

    Args:
        content: content of the file.

    Raises:
        InputError: the file has no explanations.
    """
    try:
        labels = json.loads(content)["explanations"][METHOD]
        return {
            label: {name: float(value) for name, value in entry["global_shap_values"].items()}
            for label, entry in labels.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"baseline_constraints: got no explanations: {error!r}; use a "
            "baseline of MODEL_EXPLAINABILITY"
        ) from error


def _gain(attributions: Mapping[str, float], order: Sequence[str]) -> float:
    return sum(
        attributions[name] / math.log2(place + 1) for place, name in enumerate(order, start=1)
    )


def _analyse(rows: Sequence[Row], model: Model) -> tuple[dict[str, Any], Attributions]:
    chosen = rows[:: max(1, -(-len(rows) // MAX_ROWS))]
    cells = cells_of(model, chosen)
    values = model.attributions(cells)
    if values is None:
        values = estimated_attributions(model, cells)
    means, expected = np.abs(values[:, :, :-1]).mean(axis=0), values[0, :, -1]
    labels = model.labels if model.problem_type is ProblemType.MULTICLASS else ("label0",)
    found = {
        label: dict(zip(model.features, map(float, row), strict=True))
        for label, row in zip(labels, means, strict=True)
    }
    explained = {
        label: {"global_shap_values": found[label], "expected_value": float(value)}
        for label, value in zip(labels, expected, strict=True)
    }
    return {"version": VERSION, "explanations": {METHOD: explained}}, found


def _metrics(label: str, attributions: Mapping[str, float], expected: float) -> list[Metric]:
    shared = {"ExplainabilityMethod": "KernelShap", "Label": label}
    shap = {**shared, "ValueType": "GlobalShapValues"}
    return [
        *(
            Metric(name=f"feature_{name}", value=value, dimensions=shap)
            for name, value in attributions.items()
        ),
        Metric(
            name="ExpectedValue",
            value=expected,
            dimensions={**shared, "ValueType": "ExpectedValue"},
        ),
    ]
