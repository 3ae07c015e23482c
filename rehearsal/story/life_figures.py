"""Figures of the life of a model: its timeline, drift of features, traffic, and comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rehearsal.story.plots import ACCENT, BAD, FAINT, GOOD, INK, figure_with_axes, svg_of
from rehearsal.story.summary import (
    ComparisonSummary,
    DriftSummary,
    EstimateSummary,
    EventSummary,
    LoadSummary,
    PhaseSummary,
)

KINDS = {
    "push": "push",
    "training": "model registered",
    "approval": "approval",
    "rollout": "rollout",
    "traffic": "traffic",
    "data": "newer data",
    "drift": "drift",
    "alarm": "alarm",
    "retraining": "retraining",
    "comparison": "comparison",
    "rollback": "rollback",
}
_BAD_KINDS = ("drift", "alarm", "rollback")
_WIDTH, _LEFT, _RIGHT, _ROW = 1080, 150, 20, 26


def timeline(events: Sequence[EventSummary]) -> str | None:
    """Returns the events as an SVG element: a row for each kind, a mark for each event."""
    if not events:
        return None
    rows = [kind for kind in KINDS if any(event.kind == kind for event in events)]
    first, last = min(one.after for one in events), max(one.after for one in events)
    scale = (_WIDTH - _LEFT - _RIGHT) / (last - first or 1.0)
    height = _ROW * len(rows) + 34
    parts = []
    for index, kind in enumerate(rows):
        middle = 14 + index * _ROW
        parts.append(
            f'<text class="kind" x="{_LEFT - 14}" y="{middle + 4}">{KINDS[kind]}</text>'
            f'<path class="rule" d="M{_LEFT} {middle}H{_WIDTH - _RIGHT}"/>'
        )
    for event in events:
        if event.kind not in rows:
            continue
        across = _LEFT + (event.after - first) * scale
        middle = 14 + rows.index(event.kind) * _ROW
        style = "bad" if event.kind in _BAD_KINDS else "good"
        text = f"{duration(event.after)}: {event.title}. {event.detail}".strip()
        parts.append(
            f'<circle class="{style}" cx="{across:.1f}" cy="{middle}" r="6">'
            f"<title>{escape(text)}</title></circle>"
        )
    for seconds in _ticks(first, last):
        across = _LEFT + (seconds - first) * scale
        shown = duration(seconds)
        parts.append(f'<text class="tick" x="{across:.1f}" y="{height - 6}">{shown}</text>')
    return (
        f'<svg class="timeline" role="img" aria-label="Timeline of events" '
        f'viewBox="0 0 {_WIDTH} {height}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def duration(seconds: float) -> str:
    """Returns a time in seconds, hours or days, whichever is short."""
    if seconds < 7200:
        return f"{seconds:.0f} s"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} d"


def _ticks(first: float, last: float) -> list[float]:
    span = last - first
    steps = (10, 30, 60, 120, 300, 600, 3600, 21_600, 86_400, 604_800)
    step = next((one for one in steps if span / one <= 8), 2_592_000)
    start = int(first // step + 1) * step
    return [float(second) for second in range(start, int(last) + 1, step)]


def drift(found: DriftSummary, name: str) -> str:
    """Returns the distribution of a feature before and after."""
    figure, axes = figure_with_axes(4.2, 2.5)
    axes.stairs(found.before, found.edges, fill=True, color=FAINT, label="training data")
    axes.stairs(found.after, found.edges, color=ACCENT, linewidth=2, label=found.phase)
    axes.set(xlabel=found.feature, ylabel="share of rows")
    axes.legend(frameon=False, labelcolor=INK, fontsize=9, loc="best")
    return svg_of(figure, name)


def load(found: LoadSummary, name: str) -> str | None:
    """Returns the requests and failures of each second; None without requests."""
    if not found.by_second:
        return None
    figure, axes = figure_with_axes(4.2, 2.5)
    edges = list(range(len(found.by_second) + 1))
    served = [requests for requests, _ in found.by_second]
    failed = [failures for _, failures in found.by_second]
    axes.stairs(served, edges, fill=True, color=FAINT, label="requests")
    axes.stairs(failed, edges, fill=True, color=BAD, label="failed")
    axes.set(xlabel="second of the deployment", ylabel="requests in a second")
    axes.legend(frameon=False, labelcolor=INK, fontsize=9, loc="best")
    return svg_of(figure, name)


def areas(phases: Sequence[PhaseSummary], comparisons: Sequence[ComparisonSummary]) -> str | None:
    """Returns the area under the ROC curve of each model with its interval; None without one."""
    rows: list[tuple[str, EstimateSummary, str]] = [
        (f"{phase.name}, {phase.area.model}", phase.area, ACCENT) for phase in phases if phase.area
    ]
    rows += [
        (f"same rows, {found.challenger.model}", found.challenger, GOOD) for found in comparisons
    ]
    if not rows:
        return None
    figure, axes = figure_with_axes(4.6, 0.7 + 0.45 * len(rows))
    for index, (_, found, colour) in enumerate(rows):
        axes.plot([found.low, found.high], [index, index], color=colour, linewidth=2)
        axes.plot([found.value], [index], color=colour, marker="o", markersize=7)
    axes.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    axes.set(xlabel="AUC with 95 % interval", ylim=(len(rows) - 0.5, -0.5))
    return svg_of(figure, "areas")
