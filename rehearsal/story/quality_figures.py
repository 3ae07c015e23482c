"""Quality of a model as its evaluation has it: metrics beside what they must beat, and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.story.plots import ACCENT, FAINT, INK, figure_with_axes, svg_of

MAX_FEATURES = 10


@dataclass(frozen=True)
class Measure:
    """A metric beside what it must beat; None is unknown.

    Args:
        name: name of the metric.
        value: value of the model.
        low: lower end of its 95 % interval.
        high: upper end of the interval.
        baseline: value of the baseline, such as a model without features.
        champion: value of the deployed model on the same rows.
        objective: True if the metric decides.
        needed: what the gate asks of the metric, in words; empty for other metrics.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    baseline: float | None
    champion: float | None
    objective: bool
    needed: str


def measures(metrics: Mapping[str, float], evaluation: Mapping[str, Any]) -> list[Measure]:
    """Returns the metrics, the objective first.

    Args:
        metrics: metrics by name.
        evaluation: the model's evaluation.json.
    """
    intervals = _member(evaluation, "intervals", "metrics")
    baselines = _member(evaluation, "baseline", baseline_name(evaluation).replace(" ", "_"))
    deployed = _member(evaluation, "champion", "metrics")
    gate = _member(evaluation, "gate")
    objective = gate.get("metric") or evaluation.get("objective", "")
    found = [
        Measure(
            name=name,
            value=value,
            low=_number(_member(intervals, name).get("low")),
            high=_number(_member(intervals, name).get("high")),
            baseline=_number(_member(baselines, name).get("value")),
            champion=_number(_member(deployed, name).get("value")),
            objective=name == objective,
            needed="; ".join(_conditions(gate)) if gate and name == objective else "",
        )
        for name, value in metrics.items()
    ]
    return sorted(found, key=lambda one: not one.objective)


def baseline_name(evaluation: Mapping[str, Any]) -> str:
    """Returns the name of the baseline: that of the gate, or else the last one, in words."""
    named = _member(evaluation, "gate").get("baseline")
    names = [*_member(evaluation, "baseline")] or ["without_features"]
    return str(named or names[-1]).replace("_", " ")


def gate(evaluation: Mapping[str, Any]) -> str:
    """Returns the conditions of the registration in a sentence; empty if they are unknown."""
    found = _member(evaluation, "gate")
    if not found:
        return ""
    metric = str(found["metric"]).replace("_", " ")
    return f"Gate: {metric} of {held_out(evaluation)}: {', '.join(_conditions(found))}."


def _conditions(gate: Mapping[str, Any]) -> list[str]:
    side = "at least" if gate["maximize"] else "at most"
    threshold, beaten = gate["threshold"], gate["baseline"]
    return [
        "no threshold" if threshold is None else f"{side} {threshold:g}",
        *([f"better than {beaten.replace('_', ' ')}"] if beaten else []),
        f"margin against the champion {gate['margin']:g}",
    ]


def held_out(evaluation: Mapping[str, Any]) -> str:
    """Returns the rows of the evaluation in words."""
    count = _member(evaluation, "dataset").get("item_count")
    return f"all {count:,} held-out rows" if isinstance(count, int) else "all held-out rows"


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


def confusion(evaluation: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """Returns the number of rows by their actual and predicted label; {} for a regression."""
    return {
        (str(truth), str(guess)): int(count)
        for group, members in evaluation.items()
        if group.endswith("_metrics")
        for truth, row in _member(members, "confusion_matrix").items()
        for guess, count in row.items()
    }


def thresholds(evaluation: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Returns thresholds of a binary model and what each would give."""
    found: Sequence[Mapping[str, Any]] = evaluation.get("thresholds", {}).get("choices", ())
    return found


def drawn(evaluation: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns the title and SVG of the figures that the evaluation has."""
    rows = held_out(evaluation)
    found = [
        (f"Calibration, {_of(evaluation, 'calibration')}, {rows}", _calibration(evaluation)),
        (f"Precision and recall, {rows}", _precision_recall(evaluation)),
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
