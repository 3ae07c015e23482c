"""What a dataset has to satisfy: `constraints.json`.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-constraints.html
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tabular.failure import InputError
from tabular.monitor.features import FRACTIONAL, INTEGRAL, STRING, Feature

MOST_DOMAIN_VALUES = 100
ENABLED = "Enabled"
HALF = 0.5

MONITORING_CONFIG: dict[str, Any] = {
    "evaluate_constraints": ENABLED,
    "emit_metrics": ENABLED,
    # The shares that have to match, as AWS's analyzer writes and reads them.
    "datatype_check_threshold": 0.9,
    "domain_content_threshold": 0.9,
    "distribution_constraints": {
        "perform_comparison": ENABLED,
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}


def suggested(found: Iterable[Feature]) -> dict[str, Any]:
    """The constraints that a baseline's features satisfy."""
    return {
        "version": 0.0,
        "features": [_suggested(one) for one in found],
        "monitoring_config": MONITORING_CONFIG,
    }


def _suggested(found: Feature) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": found.name,
        "inferred_type": found.inferred_type,
        "completeness": found.completeness,
    }
    if found.inferred_type in (INTEGRAL, FRACTIONAL):
        entry["num_constraints"] = {"is_non_negative": bool((found.numbers >= 0).all())}
    elif found.inferred_type == STRING and len(found.texts) <= MOST_DOMAIN_VALUES:
        entry["string_constraints"] = {"domains": sorted(found.texts)}
    return entry


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How the values of a feature are compared, with `monitoringConfigOverrides` applied.

    `type_threshold` and `domain_threshold` are the shares of values that may be of another type, or
    not in the domain.
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


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """What one feature has to satisfy.

    Args:
        name: the feature.
        inferred_type: of its values.
        completeness: the least share of rows that have a value.
        domains: the values that a text may have, if they were few.
        comparison: how it is compared.
    """

    name: str
    inferred_type: str
    completeness: float
    domains: frozenset[str] | None
    comparison: Comparison


def read_constraints(content: bytes) -> list[Constraint]:
    """Reads a constraints file, Model Monitor's own included.

    Raises:
        InputError: if it is none.
    """
    try:
        document = json.loads(content)
        config = document.get("monitoring_config", {})
        return [_constraint(entry, config) for entry in document["features"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"baseline_constraints is no constraints file: {error!r}") from error


def _constraint(entry: Mapping[str, Any], config: Mapping[str, Any]) -> Constraint:
    domains = entry.get("string_constraints", {}).get("domains")
    return Constraint(
        name=entry["name"],
        inferred_type=entry["inferred_type"],
        completeness=float(entry.get("completeness", 0.0)),
        domains=frozenset(map(str, domains)) if domains is not None else None,
        comparison=_comparison(config, entry.get("monitoringConfigOverrides") or {}),
    )


def _comparison(*layers: Mapping[str, Any]) -> Comparison:
    """Later layers replace what earlier ones say."""
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
    )


def _tolerated(threshold: float) -> float:
    """The share of values that may differ.

    AWS's analyzer writes 1.0 and reports what does not match it ("Expected match: 100.0%"), while
    its documentation calls the number the share that is tolerated. Nobody tolerates half of the
    values and nobody is content with half of them, so the size says which of both is meant.
    """
    return round(1 - threshold, 9) if threshold >= HALF else threshold
