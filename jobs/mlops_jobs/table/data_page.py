"""The report of a table as a page of HTML: `data_report.html`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops_jobs.document import bars, box, document, figure, items, section, table
from mlops_jobs.table.schema import Schema

PAGE = "data_report.html"
MAX_LABELS = 20


def data_page(schema: Schema, data: Mapping[str, Any]) -> str:
    """Returns the page.

    Args:
        schema: the fitted preprocessing.
        data: content of `data_report.json`.
    """
    return document(f"Data of {schema.target}", data_parts(schema, data))


def data_parts(schema: Schema, data: Mapping[str, Any]) -> list[str]:
    """Returns the parts of the page.

    Args:
        schema: the fitted preprocessing.
        data: content of `data_report.json`.
    """
    return [*_warnings(data), *_rows(data), *_target(schema, data), *_columns(schema, data)]


def _warnings(data: Mapping[str, Any]) -> Iterator[str]:
    found = [*data["warnings"], *(f"The target {one}" for one in data["target"]["warnings"])]
    of_columns = sum(bool(column.get("warnings")) for column in data["columns"])
    if of_columns:
        found.append(f"{of_columns} columns have warnings, which the table below lists")
    if found:
        yield section("Warnings of the table", items(found))
    else:
        yield section("Warnings of the table", box("There are no warnings.", "ok"))


def _rows(data: Mapping[str, Any]) -> Iterator[str]:
    counts = [(name, f"{count:,}") for name, count in data["rows"].items()]
    counts.append(("equal to an earlier row", f"{data['repeated_rows']:,}"))
    yield section("Rows", table(("rows", "number"), counts), of="all rows of the table")


def _target(schema: Schema, data: Mapping[str, Any]) -> Iterator[str]:
    target = data["target"]
    facts = [("missing", f"{target['missing']:,}"), ("distinct", f"{target['distinct']:,}")]
    parts = []
    if balance := target.get("labels"):
        most = sorted(balance.items(), key=lambda one: -one[1])[:MAX_LABELS]
        parts.append(figure(bars([(name, float(count)) for name, count in most]), "rows by label"))
    elif span := target.get("range"):
        facts += [(name, f"{value:.6g}") for name, value in span.items()]
    parts.insert(0, table((f"{schema.target}, {schema.problem_type}", ""), facts))
    yield section("Target", *parts, of="all rows of the table")


def _columns(schema: Schema, data: Mapping[str, Any]) -> Iterator[str]:
    categories = {column.name: _categories(column.categories) for column in schema.columns}
    rows = max(1, sum(data["rows"].values()))
    columns = [
        (
            column["name"],
            column["kind"],
            column.get("reason")
            or "; ".join([*filter(None, [categories[column["name"]]]), *column.get("notes", ())]),
            _missing(column, rows),
            str(column.get("distinct", "")),
            _span(column.get("range")),
            "; ".join(column.get("warnings", ())),
        )
        for column in data["columns"]
    ]
    columns += [(name, "computed", "", "", "", "", "") for name in schema.computed]
    heading = (
        "column",
        "kind",
        "use, or reason without one",
        "missing",
        "distinct",
        "range",
        "warnings",
    )
    yield section("Columns", table(heading, columns, numbers=False), of="all rows of the table")


def _missing(column: Mapping[str, Any], rows: int) -> str:
    if "missing" not in column:
        return ""
    return f"{column['missing']:,} ({column['missing'] / rows:.1%})"


def _categories(categories: Sequence[str]) -> str:
    return f"{len(categories)} categories" if categories else ""


def _span(span: Sequence[float] | None) -> str:
    return f"{span[0]:.6g} to {span[1]:.6g}" if span else ""
