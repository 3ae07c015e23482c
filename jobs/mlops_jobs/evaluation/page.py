"""The report of a model as a page of HTML: `evaluation.html`."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_jobs.document import bars, box, curve, document, figure, section, table
from mlops_jobs.evaluation.quality import METRICS, Metric
from mlops_jobs.problem_type import ProblemType

PAGE = "evaluation.html"
MAX_LABELS = 20
MAX_FEATURES = 20
MAX_SLICES = 40

Report = Mapping[str, Any]


def evaluation_page(target: str, report: Report) -> str:
    """Returns the page.

    Args:
        target: name of the target column.
        report: content of `evaluation.json`.
    """
    return document(f"Evaluation of {target}", evaluation_parts(report))


def evaluation_parts(report: Report) -> list[str]:
    """Returns the parts of the page.

    Args:
        report: content of `evaluation.json`.
    """
    problem_type = next(kind for kind in ProblemType if kind.report in report)
    metric = next(one for one in METRICS[problem_type] if one.name == report["objective"])
    rows = f"all {report['dataset']['item_count']:,} held-out rows"
    return [
        *_champion(report),
        *_metrics(report, metric, rows),
        *_thresholds(report, rows),
        *_classes(report, metric, rows),
        *_calibration(report, rows),
        *_slices(report),
        *_bias(report, rows),
        *_importance(report),
    ]


def _champion(report: Report) -> Iterator[str]:
    found = report.get("champion")
    if not found:
        return
    if not found["compared"]:
        yield section("Deployed model", box(f"The deployed model was {found['verdict']}."))
        return
    ends = found["difference"]
    values = table(
        ("", found["metric"], "95 % interval"),
        [
            ("this model", _number(found["challenger"]), ""),
            (f"deployed model, {found['version']}", _number(found["champion"]), ""),
            ("difference", f"{ends['value']:+.5g}", _interval(ends)),
            ("accepted loss", _number(found["margin"]), ""),
        ],
    )
    kind = "ok" if found["accepted"] else "bad"
    registered = "" if found["accepted"] else " It is not registered."
    sentence = f"This model is {found['verdict']}.{registered}"
    yield section("Deployed model", box(sentence, kind), values, of=found["rows"])


def _metrics(report: Report, metric: Metric, rows: str) -> Iterator[str]:
    naive = report["baseline"]["without_features"]
    ends = report["intervals"]["metrics"]
    deployed = report.get("champion", {}).get("metrics", {})
    gate = report.get("gate", {})
    values = [
        (
            name,
            _number(measure["value"]),
            _interval(ends.get(name)),
            _number(naive[name]["value"]) if name in naive else "",
            _number(deployed[name]["value"]) if name in deployed else "",
            _needed(gate) if name == gate.get("metric") else "",
        )
        for name, measure in report[metric.group].items()
        if isinstance(measure, dict) and "value" in measure
    ]
    yield section(
        "Metrics",
        table(
            (
                "metric",
                "model",
                "95 % interval",
                "without features",
                "deployed model",
                "needed to be registered",
            ),
            values,
            chosen={at for at, row in enumerate(values) if row[0] == metric.key},
        ),
        f'<p class="of">Intervals: {report["intervals"]["of"]}.</p>',
        of=rows,
    )


def _thresholds(report: Report, rows: str) -> Iterator[str]:
    found = report.get("thresholds")
    if not found:
        return
    lines = found["precision_recall_curve"]
    choices = [
        (
            one["choice"],
            *(
                _number(one[name])
                for name in ("threshold", "precision", "recall", "f1", "predicted_share")
            ),
        )
        for one in found["choices"]
    ]
    yield section(
        "Threshold",
        figure(curve(lines["recalls"], lines["precisions"], ("recall", "precision")), rows),
        table(("choice", "threshold", "precision", "recall", "F1", "predicted share"), choices),
        f'<p class="of">{found["note"].capitalize()}.</p>',
        of=rows,
    )


def _classes(report: Report, metric: Metric, rows: str) -> Iterator[str]:
    matrix = report[metric.group].get("confusion_matrix")
    if not matrix:
        return
    figures = [
        (
            one["label"],
            f"{one['rows']:,}",
            _with_interval(one, "precision"),
            _with_interval(one, "recall"),
            _number(one["f1"]),
            *([_number(one["threshold"])] if "threshold" in one else []),
        )
        for one in report["classes"]
    ]
    heading = ["label", "rows", "precision", "recall", "F1"]
    heading += ["threshold"] if any("threshold" in one for one in report["classes"]) else []
    parts = [table(heading, figures)]
    if len(matrix) <= MAX_LABELS:
        counts = [(label, *map(str, row.values())) for label, row in matrix.items()]
        parts.append(table(("actual label, by predicted", *matrix), counts))
    yield section("Labels", *parts, of=rows)


def _calibration(report: Report, rows: str) -> Iterator[str]:
    found = report["calibration"]
    bins = found["bins"]
    picture = curve(
        [one["predicted"] for one in bins],
        [one["observed"] for one in bins],
        ("predicted", "observed"),
        ends=[(one["low"], one["high"]) for one in bins],
        diagonal=True,
        unit="brier_score" in found,
    )
    errors = [
        (name.replace("_", " "), _number(found[name]))
        for name in ("brier_score", "expected_calibration_error")
        if name in found
    ]
    parts = [figure(picture, f"{found['of']}; {rows}")]
    if errors:
        parts.append(table(("error", "value"), errors))
    yield section("Calibration", *parts, of=rows)


def _slices(report: Report) -> Iterator[str]:
    found = report["slices"]
    if not found["parts"]:
        return
    values = [
        (
            f"{one['column']}: {one['value']}",
            f"{one['rows']:,}",
            _number(one["metric"]),
            _interval(one),
        )
        for one in found["parts"][:MAX_SLICES]
    ]
    heading = ("part", "rows", found["metric"], "95 % interval")
    yield section("Parts of the rows, the worst first", table(heading, values), of=found["of"])


def _bias(report: Report, rows: str) -> Iterator[str]:
    found = report.get("bias")
    if not found:
        return
    values = [
        (f"{facet}: {entry['value_or_threshold']}", measure["description"], _any(measure["value"]))
        for stage in found.values()
        for facet, entries in stage["facets"].items()
        for entry in entries
        for measure in entry["metrics"]
    ]
    yield section(
        "Bias",
        table(("group", "metric", "value"), values, numbers=False),
        of=f"{rows}; 0 is equal treatment, for disparate impact 1",
    )


def _importance(report: Report) -> Iterator[str]:
    found = report["importance"]
    values = list(found["features"].items())[:MAX_FEATURES]
    yield section("Importance", figure(bars(values), found["method"]), of=found["of"])


def _needed(gate: Mapping[str, Any]) -> str:
    """Returns the conditions of the gate on its metric in words."""
    side = "at least" if gate["maximize"] else "at most"
    conditions = []
    if gate["threshold"] is not None:
        conditions.append(f"{side} {_number(gate['threshold'])}")
    if gate["baseline"] is not None:
        conditions.append(f"better than {gate['baseline'].replace('_', ' ')}")
    conditions.append(f"margin against the deployed model {_number(gate['margin'])}")
    return "; ".join(conditions)


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _any(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:+.4g}"


def _interval(ends: Mapping[str, Any] | None) -> str:
    if not ends or "low" not in ends:
        return ""
    return f"{ends['low']:.4g} to {ends['high']:.4g}"


def _with_interval(one: Mapping[str, Any], name: str) -> str:
    ends = _interval(one.get(f"{name}_interval"))
    return f"{one[name]:.4g}{f' ({ends})' if ends else ''}"
