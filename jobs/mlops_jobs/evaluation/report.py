"""Content of `evaluation.json`.

Metrics have the names and places of SageMaker Model Monitor; the other members are additional.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mlops_jobs.evaluation.analysis_config import BiasConfig
from mlops_jobs.evaluation.baseline import best_without_features
from mlops_jobs.evaluation.calibration import calibration
from mlops_jobs.evaluation.classes import classes, thresholds
from mlops_jobs.evaluation.groups import bias
from mlops_jobs.evaluation.importance import importance
from mlops_jobs.evaluation.interval import LEVEL, MAX_DRAWN_ROWS, described, intervals
from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.evaluation.scored import HeldOut, Scored
from mlops_jobs.evaluation.slices import slices
from mlops_jobs.model import Model
from mlops_jobs.problem_type import ProblemType

MAX_AUTOMATIC_SLICES = 4  # columns


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Additional parts of an evaluation.

    Args:
        slices: columns by whose values rows are evaluated separately. Defaults to none: the most
            important features.
        bias: groups whose treatment is measured. Defaults to None: bias is not measured.
    """

    slices: Sequence[str] = ()
    bias: BiasConfig | None = None


def report_of_rows(
    model: Model, rows: HeldOut, scored: Scored, metric: Metric, scope: Scope
) -> dict[str, Any]:
    """Returns the report of a model.

    Args:
        model: the model.
        rows: the held-out rows.
        scored: the same rows with the predictions of the model.
        metric: metric of the project.
        scope: additional parts.

    Raises:
        InputError: a column of the scope does not exist.
    """
    explained = importance(model, rows)
    chosen = [*scope.slices] or list(explained["features"])[:MAX_AUTOMATIC_SLICES]
    report: dict[str, Any] = {
        "version": 0.0,
        "dataset": {"item_count": scored.rows},
        scored.problem_type.report: scored.report(),
        "objective": metric.name,
        "baseline": {
            "without_features": best_without_features(
                scored.problem_type, scored.labels, scored.actual, scored.decision
            )
        },
        "intervals": _intervals(scored),
        "slices": {
            "metric": metric.name,
            "of": described(scored.rows, scored.rows),
            "parts": slices(scored, rows, chosen, metric),
        },
        "calibration": calibration(scored),
        "importance": explained,
    }
    if scored.problem_type is not ProblemType.REGRESSION:
        report["classes"] = classes(scored)
        report["decision"] = asdict(scored.decision)
    if scored.problem_type is ProblemType.BINARY:
        report["thresholds"] = thresholds(scored)
    if scope.bias is not None:
        report["bias"] = bias(scored, rows, scope.bias)
    return report


def _intervals(scored: Scored) -> dict[str, Any]:
    found = intervals(lambda draw: scored.drawn(draw).values(), scored.values(), scored.rows)
    return {
        "level": LEVEL,
        "of": f"bootstrap samples of {min(scored.rows, MAX_DRAWN_ROWS):,} rows from "
        f"{described(scored.rows, scored.rows)}",
        "metrics": {name: ends.to_json() for name, ends in found.items()},
    }


def finite(value: Any) -> Any:
    """Replaces NaN and infinities, which JSON does not support, by strings, as AWS does.

    Args:
        value: content of a report.
    """
    if isinstance(value, dict):
        return {name: finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
