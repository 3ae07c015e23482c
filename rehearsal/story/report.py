"""The HTML report of a run: the loop with its timings, quality and trials, in one file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rehearsal.story import data_figures, life_figures, loop_diagram, plots, quality_figures
from rehearsal.story.package_reports import Reports
from rehearsal.story.summary import StepSummary, Summary

_TEMPLATE = "report.html.jinja"
_SEED = 7
MAX_POINTS = 2000


def render(
    summary: Summary,
    reports: Reports,
    actual: Sequence[str] = (),
    predicted: Sequence[str] = (),
) -> str:
    """Returns the report as HTML.

    Args:
        summary: the summary of the run.
        reports: the reports on the model and its data; empty if the run did not reach them.
        actual: the actual values of the held-out rows. Defaults to none.
        predicted: the predictions of the production endpoint for them. Defaults to none.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["duration"] = life_figures.duration
    page, evaluation = environment.get_template(_TEMPLATE), reports.evaluation
    return page.render(
        summary=summary,
        loop=Markup(loop_diagram.draw(summary.steps)),  # noqa: S704 - drawn here, texts are escaped
        figures=_figures(summary, evaluation, actual, predicted),
        trials_plot=_trials_plot(summary),
        life=_life(summary),
        measures=quality_figures.measures(summary.metrics, evaluation),
        measured_rows=quality_figures.rows_of(evaluation),
        held_out=quality_figures.held_out(evaluation),
        baseline=quality_figures.baseline_name(evaluation),
        gate=quality_figures.gate(evaluation),
        data=_data(reports.data),
        champion=quality_figures.champion(evaluation),
        classes=quality_figures.classes(evaluation),
        thresholds=quality_figures.thresholds(evaluation),
        rows=_rows(summary.steps, summary.time.total_seconds),
        hyperparameters=_hyperparameters(summary),
        quality=_quality(summary),
        tiles=_tiles(summary),
    )


def write(
    path: Path,
    summary: Summary,
    reports: Reports,
    actual: Sequence[str] = (),
    predicted: Sequence[str] = (),
) -> None:
    """Writes the report to a file; the arguments are those of `render`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(summary, reports, actual, predicted))


def number(value: float | str | None) -> str:
    """Formats a number with up to four significant digits, and an integer in full."""
    if value is None:
        return "n/a"
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return str(value)
    return f"{int(value):,}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"


def _figures(
    summary: Summary,
    evaluation: Mapping[str, Any],
    actual: Sequence[str],
    predicted: Sequence[str],
) -> list[tuple[str, Markup]]:
    if summary.problem_type == "regression":
        found = [_residuals(evaluation, actual, predicted)]
    else:
        pairs: Mapping[tuple[str, str], int] = Counter(
            zip(*_labels(actual, predicted), strict=True)
        )
        title = f"Predictions of the production endpoint, all {len(actual):,} held-out rows"
        if not pairs:
            pairs = quality_figures.confusion(evaluation)
            title = f"Predictions of the model, {quality_figures.held_out(evaluation)}"
        found = [
            (f"ROC curve, {quality_figures.held_out(evaluation)}", plots.roc(evaluation)),
            (title, plots.confusion(pairs)),
        ]
    found += quality_figures.drawn(evaluation)
    return [(title, Markup(svg)) for title, svg in found if svg]  # noqa: S704 - drawn here


def _residuals(
    evaluation: Mapping[str, Any], actual: Sequence[str], predicted: Sequence[str]
) -> tuple[str, str | None]:
    """Returns the title and the plot of values; it shows a sample of many rows."""
    if actual:
        chosen = _sample(len(actual))
        kind = "a random sample of " if len(chosen) < len(actual) else "all "
        of = f" of {len(actual):,}" if len(chosen) < len(actual) else ""
        title = f"Predictions of the production endpoint, {kind}{len(chosen):,}{of} held-out rows"
        return title, plots.residuals(
            [actual[at] for at in chosen], [predicted[at] for at in chosen]
        )
    sample = evaluation.get("regression_metrics", {}).get("residuals", [])
    title = f"Predictions of the model, {len(sample):,} evenly spaced rows of "
    return title + quality_figures.held_out(evaluation), plots.residuals(
        [str(one["actual"]) for one in sample], [str(one["predicted"]) for one in sample]
    )


def _sample(rows: int) -> Sequence[int]:
    """Returns the positions of at most `MAX_POINTS` random rows, in their order."""
    if rows <= MAX_POINTS:
        return range(rows)
    chosen: list[int] = (
        np.random.default_rng(_SEED).choice(rows, MAX_POINTS, replace=False).tolist()
    )
    return sorted(chosen)


def _data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parts of the report on the table that the page shows."""
    return {
        "rows": data_figures.rows(data),
        "total": data_figures.total(data),
        "warnings": data_figures.warnings(data),
        "columns": data_figures.columns(data),
        "all_columns": len(data.get("columns", ())),
        "balance": _drawn(data_figures.balance(data)),
    }


def _labels(actual: Sequence[str], predicted: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Returns labels in one spelling: `1.0` becomes `1` if every label is a number."""
    try:
        return [f"{float(x):g}" for x in actual], [f"{float(x):g}" for x in predicted]
    except ValueError:
        return actual, predicted


def _trials_plot(summary: Summary) -> Markup | None:
    if not summary.trials:
        return None
    metric = next((trial.metric for trial in summary.trials if trial.metric), "objective")
    svg = plots.tuning([trial.value for trial in summary.trials], metric, maximize=summary.maximize)
    return Markup(svg) if svg else None  # noqa: S704 - drawn here


def _life(summary: Summary) -> dict[str, Any]:
    """Returns the figures of the life of the model after its first deployment."""
    life = summary.life
    drifts = [
        (found, life_figures.drift(found, f"drift-{number}"))
        for number, found in enumerate(life.drifts)
    ]
    loads = [
        (found, life_figures.load(found, f"load-{number}"))
        for number, found in enumerate(life.loads)
    ]
    return {
        "timeline": _drawn(life_figures.timeline(life.events)),
        "areas": _drawn(life_figures.areas(life.phases, life.comparisons)),
        "drifts": [(found, _drawn(svg)) for found, svg in drifts],
        "loads": [(found, _drawn(svg)) for found, svg in loads],
    }


def _drawn(svg: str | None) -> Markup | None:
    return Markup(svg) if svg else None  # noqa: S704 - drawn here, texts are escaped


def _rows(steps: Sequence[StepSummary], total: float) -> list[dict[str, Any]]:
    """Returns the steps with the position of their bar on the time axis, in percent."""
    scale = 100 / total if total else 0.0
    return [
        {
            "step": step,
            "depth": len(step.path) - 1,
            "left": round(min(step.after * scale, 100), 2),
            "width": round(min(step.seconds * scale, 100 - min(step.after * scale, 100)), 2),
        }
        for step in steps
    ]


def _hyperparameters(summary: Summary) -> list[str]:
    """Returns the names of the tuned hyperparameters."""
    names = {name for trial in summary.trials for name in trial.hyperparameters}
    return sorted(name for name in names if not name.startswith("_"))


def _quality(summary: Summary) -> tuple[str, float] | None:
    for name in ("accuracy", "r2"):
        if name in summary.held_out:
            return ("R²" if name == "r2" else name), summary.held_out[name]
    return None


def _tiles(summary: Summary) -> list[tuple[str, str]]:
    """Returns the key figures at the top of the page as label and text."""
    time, quality = summary.time, _quality(summary)
    if summary.status == "recorded":
        return [(name.replace("_", " "), number(value)) for name, value in summary.metrics.items()][
            :6
        ]
    tiles = [("total time", f"{time.total_seconds:.0f} s")]
    if time.push_to_endpoint_seconds is not None:
        tiles.append(("push to first prediction", f"{time.push_to_endpoint_seconds:.0f} s"))
    if quality:
        tiles.append((f"{quality[0]} on held-out rows", number(quality[1])))
        tiles.append(("rows predicted", number(summary.held_out["rows"])))
    if time.beyond_percent is not None:
        tiles.append(("overhead over compute time", f"{time.beyond_percent:.0f} %"))
    tiles += _tiles_of_life(summary)
    if summary.peak_memory_bytes:
        tiles.append(("peak memory", f"{summary.peak_memory_bytes / 2**30:.1f} GB"))
    return tiles


def _tiles_of_life(summary: Summary) -> list[tuple[str, str]]:
    """Returns the key figures of the life of the model after its first deployment."""
    tiles = []
    for found in summary.life.comparisons[-1:]:
        gain = found.difference
        text = f"{gain.value:+.3f}"
        tiles.append((f"AUC after retraining ({gain.low:+.3f} to {gain.high:+.3f})", text))
    for load in summary.life.loads:
        failed = sum(load.failed.values())
        tiles.append((f"failed requests, {load.name}", f"{failed:,} of {load.requests:,}"))
    return tiles
