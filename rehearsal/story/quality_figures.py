"""Quality of a model as its evaluation has it: metrics beside what they must beat, and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.story.plots import ACCENT, FAINT, INK, figure_with_axes, svg_of

MAX_FEATURES = 10


@dataclass(frozen=True)
class Measure:
    """A metric with its interval, and the value of a model without features; None is unknown."""

    name: str
    value: float
    low: float | None
    high: float | None
    baseline: float | None
    objective: bool


def measures(metrics: Mapping[str, float], evaluation: Mapping[str, Any]) -> list[Measure]:
    """Returns the metrics, the objective first.

    Args:
        metrics: metrics by name.
        evaluation: the model's evaluation.json.
    """
    intervals = _member(evaluation, "intervals", "metrics")
    baselines = _member(evaluation, "baseline", "without_features")
    objective = evaluation.get("objective", "")
    found = [
        Measure(
            name=name,
            value=value,
            low=_number(_member(intervals, name).get("low")),
            high=_number(_member(intervals, name).get("high")),
            baseline=_number(_member(baselines, name).get("value")),
            objective=name == objective,
        )
        for name, value in metrics.items()
    ]
    return sorted(found, key=lambda one: not one.objective)


def rows_of(evaluation: Mapping[str, Any]) -> str:
    """Returns the rows of the metrics and their intervals in words; empty if it is unknown."""
    return str(evaluation.get("intervals", {}).get("of", ""))


def champion(evaluation: Mapping[str, Any]) -> str:
    """Returns the verdict of the comparison with the deployed model; empty without one."""
    found = evaluation.get("champion", {})
    return str(found.get("verdict") or found.get("reason") or "")


def classes(evaluation: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Returns the figures of each label."""
    found: Sequence[Mapping[str, Any]] = evaluation.get("classes", ())
    return found


def thresholds(evaluation: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Returns thresholds of a binary model and what each would give."""
    found: Sequence[Mapping[str, Any]] = evaluation.get("thresholds", {}).get("choices", ())
    return found


def drawn(evaluation: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns the title and SVG of the figures that the evaluation has."""
    found = [
        (f"Calibration, {_of(evaluation, 'calibration')}", _calibration(evaluation)),
        ("Precision and recall, held-out rows", _precision_recall(evaluation)),
        (f"Importance, {_of(evaluation, 'importance')}", _importance(evaluation)),
    ]
    return [(title, svg) for title, svg in found if svg]


def _calibration(evaluation: Mapping[str, Any]) -> str | None:
    bins = evaluation.get("calibration", {}).get("bins", ())
    if not bins:
        return None
    figure, axes = figure_with_axes(4.2, 3.6)
    predicted = [one["predicted"] for one in bins]
    observed = [one["observed"] for one in bins]
    ends = [min([*predicted, *observed]), max([*predicted, *observed])]
    axes.plot(ends, ends, color=FAINT, linewidth=1, linestyle="--")
    for one in bins:
        axes.plot([one["predicted"]] * 2, [one["low"], one["high"]], color=ACCENT, linewidth=1.5)
    axes.scatter(predicted, observed, s=34, color=ACCENT, zorder=3, linewidths=0)
    axes.set(xlabel="predicted", ylabel="observed, with 95 % interval")
    return svg_of(figure, "calibration")


def _precision_recall(evaluation: Mapping[str, Any]) -> str | None:
    curve = evaluation.get("thresholds", {}).get("precision_recall_curve")
    if not curve:
        return None
    figure, axes = figure_with_axes(4.2, 3.6)
    axes.plot(curve["recalls"], curve["precisions"], color=ACCENT, linewidth=2)
    axes.set(xlabel="recall", ylabel="precision", xlim=(-0.01, 1.01), ylim=(0, 1.02))
    return svg_of(figure, "precision-recall")


def _importance(evaluation: Mapping[str, Any]) -> str | None:
    features = evaluation.get("importance", {}).get("features", {})
    if not features:
        return None
    shown = list(features.items())[:MAX_FEATURES]
    figure, axes = figure_with_axes(4.2, 0.8 + 0.28 * len(shown))
    axes.barh([name for name, _ in shown], [value for _, value in shown], color=ACCENT, height=0.6)
    axes.invert_yaxis()
    axes.set_xlabel(evaluation["importance"].get("method", ""), color=INK, fontsize=8)
    return svg_of(figure, "importance")


def _of(evaluation: Mapping[str, Any], part: str) -> str:
    return str(evaluation.get(part, {}).get("of", ""))


def _member(content: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    found: Any = content
    for name in names:
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
