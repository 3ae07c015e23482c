"""Bias drift: bias metrics, compared with those of a baseline.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-bias-drift-violations.html
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.analysis_config import BiasConfig, Facet, matches
from mlops_jobs.monitoring.bias import STAGES, Group, distance_from_ideal
from mlops_jobs.monitoring.findings import Findings, Metric
from mlops_jobs.monitoring.labeled import Labeled
from mlops_jobs.monitoring.resampling import Draw, standard_deviations

MAX_STANDARD_DEVIATIONS = 3  # by which a metric may be worse than the baseline
METRIC_STAGES = {
    "pre_training_bias_metrics": "Pre-training",
    "post_training_bias_metrics": "Post-Training",
}

Baseline = dict[tuple[str, str, str, str], float]
"""Bias metrics by stage, facet, values of the facet, and short name."""


def describe(found: Labeled, config: BiasConfig) -> Findings:
    """Returns the bias metrics of a baseline, in the layout of Clarify's `analysis.json`.

    Args:
        found: rows of the baseline.
        config: the bias to measure.
    """
    groups = _groups(found, config)
    return Findings(statistics=_analysis(groups, config), constraints=_analysis(groups, config))


def compare(found: Labeled, config: BiasConfig, baseline: Baseline) -> Findings:
    """Compares bias metrics with a baseline.

    A metric is a violation if its distance from equal treatment has increased by more than chance.

    Args:
        found: rows with predictions and ground truth.
        config: the bias to measure.
        baseline: bias metrics of the baseline.
    """
    groups = _groups(found, config)
    violations, metrics = [], []
    for facet, group in groups:
        measured = group.measures()
        spread = standard_deviations(
            lambda draw, group=group: _flat(group, draw),  # type: ignore[misc]
            len(group.member),
        )
        for stage, measures in measured.items():
            for name, value in measures.items():
                if not math.isfinite(value):
                    continue
                before = baseline.get((stage, facet.name, facet.text, name))
                if before is not None and _worse(name, value, before, spread.get(name, 0.0)):
                    violations.append(_violation(facet, name, value, before))
                metrics.append(_metric(stage, facet, config, name, value))
    return Findings(
        statistics=_analysis(groups, config),
        constraints=_analysis(groups, config),
        violations=violations,
        metrics=metrics,
    )


def read_baseline(content: bytes) -> Baseline:
    """Returns the bias metrics of an `analysis.json`.

    Args:
        content: content of the file.

    Raises:
        InputError: the file has no bias metrics.
    """
    try:
        document = json.loads(content)
        found = {
            (stage, facet, str(entry["value_or_threshold"]), measure["name"]): measure["value"]
            for stage in STAGES
            for facet, entries in document[stage]["facets"].items()
            for entry in entries
            for measure in entry["metrics"]
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"baseline_constraints: got no bias metrics: {error!r}; use a baseline of MODEL_BIAS"
        ) from error
    return {key: float(value) for key, value in found.items() if _is_number(value)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _groups(found: Labeled, config: BiasConfig) -> list[tuple[Facet, Group]]:
    for facet in config.facets:
        if found.rows and not any(facet.name in row for row in found.rows):
            raise InputError(
                f"facet {facet.name!r}: got no request with the column; name the columns of "
                "requests in `headers` of the analysis configuration"
            )
    actual = np.array([matches(label, config.favorable) for label in found.actual])
    predicted = np.array([matches(one.label, config.favorable) for one in found.predictions])
    return [
        (
            facet,
            Group(
                member=np.array([facet.has(row) for row in found.rows]),
                actual=actual,
                predicted=predicted,
            ),
        )
        for facet in config.facets
    ]


def _flat(group: Group, draw: Draw) -> dict[str, float]:
    stages = group.drawn(draw).measures().values()
    return {name: value for measures in stages for name, value in measures.items()}


def _worse(name: str, value: float, before: float, spread: float) -> bool:
    allowed = distance_from_ideal(name, before) + MAX_STANDARD_DEVIATIONS * spread
    return distance_from_ideal(name, value) > allowed


def _violation(facet: Facet, name: str, value: float, before: float) -> dict[str, str]:
    return {
        "facet": facet.name,
        "facet_value": facet.text,
        "metric_name": name,
        "constraint_check_type": "bias_drift_check",
        "description": f"Value {value} does not meet the constraint requirement of {before}",
    }


def _metric(stage: str, facet: Facet, config: BiasConfig, name: str, value: float) -> Metric:
    dimensions: Mapping[str, str] = {
        "BiasStage": METRIC_STAGES[stage],
        "Label": config.label,
        "LabelValue": config.favorable_text,
        "Facet": facet.name,
        "FacetValue": facet.text,
    }
    return Metric(name=f"bias_metric_{name}", value=value, dimensions=dimensions)


def _analysis(groups: list[tuple[Facet, Group]], config: BiasConfig) -> dict[str, Any]:
    return {"version": "1.0", **dict(_stages(groups, config))}


def _stages(
    groups: list[tuple[Facet, Group]], config: BiasConfig
) -> Iterator[tuple[str, dict[str, Any]]]:
    for stage, descriptions in STAGES.items():
        facets: dict[str, list[dict[str, Any]]] = {}
        for facet, group in groups:
            measures = group.measures()[stage]
            facets.setdefault(facet.name, []).append(
                {
                    "value_or_threshold": facet.text,
                    "metrics": [
                        {"name": name, "description": descriptions[name], "value": value}
                        for name, value in measures.items()
                    ],
                }
            )
        yield (
            stage,
            {
                "label": config.label,
                "label_value_or_threshold": config.favorable_text,
                "facets": facets,
            },
        )
