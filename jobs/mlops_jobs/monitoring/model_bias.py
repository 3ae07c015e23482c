"""Bias drift: bias metrics, compared with those of a baseline.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-bias-drift-violations.html
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from mlops_jobs.evaluation.analysis_config import BiasConfig, Facet
from mlops_jobs.evaluation.bias import MIN_ROWS, STAGES, Group, distance_from_ideal
from mlops_jobs.evaluation.resampling import Draw, standard_deviations
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.columns.chance import METRICS_ERROR
from mlops_jobs.monitoring.findings import Findings, Metric
from mlops_jobs.monitoring.labeled_groups import LabeledGroups

METRIC_STAGES = {
    "pre_training_bias_metrics": "Pre-training",
    "post_training_bias_metrics": "Post-Training",
}
VERSION = "1.0"
SAME_AS_DPL = ("KS", "LP", "TVD")  # of two labels, except for a factor


@dataclass(frozen=True, kw_only=True)
class Before:
    """A bias metric of the baseline.

    Args:
        value: its value; infinite if Clarify wrote "Infinity".
        deviation: its standard deviation; None in a baseline of Clarify.
    """

    value: float
    deviation: float | None = None


Baseline = dict[tuple[str, str, str, str], Before]
"""Bias metrics by stage, facet, values of the facet, and short name."""


def describe(found: LabeledGroups) -> Findings:
    """Returns the bias metrics of a baseline, in the layout of Clarify's `analysis.json`.

    Args:
        found: rows of the baseline, and the bias to measure.
    """
    config, measured = found.config, [_Measured(*one) for one in found.groups()]
    return Findings(
        statistics=_analysis(measured, config),
        constraints=_analysis(measured, config, with_deviations=True),
    )


def compare(found: LabeledGroups, baseline: Baseline) -> Findings:
    """Compares bias metrics with a baseline.

    A metric is a violation if its distance from equal treatment has increased by more than chance.

    Args:
        found: rows with predictions and ground truth, and the bias to measure.
        baseline: bias metrics of the baseline; empty without one.

    Raises:
        InputError: no request has the column of a facet, or the baseline is of other facets.
    """
    config, notes = found.config, list(found.reading.texts())
    violations: list[dict[str, Any]] = list(found.reading.violations(found.max_unreadable))
    metrics = list(found.reading.metrics())
    if not found.rows:
        notes.append("too few labels: no verdict on 0 rows")
    measured = [_Measured(*one) for one in found.groups()]
    compared = sum(len(one.values) - len(SAME_AS_DPL) for one in measured)
    _check_baseline(measured, baseline)
    quantile = NormalDist().inv_cdf(1 - METRICS_ERROR / max(1, compared))
    for one in measured:
        few = {name for _, name in one.values if not one.has_enough_rows(name)}
        if found.rows and few:
            group = f"{one.facet.name}={one.facet.text}"
            notes.append(f"too few labels of {group}: no verdict on {', '.join(sorted(few))}")
        for (stage, name), value in one.values.items():
            before = baseline.get((stage, one.facet.name, one.facet.text, name))
            if before is not None and name not in few and one.is_worse(name, before, quantile):
                violations.append(_violation(one.facet, name, value, before.value))
            if math.isfinite(value):
                metrics.append(_metric(stage, one.facet, config, name, value))
    unread = found.reading.members()
    return Findings(
        statistics=_analysis(measured, config) | ({"unread": unread} if unread else {}),
        constraints=_analysis(measured, config),
        violations=violations,
        metrics=metrics,
        notes=notes,
        version=VERSION,
    )


def _check_baseline(measured: "list[_Measured]", baseline: Baseline) -> None:
    """Raises an error for a baseline of other facets, with which nothing would be compared."""
    facets = {(one.facet.name, one.facet.text) for one in measured}
    before = {(name, text) for _, name, text, _ in baseline}
    if before and not before & facets:
        got = ", ".join(sorted(f"{name}={text}" for name, text in before))
        allowed = ", ".join(sorted(f"{name}={text}" for name, text in facets))
        raise InputError(
            f"baseline_constraints: got bias of {got}; allowed are the facets of the analysis "
            f"configuration: {allowed}. Create the baseline anew"
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
        return {
            (stage, facet, str(entry["value_or_threshold"]), measure["name"]): before
            for stage in STAGES
            if stage in document
            for facet, entries in document[stage]["facets"].items()
            for entry in entries
            for measure in entry["metrics"]
            if (before := _before(measure)) is not None
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"baseline_constraints: got no bias metrics: {error!r}; use a baseline of MODEL_BIAS"
        ) from error


def _before(measure: Mapping[str, Any]) -> Before | None:
    """Returns a metric; None if it was undefined in the baseline."""
    given = measure.get("value")
    if given is None or isinstance(given, bool):
        return None
    value = float(given)  # also of "NaN" and "Infinity"
    deviation = measure.get("standard_deviation")
    known = isinstance(deviation, int | float) and math.isfinite(deviation)
    return (
        None if math.isnan(value) else Before(value=value, deviation=deviation if known else None)
    )


class _Measured:
    """Bias metrics of one group, with their spread."""

    def __init__(self, facet: Facet, group: Group) -> None:
        self.facet, self.group = facet, group
        self.values = {
            (stage, name): value
            for stage, measures in group.measures().items()
            for name, value in measures.items()
        }
        rows = len(group.member)
        self.deviations = standard_deviations(lambda draw: _flat(group, draw), rows) if rows else {}
        if "FT" not in self.deviations:
            # The flip test is not repeated for each draw: it is a share of the group's rows.
            members = group.member if group.compared is None else group.compared.member
            self.deviations["FT"] = 1 / math.sqrt(max(1, int(members.sum())))

    def has_enough_rows(self, name: str) -> bool:
        value = next(one for (_, other), one in self.values.items() if other == name)
        if math.isinf(value):
            return self.group.supports_infinity(name)
        return self.group.rows_of(name) >= MIN_ROWS

    def is_worse(self, name: str, before: Before, quantile: float) -> bool:
        value = next(one for (_, other), one in self.values.items() if other == name)
        now, then = distance_from_ideal(name, value), distance_from_ideal(name, before.value)
        if math.isnan(value) or not math.isfinite(then):
            return False
        if not math.isfinite(now):
            return True
        spread = self.deviations.get(name, 0.0)
        margin = math.hypot(spread, spread if before.deviation is None else before.deviation)
        return now > then + quantile * margin


def _flat(group: Group, draw: Draw) -> dict[str, float]:
    stages = group.drawn(draw).measures().values()
    return {name: value for measures in stages for name, value in measures.items()}


def _violation(facet: Facet, name: str, value: float, before: float) -> dict[str, str]:
    return {
        "facet": facet.name,
        "facet_value": facet.text,
        "metric_name": name,
        "constraint_check_type": "bias_drift_check",
        "description": f"Metric value {value} doesn't meet the baseline constraint requirement "
        f"{before}",
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


def _analysis(
    measured: list[_Measured], config: BiasConfig, *, with_deviations: bool = False
) -> dict[str, Any]:
    stages = {
        stage: _stage(stage, measured, config, with_deviations=with_deviations) for stage in STAGES
    }
    return {"version": VERSION, **stages}


def _stage(
    stage: str, measured: list[_Measured], config: BiasConfig, *, with_deviations: bool
) -> dict[str, Any]:
    facets: dict[str, list[dict[str, Any]]] = {}
    for one in measured:
        entries = list(_entries(stage, one, with_deviations=with_deviations))
        facets.setdefault(one.facet.name, []).append(
            {"value_or_threshold": one.facet.text, "metrics": entries}
        )
    return {
        "label": config.label,
        "label_value_or_threshold": config.favorable_text,
        "facets": facets,
    }


def _entries(stage: str, one: _Measured, *, with_deviations: bool) -> Iterator[dict[str, Any]]:
    for (other, name), value in one.values.items():
        if other == stage:
            entry = {"name": name, "description": STAGES[stage][name], "value": value}
            if with_deviations and name in one.deviations:
                entry["standard_deviation"] = one.deviations[name]
            yield entry
