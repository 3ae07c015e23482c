"""Feature attribution drift: do the same features still decide?

The attributions are the exact SHAP values of trees, which XGBoost computes; Clarify estimates the
same with KernelSHAP, whose name the metrics keep, so that either monitor's can be watched.

https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-feature-attribution-drift.html
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xgboost

from tabular.encoding import encode
from tabular.failure import InputError
from tabular.monitor.findings import Findings, Metric
from tabular.monitor.labelled import cells_of
from tabular.monitor.rows import Row
from tabular.predictor import Predictor
from tabular.problem import ProblemType

THRESHOLD = 0.9
METHOD = "kernel_shap"
ROWS = 5000  # more change the averages no more

Attributions = dict[str, dict[str, float]]
"""The global SHAP value of each feature, by label."""


def describe(rows: Sequence[Row], predictor: Predictor) -> Findings:
    """The attributions of a baseline, in the layout of Clarify's `analysis.json`."""
    analysis, _ = _analyse(rows, predictor)
    return Findings(statistics=analysis, constraints=analysis)


def compare(rows: Sequence[Row], predictor: Predictor, baseline: Attributions) -> Findings:
    """Compares the order of features, and their weight, with a baseline's."""
    analysis, found = _analyse(rows, predictor)
    violations, metrics = [], []
    for label, explained in analysis["explanations"][METHOD].items():
        if label in baseline:
            score = ndcg(baseline[label], found[label])
            if score < THRESHOLD:
                violations.append(
                    {
                        "label": label,
                        "metric_name": "shap",
                        "constraint_check_type": "feature_attribution_drift_check",
                        "description": f"Feature attribution drift {score} exceeds threshold "
                        f"{THRESHOLD}",
                    }
                )
        metrics += _metrics(label, found[label], explained["expected_value"])
    return Findings(
        statistics=analysis, constraints=analysis, violations=violations, metrics=metrics
    )


def ndcg(baseline: Mapping[str, float], current: Mapping[str, float]) -> float:
    """The normalised discounted cumulative gain of the current order of features: 1 if it is the
    baseline's, less the more of the baseline's attribution moves down."""
    best = sorted(baseline, key=lambda name: -baseline[name])
    order = sorted(baseline, key=lambda name: -current.get(name, 0.0))
    ideal = _gain(baseline, best)
    return _gain(baseline, order) / ideal if ideal else 1.0


def read_baseline(content: bytes) -> Attributions:
    """The attributions of an `analysis.json`.

    Raises:
        InputError: if it is none of explanations.
    """
    try:
        labels = json.loads(content)["explanations"][METHOD]
        return {
            label: {name: float(value) for name, value in entry["global_shap_values"].items()}
            for label, entry in labels.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"baseline_constraints has no explanations: {error!r}") from error


def _gain(attributions: Mapping[str, float], order: Sequence[str]) -> float:
    return sum(
        attributions[name] / math.log2(place + 1) for place, name in enumerate(order, start=1)
    )


def _analyse(rows: Sequence[Row], predictor: Predictor) -> tuple[dict[str, Any], Attributions]:
    schema = predictor.schema
    chosen = rows[:: max(1, -(-len(rows) // ROWS))]
    matrix = xgboost.DMatrix(
        encode(schema, cells_of(predictor, chosen)),
        feature_types=schema.feature_types,
        enable_categorical=True,
    )
    values = predictor.booster.predict(matrix, pred_contribs=True)
    if values.ndim == 2:
        values = values[:, np.newaxis, :]
    means, expected = np.abs(values[:, :, :-1]).mean(axis=0), values[0, :, -1]
    labels = schema.labels if schema.problem_type is ProblemType.MULTICLASS else ("label0",)
    names = [column.name for column in schema.features]
    found = {
        label: dict(zip(names, map(float, row), strict=True))
        for label, row in zip(labels, means, strict=True)
    }
    explained = {
        label: {"global_shap_values": found[label], "expected_value": float(value)}
        for label, value in zip(labels, expected, strict=True)
    }
    return {"version": "1.0", "explanations": {METHOD: explained}}, found


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
