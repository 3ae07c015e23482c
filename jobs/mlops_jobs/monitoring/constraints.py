"""Constraints of a dataset: `constraints.json`.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-constraints.html
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.columns.column import NUMERIC, STRING, Column

MAX_DOMAIN_VALUES = 100
ENABLED = "Enabled"
OVERRIDES = "monitoringConfigOverrides"
NOT_COMPARED = {"evaluate_constraints": "Disabled", "emit_metrics": "Disabled"}
HALF = 0.5

MONITORING_CONFIG: dict[str, Any] = {
    "evaluate_constraints": ENABLED,
    "emit_metrics": ENABLED,
    # Minimum shares that must match, as AWS's analyzer writes and reads them.
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": ENABLED,
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
        # Not of Model Monitor: Wasserstein's distance in standard deviations, and Jensen-Shannon's.
        "scale_comparison_threshold": 0.1,
    },
}


def suggested(found: Iterable[Column]) -> dict[str, Any]:
    """Returns the constraints that the columns of a baseline satisfy.

    Args:
        found: the columns.
    """
    return {
        "version": 0.0,
        "features": [_suggested(one) for one in found],
        "monitoring_config": MONITORING_CONFIG,
    }


def _suggested(found: Column) -> dict[str, Any]:
    kind = found.inferred_type
    entry: dict[str, Any] = {
        "name": found.name,
        "inferred_type": kind,
        "completeness": found.completeness,
    }
    values = found.categories
    if kind in NUMERIC:
        entry["num_constraints"] = {"is_non_negative": not found.negative}
    elif kind == STRING and values is not None and len(values) <= MAX_DOMAIN_VALUES:
        entry["string_constraints"] = {"domains": sorted(values)}
    return entry


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Comparison of a feature with its baseline, with `monitoringConfigOverrides` applied.

    Args:
        evaluate: True to report violations.
        emit: True to publish metrics.
        type_threshold: maximum share, 0 to 1, of values of another type.
        domain_threshold: maximum share, 0 to 1, of values outside the domain.
        compare: True to compare distributions.
        threshold: maximum distance of numerical distributions, 0 to 1.
        method: method for numerical distributions, `Robust` or `Simple`.
        categorical_threshold: maximum distance of categorical distributions, 0 to 1.
        categorical_method: method for categorical distributions, `LInfinity` or `ChiSquared`.
        scale_threshold: maximum distance of Wasserstein, in standard deviations of the baseline, or
            of Jensen and Shannon for categories.
    """

    evaluate: bool
    emit: bool
    type_threshold: float
    domain_threshold: float
    compare: bool
    threshold: float
    method: str
    categorical_threshold: float
    categorical_method: str
    scale_threshold: float


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """Constraints of one feature.

    Args:
        name: name of the feature.
        inferred_type: type of its values.
        completeness: minimum share of rows, 0 to 1, with a value.
        domains: allowed values of a string feature; None if it had too many.
        comparison: comparison with the baseline.
    """

    name: str
    inferred_type: str
    completeness: float
    domains: frozenset[str] | None
    comparison: Comparison


def read_constraints(content: bytes) -> list[Constraint]:
    """Reads a constraints file; those of Model Monitor are supported.

    Args:
        content: content of the file.

    Raises:
        InputError: the file is not a constraints file.
    """
    return _read(content, lambda document: document)


def read_prediction_constraints(content: bytes) -> list[Constraint]:
    """Reads the constraints of predictions, which a baseline has if it had a model.

    Args:
        content: content of the constraints file.

    Raises:
        InputError: the file is not a constraints file.
    """
    return _read(content, lambda document: document.get("predictions") or {"features": []})


def _read(content: bytes, part: Callable[[dict[str, Any]], dict[str, Any]]) -> list[Constraint]:
    try:
        document = json.loads(content)
        config = document.get("monitoring_config") or {}
        return [_constraint(entry, config) for entry in part(document)["features"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"baseline_constraints: cannot be read as a constraints file: {error!r}"
        ) from error


def _constraint(entry: Mapping[str, Any], config: Mapping[str, Any]) -> Constraint:
    domains = (entry.get("string_constraints") or {}).get("domains")
    return Constraint(
        name=entry["name"],
        inferred_type=entry["inferred_type"],
        completeness=float(entry.get("completeness", 0.0)),
        domains=frozenset(map(str, domains)) if domains is not None else None,
        comparison=_comparison(config, entry.get(OVERRIDES) or {}),
    )


def _comparison(*layers: Mapping[str, Any]) -> Comparison:
    """Merges configurations; later layers take precedence."""
    chosen = dict(MONITORING_CONFIG)
    distribution = dict(MONITORING_CONFIG["distribution_constraints"])
    for layer in layers:
        chosen.update(layer)
        distribution.update(layer.get("distribution_constraints") or {})
    return Comparison(
        evaluate=chosen["evaluate_constraints"] == ENABLED,
        emit=chosen["emit_metrics"] == ENABLED,
        type_threshold=_tolerated(float(chosen["datatype_check_threshold"])),
        domain_threshold=_tolerated(float(chosen["domain_content_threshold"])),
        compare=distribution["perform_comparison"] == ENABLED,
        threshold=float(distribution["comparison_threshold"]),
        method=str(distribution["comparison_method"]),
        categorical_threshold=float(distribution["categorical_comparison_threshold"]),
        categorical_method=str(distribution["categorical_drift_method"]),
        scale_threshold=float(distribution["scale_comparison_threshold"]),
    )


def _tolerated(threshold: float) -> float:
    """Returns the share of values that may differ.

    AWS's analyzer writes 1.0 and reports values that do not match ("Expected match: 100.0%"), while
    its documentation defines the number as the tolerated share. A tolerated share of half of the
    values is not useful, nor is a required share below it, so the size decides which one is meant.
    """
    return round(1 - threshold, 9) if threshold >= HALF else threshold
