"""The report of a model as a page of HTML."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.table.schema import Schema

MAX_LABELS = 20

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}"
    "td,th{border:1px solid #ccc;padding:.2rem .6rem;text-align:left}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}tr.chosen{font-weight:bold}"
)


def page(
    schema: Schema,
    report: dict[str, Any],
    naive: dict[str, Any],
    metric: Metric,
    data: dict[str, Any],
) -> str:
    """Returns the page: metrics beside those of a naive model, confusion matrix, columns.

    Args:
        schema: the fitted preprocessing.
        report: content of `evaluation.json`.
        naive: metrics of a model that does not look at the features.
        metric: metric of the project, which is emphasized.
        data: content of `data_report.json`.
    """
    measures: dict[str, Any] = report[metric.group]
    rows = [
        (name, f"{measure['value']:.6g}", f"{naive[name]['value']:.6g}")
        for name, measure in measures.items()
        if isinstance(measure, dict) and "value" in measure
    ]
    parts = [
        f"<h1>{escape(schema.target)}</h1>",
        f"<p>{escape(schema.problem_type)}, {report['dataset']['item_count']} held-out rows.</p>",
        "<h2>Metrics</h2>",
        _table(
            ("metric", "model", "without features"),
            rows,
            chosen={at for at, row in enumerate(rows) if row[0] == metric.key},
        ),
    ]
    matrix = measures.get("confusion_matrix")
    if matrix and len(matrix) <= MAX_LABELS:
        counts = [(label, *map(str, row.values())) for label, row in matrix.items()]
        parts += ["<h2>Actual and predicted labels</h2>", _table(("actual", *matrix), counts)]
    categories = {column.name: _categories(column.categories) for column in schema.columns}
    columns = [
        (
            column["name"],
            column["kind"],
            column.get("reason")
            or "; ".join([*filter(None, [categories[column["name"]]]), *column.get("notes", ())]),
            str(column.get("missing", "")),
            str(column.get("distinct", "")),
            "; ".join(column.get("warnings", ())),
        )
        for column in data["columns"]
    ]
    columns += [(name, "computed", "", "", "", "") for name in schema.computed]
    heading = ("column", "kind", "use, or reason without one", "missing", "distinct", "warnings")
    parts += ["<h2>Columns</h2>", _table(heading, columns, numbers=False)]
    warnings = [*data["warnings"], *(f"The target {one}" for one in data["target"]["warnings"])]
    if warnings:
        items = "".join(f"<li>{escape(warning)}</li>" for warning in warnings)
        parts += ["<h2>Warnings of the table</h2>", f"<ul>{items}</ul>"]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(schema.target)}</title><style>{_STYLE}</style>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _categories(categories: Sequence[str]) -> str:
    return f"{len(categories)} categories" if categories else ""


def _table(
    heading: Iterable[str],
    rows: Iterable[Sequence[str]],
    *,
    chosen: set[int] | None = None,
    numbers: bool = True,
) -> str:
    kind = ' class="n"' if numbers else ""
    lines = ["<tr>" + "".join(f"<th>{escape(name)}</th>" for name in heading) + "</tr>"]
    for at, (name, *cells) in enumerate(rows):
        emphasis = ' class="chosen"' if chosen and at in chosen else ""
        values = "".join(f"<td{kind}>{escape(cell)}</td>" for cell in cells)
        lines.append(f"<tr{emphasis}><td>{escape(name)}</td>{values}</tr>")
    return f"<table>{''.join(lines)}</table>"
