"""A page with plots beside the files of a run: one HTML file without scripts or references."""

import html
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mlops_jobs.monitoring.columns.sketch import Sample, histogram
from mlops_jobs.monitoring.drift import Drift, category_counts, numerical_sample
from mlops_jobs.monitoring.findings import Findings
from mlops_jobs.monitoring.settings import Settings

PAGE = "report.html"
MAX_PLOTS = 60  # the worst features; the others are in the table
MAX_BARS = 12
BINS = 24
TAIL = 0.005  # share of the values beyond each end of a plot
WIDTH, HEIGHT = 360, 110
STYLE = """
body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#222}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #ddd;padding:.25rem .6rem;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.ok{color:#17682f}.bad{color:#a3160d}.box{background:#f5f5f5;padding:.6rem 1rem;margin:1rem 0}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(24rem,1fr));gap:1rem}
figure{margin:0;border:1px solid #ddd;padding:.6rem}figcaption{font-size:.85rem}
.before{fill:#9a9a9a}.now{fill:#2a6fbb;fill-opacity:.6}.key{display:inline-block;width:.8rem}
"""


def render(found: Findings, settings: Settings, baseline: Mapping[str, Any]) -> str:
    """Returns the page of a run.

    Args:
        found: findings of the run.
        settings: its settings.
        baseline: content of the statistics file of the baseline, or of its `analysis.json`; {}
            without a baseline.
    """
    parts = [
        *_head(found, settings),
        *_not_analyzed(found),
        *_violations(found),
        *_columns("Features", found, baseline, found.statistics, found.drifts),
        *_columns(
            "Predictions",
            found,
            baseline.get("predictions") or baseline,
            found.statistics.get("predictions") or {},
            found.drifts,
        ),
        *_metrics(found.statistics, baseline, found.constraints),
        *_bias(found.statistics, baseline),
        *_attributions(found.statistics, baseline),
        *_groups(found.statistics),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{_text(_title(settings))}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def _title(settings: Settings) -> str:
    named = settings.schedule_name or settings.endpoint_name
    return f"{settings.analysis.replace('_', ' ').capitalize()}{f' of {named}' if named else ''}"


def _head(found: Findings, settings: Settings) -> Iterator[str]:
    yield f"<h1>{_text(_title(settings))}</h1>"
    facts = []
    if settings.endpoint_name:
        facts.append(f"endpoint {settings.endpoint_name}")
    if settings.variant_name:
        facts.append(f"variant {settings.variant_name}")
    if settings.window is not None:
        window = settings.window
        facts.append(f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC")
    rows = (found.statistics.get("dataset") or {}).get("item_count")
    if rows is not None:
        facts.append(f"{rows:,} rows")
    yield f"<p>{_text(' · '.join(facts))}</p>"
    if not settings.baseline_constraints:
        yield '<p class="box">There is no baseline: nothing was compared.</p>'
    elif found.violations:
        yield f'<p class="box bad">{len(found.violations)} violations of the baseline.</p>'
    else:
        yield '<p class="box ok">No violation of the baseline.</p>'


def _not_analyzed(found: Findings) -> Iterator[str]:
    if found.notes:
        yield "<h2>Not analyzed</h2><ul>"
        yield from (f"<li>{_text(note)}</li>" for note in found.notes)
        yield "</ul>"


def _violations(found: Findings) -> Iterator[str]:
    if not found.violations:
        return
    yield "<h2>Violations</h2>"
    yield from _table(
        ("where", "check", "description"),
        (
            (
                _place(one),
                one.get("constraint_check_type", ""),
                one.get("description", ""),
            )
            for one in found.violations
        ),
    )


def _place(violation: Mapping[str, Any]) -> str:
    members = ("feature_name", "facet", "facet_value", "label", "metric_name")
    named = [str(violation[name]) for name in members if name in violation]
    groups = [str(violation[name]) for name in ("variant_name", "segment") if name in violation]
    return " ".join(named) + (f" ({', '.join(groups)})" if groups else "")


def _columns(
    title: str,
    found: Findings,
    baseline: Mapping[str, Any],
    current: Mapping[str, Any],
    drifts: Mapping[str, Drift],
) -> Iterator[str]:
    entries = {str(one["name"]): one for one in current.get("features") or []}
    if not entries:
        return
    before = {str(one.get("name")): one for one in baseline.get("features") or []}
    violated = {one.get("feature_name") for one in found.violations}
    order = sorted(entries, key=lambda name: (name not in violated, -_badness(drifts.get(name))))
    yield f"<h2>{title}, the worst first</h2>"
    yield from _table(
        ("name", "distance", "less chance", "scale distance", "by chance", "missing", "before"),
        (
            (
                f"{name}{' (violated)' if name in violated else ''}",
                *_drift_cells(drifts.get(name)),
                _missing(entries[name]),
                _missing(before.get(name)),
            )
            for name in order
        ),
        numbers=6,
    )
    yield (
        "<p>Distance: largest difference of the (cumulative) shares. Scale distance: Wasserstein "
        "in standard deviations of the baseline, or Jensen-Shannon. By chance: probability that "
        "equal distributions of these numbers of rows differ as much. Plots: "
        f"{_key('before')} baseline, {_key('now')} now.</p>"
    )
    yield '<div class="plots">'
    for name in order[:MAX_PLOTS]:
        plot = _plot(before.get(name), entries[name])
        if plot:
            yield f"<figure>{plot}<figcaption>{_text(name)}</figcaption></figure>"
    yield "</div>"


def _key(kind: str) -> str:
    return f'<svg class="key" viewBox="0 0 1 1"><rect class="{kind}" width="1" height="1"/></svg>'


def _badness(drift: Drift | None) -> float:
    return max(drift.distance, drift.raw, drift.scale) if drift is not None else -1.0


def _drift_cells(drift: Drift | None) -> tuple[str, str, str, str]:
    if drift is None:
        return ("", "not compared", "", "")
    return (
        _number(drift.raw),
        _number(drift.distance),
        _number(drift.scale),
        f"{drift.probability:.2g}",
    )


def _missing(entry: Mapping[str, Any] | None) -> str:
    for kind in ("numerical_statistics", "string_statistics"):
        common = ((entry or {}).get(kind) or {}).get("common") or {}
        rows = common.get("num_present", 0) + common.get("num_missing", 0)
        if rows:
            return f"{common.get('num_missing', 0) / rows:.2%}"
    return ""


def _plot(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    one, other = numerical_sample(before or {}), numerical_sample(now)
    if other is not None:
        return _histogram(one, other)
    counts = category_counts(now)
    if counts is None:
        return ""
    return _bars(category_counts(before or {}) or {}, counts)


def _histogram(before: Sample | None, now: Sample) -> str:
    samples = [one for one in (before, now) if one is not None]
    low = min(_quantile(one, TAIL) for one in samples)
    high = max(_quantile(one, 1 - TAIL) for one in samples)
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    shares = [histogram(one, edges) / one[1].sum() for one in samples]
    top = max(float(one.max()) for one in shares) or 1.0
    classes = ["before", "now"] if before is not None else ["now"]
    step = WIDTH / BINS
    bars = [
        _rectangle(at * step, share / top, step, kind)
        for one, kind in zip(shares, classes, strict=True)
        for at, share in enumerate(one)
        if share
    ]
    return _svg(bars, f"{low:.4g}", f"{edges[-1]:.4g}")


def _quantile(sample: Sample, share: float) -> float:
    values, weights = sample
    place = int(np.searchsorted(np.cumsum(weights), share * weights.sum()))
    return float(values[min(place, len(values) - 1)])


def _bars(before: Mapping[str, float], now: Mapping[str, float]) -> str:
    totals = [sum(one.values()) or 1.0 for one in (before, now)]
    names = sorted(
        {*before, *now}, key=lambda name: (-now.get(name, 0) - before.get(name, 0), name)
    )
    shown = names[:MAX_BARS]
    shares = [
        [one.get(name, 0) / total for name in shown]
        for one, total in zip((before, now), totals, strict=True)
    ]
    top = max(max(one) for one in shares) or 1.0
    step = WIDTH / len(shown)
    bars = []
    for at, name in enumerate(shown):
        for side, kind in enumerate(("before", "now")):
            if shares[side][at]:
                title = f"<title>{_text(name)}: {shares[side][at]:.1%}</title>"
                left = at * step + side * step * 0.4
                bars.append(_rectangle(left, shares[side][at] / top, step * 0.4, kind, title))
    rest = f", {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return _svg(bars, f"{', '.join(shown)[:60]}{rest}", "")


def _rectangle(left: float, share: float, width: float, kind: str, title: str = "") -> str:
    height = HEIGHT * share
    return (
        f'<rect class="{kind}" x="{left:.1f}" y="{HEIGHT - height:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}">{title}</rect>'
    )


def _svg(bars: Iterable[str], left: str, right: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 16}" width="100%" role="img">{"".join(bars)}'
        f'<text x="0" y="{HEIGHT + 13}" font-size="11">{_text(left)}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT + 13}" font-size="11" text-anchor="end">'
        f"{_text(right)}</text>"
        "</svg>"
    )


def _metrics(
    statistics: Mapping[str, Any], baseline: Mapping[str, Any], constraints: Mapping[str, Any]
) -> Iterator[str]:
    for group, report in statistics.items():
        if not group.endswith("_metrics") or not isinstance(report, dict) or "facets" in report:
            continue
        values = {name: one for name, one in report.items() if "value" in (one or {})}
        before = baseline.get(group) or {}
        yield "<h2>Metrics</h2>"
        yield from _table(
            ("metric", "now", "standard deviation", "baseline"),
            (
                (
                    name,
                    _number(one["value"]),
                    _number(one.get("standard_deviation")),
                    _number((before.get(name) or {}).get("value")),
                )
                for name, one in values.items()
            ),
            numbers=3,
        )


def _bias(statistics: Mapping[str, Any], baseline: Mapping[str, Any]) -> Iterator[str]:
    for stage in ("pre_training_bias_metrics", "post_training_bias_metrics"):
        now, before = _bias_values(statistics.get(stage)), _bias_values(baseline.get(stage))
        if now:
            yield f"<h2>{stage.replace('_', ' ').capitalize()}</h2>"
            yield from _table(
                ("group", "metric", "now", "baseline"),
                (
                    (group, name, _number(value), _number(before.get((group, name))))
                    for (group, name), value in now.items()
                ),
                numbers=2,
                first_number=2,
            )


def _bias_values(stage: Any) -> dict[tuple[str, str], Any]:
    return {
        (f"{facet}={entry.get('value_or_threshold')}", str(one.get("name"))): one.get("value")
        for facet, entries in ((stage or {}).get("facets") or {}).items()
        for entry in entries
        for one in entry.get("metrics") or []
    }


def _attributions(statistics: Mapping[str, Any], baseline: Mapping[str, Any]) -> Iterator[str]:
    method = "kernel_shap"
    before = (baseline.get("explanations") or {}).get(method) or {}
    for label, one in ((statistics.get("explanations") or {}).get(method) or {}).items():
        values = one["global_shap_values"]
        earlier = (before.get(label) or {}).get("global_shap_values") or {}
        yield f"<h2>Global SHAP values, {_text(label)}</h2>"
        yield from _table(
            ("feature", "now", "baseline"),
            (
                (name, _number(values[name]), _number(earlier.get(name)))
                for name in sorted(values, key=lambda name: -values[name])
            ),
            numbers=2,
        )


def _groups(statistics: Mapping[str, Any]) -> Iterator[str]:
    for group in ("variants", "segments"):
        if statistics.get(group):
            yield f"<h2>{group.capitalize()}</h2>"
            yield from _table(
                ("name", "rows"),
                (
                    (name, f"{(one.get('dataset') or {}).get('item_count', 0):,}")
                    for name, one in statistics[group].items()
                ),
                numbers=1,
            )


def _table(
    heading: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: int = 0,
    first_number: int = 1,
) -> Iterator[str]:
    kinds = [
        ' class="n"' if first_number <= at < first_number + numbers else ""
        for at in range(len(heading))
    ]
    cells = "".join(f"<th{kind}>{name}</th>" for name, kind in zip(heading, kinds, strict=True))
    yield f"<table><tr>{cells}</tr>"
    for row in rows:
        cells = "".join(
            f"<td{kind}>{_text(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)
        )
        yield f"<tr>{cells}</tr>"
    yield "</table>"


def _number(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.4g}" if math.isfinite(value) else str(value)
    return "" if value is None else str(value)


def _text(value: object) -> str:
    """Escapes text, which may come from callers."""
    return html.escape(str(value))
