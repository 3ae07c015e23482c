"""Plots as inline SVG in the colours of the page, so that they follow light and dark mode."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Matplotlib has no CSS variables: these colours are replaced in its SVG.
INK, FAINT, ACCENT, GOOD, BAD = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {
    INK: "var(--ink)",
    FAINT: "var(--line)",
    ACCENT: "var(--accent)",
    GOOD: "var(--good)",
    BAD: "var(--bad)",
}


def roc(evaluation: Mapping[str, Any]) -> str | None:
    """Returns the ROC curve of a binary model; None for other models."""
    quality = evaluation.get("binary_classification_metrics", {})
    curve = quality.get("receiver_operating_characteristic_curve")
    if not curve:
        return None
    figure, axes = figure_with_axes(4.2, 3.6)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle="--")
    axes.plot(
        curve["false_positive_rates"], curve["true_positive_rates"], color=ACCENT, linewidth=2
    )
    axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.01, 1.01))
    area = quality.get("auc", {}).get("value")
    if isinstance(area, int | float):
        axes.text(0.97, 0.05, f"AUC {area:.4f}", ha="right", color=INK, fontsize=11)
    return svg_of(figure, "roc")


def residuals(actual: Sequence[str], predicted: Sequence[str]) -> str | None:
    """Returns a scatter plot of predicted against actual values; None without values."""
    if not actual:
        return None
    truths, guesses = [float(value) for value in actual], [float(value) for value in predicted]
    low, high = min([*truths, *guesses]), max([*truths, *guesses])
    figure, axes = figure_with_axes(4.2, 3.6)
    axes.plot([low, high], [low, high], color=FAINT, linewidth=1, linestyle="--")
    axes.scatter(truths, guesses, s=9, color=ACCENT, alpha=0.55, linewidths=0)
    axes.set(xlabel="actual", ylabel="predicted")
    return svg_of(figure, "residuals")


def confusion(pairs: Mapping[tuple[str, str], int], max_labels: int = 12) -> str | None:
    """Returns the confusion matrix; None without rows or with more than `max_labels` labels.

    Args:
        pairs: number of rows by their actual and predicted label.
        max_labels: maximum number of labels. Defaults to 12.
    """
    labels = sorted({label for pair in pairs for label in pair})
    if not pairs or len(labels) > max_labels:
        return None
    counts = [[pairs.get((truth, guess), 0) for guess in labels] for truth in labels]
    largest = max(max(row) for row in counts) or 1
    figure, axes = figure_with_axes(4.2, 3.6)
    for row, values in enumerate(counts):
        for column, count in enumerate(values):
            colour = ACCENT if row == column else BAD
            axes.fill(
                [column - 0.48, column + 0.48, column + 0.48, column - 0.48],
                [row - 0.48, row - 0.48, row + 0.48, row + 0.48],
                color=colour,
                alpha=0.08 + 0.5 * count / largest if count else 0.03,
                linewidth=0,
            )
            size = 12 if len(labels) < 7 else 8
            axes.text(column, row, str(count), ha="center", va="center", color=INK, fontsize=size)
    ticks = range(len(labels))
    short = [label if len(label) <= 12 else label[:11] + "…" for label in labels]
    axes.set_xticks(ticks, short)
    if max(map(len, short)) > 5:
        axes.tick_params(axis="x", rotation=35)
    axes.set_yticks(ticks, short)
    axes.set(xlabel="predicted", ylabel="actual", ylim=(len(labels) - 0.5, -0.5))
    axes.grid(visible=False)
    return svg_of(figure, "confusion")


def tuning(values: Sequence[float | None], metric: str, *, maximize: bool) -> str | None:
    """Returns the objective of each trial and the best so far; None without a value."""
    known = [(number, value) for number, value in enumerate(values, 1) if value is not None]
    if not known:
        return None
    numbers, found = [number for number, _ in known], [value for _, value in known]
    better = max if maximize else min
    best = [better(found[: index + 1]) for index in range(len(found))]
    figure, axes = figure_with_axes(4.2, 2.9)
    axes.step(numbers, best, where="post", color=GOOD, linewidth=1.5, label="best so far")
    axes.scatter(numbers, found, s=34, color=ACCENT, zorder=3, linewidths=0, label="trial")
    axes.set(xlabel="trial", ylabel=metric)
    axes.set_xticks(numbers if len(numbers) <= 12 else numbers[:: len(numbers) // 8])
    axes.legend(frameon=False, labelcolor=INK, fontsize=9, loc="best")
    return svg_of(figure, "tuning")


def figure_with_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """Returns an empty figure of a size in inches."""
    # The import takes a second, so it is done only when a report is drawn.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    figure.patch.set_visible(False)
    axes.patch.set_visible(False)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure, axes


def svg_of(figure: Figure, name: str) -> str:
    """Returns the figure as an SVG element with real text and CSS variables as colours."""
    from matplotlib import rc_context

    text = io.StringIO()
    # Ids must be unique in the page and the same in each run.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"(font: [\d.]+px )[^;\"]*", r"\1system-ui, sans-serif", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{name}" ', 1)
