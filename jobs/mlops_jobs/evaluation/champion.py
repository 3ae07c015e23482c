"""Comparison of a new model, the challenger, with the deployed one, the champion.

Both predict the same held-out rows, and their difference is resampled in pairs: rows that are hard
for both do not widen its interval.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops_jobs.archive import load_archive
from mlops_jobs.evaluation.interval import MAX_DRAWN_ROWS, described, intervals
from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.evaluation.resampling import Draw
from mlops_jobs.evaluation.scored import HeldOut, Scored
from mlops_jobs.failure import InputError
from mlops_jobs.model import LoadModel, Model

ARCHIVE = "model.tar.gz"
NO_CHAMPION = "none"


def compare(
    load: LoadModel,
    folder: Path,
    version: str,
    challenger: Scored,
    model: Model,
    rows: HeldOut,
    *,
    metric: Metric,
    margin: float,
) -> dict[str, Any]:
    """Compares a model with the champion.

    Args:
        load: loads the model of a folder.
        folder: folder with the archive of the champion; without one there is no champion.
        version: ARN of the champion's model package, or `none`.
        challenger: predictions of the new model.
        model: the new model.
        rows: the held-out rows.
        metric: metric of the project.
        margin: loss of the metric that is accepted.

    Returns:
        The member `champion` of the report: whether the models were compared, values, difference
        and verdict, and all metrics of the champion. Its `certain_loss` is the part of the metric
        that the challenger loses beyond chance; it is 0 if it is not certain that the challenger is
        worse.
    """
    if version == NO_CHAMPION or not (folder / ARCHIVE).is_file():
        return _not_compared("", "no version is approved yet, so there is no champion")
    try:
        champion = load_archive(folder / ARCHIVE, load)
    except Exception as error:
        reason = str(error) if isinstance(error, InputError) else repr(error)
        return _not_compared(version, f"the code of this commit cannot load it: {reason}")
    if difference := _difference(model, champion):
        return _not_compared(version, difference)
    try:
        known = Scored.of(champion, rows).in_order_of(model.labels)
    except InputError as error:
        return _not_compared(version, f"it cannot predict the held-out rows: {error}")
    # Each model has its thresholds; both are measured with the costs of this commit.
    decision = replace(
        known.decision,
        costs=challenger.decision.costs,
        cost_matrix=challenger.decision.cost_matrix,
    )
    known = replace(known, decision=decision)
    return _compared(version, challenger, known, metric, margin)


def _difference(model: Model, champion: Model) -> str:
    """Returns why two models cannot be compared, or an empty string."""
    if model.problem_type is not champion.problem_type:
        return f"it predicts a {champion.problem_type} target, the challenger {model.problem_type}"
    if model.target != champion.target:
        return f"it predicts {champion.target!r}, the challenger {model.target!r}"
    if set(model.labels) != set(champion.labels):
        added = sorted(set(model.labels) ^ set(champion.labels))
        return f"its labels differ: {', '.join(added[:10])}"
    lacking = [name for name in champion.features if name not in model.columns]
    if lacking:
        return f"it reads columns that the table no longer has: {', '.join(lacking[:10])}"
    return ""


def _compared(
    version: str, challenger: Scored, champion: Scored, metric: Metric, margin: float
) -> dict[str, Any]:
    now, before = challenger.measure(metric), champion.measure(metric)
    difference = _measured(challenger, champion, metric)
    ends = intervals(difference, {"difference": now - before}, challenger.rows)
    found = ends.get("difference")
    loss = 0.0
    if found is not None:
        loss = max(0.0, -found.high if metric.maximize else found.low)
    accepted = loss <= margin
    sample = min(challenger.rows, MAX_DRAWN_ROWS)
    return {
        "compared": True,
        "version": version,
        "metric": metric.name,
        "challenger": now,
        "champion": before,
        "metrics": {name: {"value": value} for name, value in champion.values().items()},
        "difference": {"value": now - before, **(found.to_json() if found else {})},
        "margin": margin,
        "certain_loss": loss,
        "accepted": accepted,
        "rows": f"{described(challenger.rows, challenger.rows)}; intervals from samples of "
        f"{sample:,} rows",
        "verdict": _verdict(metric, now, before, found, margin, accepted=accepted),
    }


def _measured(
    challenger: Scored, champion: Scored, metric: Metric
) -> Callable[[Draw], dict[str, float]]:
    def difference(draw: Draw) -> dict[str, float]:
        one, other = challenger.drawn(draw), champion.drawn(draw)
        return {"difference": one.measure(metric) - other.measure(metric)}

    return difference


def _verdict(
    metric: Metric, now: float, before: float, found: Any, margin: float, *, accepted: bool
) -> str:
    change = f"a difference of {now - before:+.5f}"
    if found is not None:
        change += f" (95 % interval {found.low:+.5f} to {found.high:+.5f})"
    values = f"{metric.name} {now:.5f} of the challenger, {before:.5f} of the champion, {change}"
    if not accepted:
        return f"worse than the champion by more than chance and the margin {margin:g}: {values}"
    better = found is not None and (found.low > 0 if metric.maximize else found.high < 0)
    return f"{'better than' if better else 'not certainly worse than'} the champion: {values}"


def _not_compared(version: str, reason: str) -> dict[str, Any]:
    return {
        "compared": False,
        "version": version or NO_CHAMPION,
        "certain_loss": 0.0,
        "accepted": True,
        "verdict": f"not compared: {reason}",
    }
