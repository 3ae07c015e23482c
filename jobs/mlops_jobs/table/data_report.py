"""The report of a table: what each column is used for, and what looks wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.table.data_page import PAGE, data_page
from mlops_jobs.table.encoding import Matrix
from mlops_jobs.table.fitting import Profile
from mlops_jobs.table.leaks import leak_warnings
from mlops_jobs.table.observation import MAX_DISTINCT
from mlops_jobs.table.precision import precision_warning
from mlops_jobs.table.schema import Schema
from mlops_jobs.table.split import Part, Parts
from mlops_jobs.table.target import Target, target_warnings

FILE = "data_report.json"


def data_report(
    schema: Schema,
    profile: Profile,
    features: Matrix,
    target: Target,
    parts: Parts,
) -> dict[str, Any]:
    """Returns the report.

    Args:
        schema: the fitted preprocessing.
        profile: result of the first pass over the table.
        features: the encoded rows.
        target: the target column.
        parts: part of each row.

    Returns:
        The rows of each part, the rows that are equal to an earlier row, warnings of the table and
        of the target, and for each column its kind, the reason why it is not used, its missing and
        distinct cells, its range, and warnings; for the target its balance.
    """
    values = np.array([np.nan if value is None else value for value in target.values])
    leaks = leak_warnings(schema, features, values, parts)
    columns = []
    for column, observation in zip(schema.columns, profile.observations, strict=True):
        entry: dict[str, Any] = {"name": column.name, "kind": str(column.kind)}
        if column.reason:
            entry["reason"] = column.reason
        if observation:
            distinct = len(observation.distinct)
            entry["missing"] = observation.missing
            entry["distinct"] = (
                distinct if distinct <= MAX_DISTINCT else f"more than {MAX_DISTINCT}"
            )
            if span := observation.range(column):
                entry["range"] = span
            entry["notes"] = observation.notes(column)
            entry["warnings"] = [
                *observation.warnings(column),
                *precision_warning(column, observation.distinct),
                *leaks.get(column.name, []),
            ]
        columns.append(entry)
    return {
        "rows": {part.name.lower(): int(np.sum(parts == part)) for part in Part},
        "repeated_rows": len(profile.rows) - len(np.unique(profile.rows)),
        "warnings": _unnamed(profile.unnamed) + _repeated_rows(parts, profile.rows),
        "target": {
            "name": schema.target,
            "missing": int(np.isnan(values).sum()),
            "distinct": len(np.unique(values[~np.isnan(values)])),
            **_balance(schema, values[~np.isnan(values)]),
            "warnings": target_warnings(target),
        },
        "columns": columns,
    }


def _balance(schema: Schema, values: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Returns the rows of each label, or the range of a number."""
    if schema.labels:
        counts = np.bincount(values.astype(np.intp), minlength=len(schema.labels))
        return {"labels": dict(zip(schema.labels, counts.tolist(), strict=True))}
    return {
        "range": {
            "minimum": float(values.min()),
            "mean": float(values.mean()),
            "median": float(np.median(values)),
            "maximum": float(values.max()),
        }
    }


def _repeated_rows(parts: Parts, rows: npt.NDArray[np.int64]) -> list[str]:
    known = set(rows[(parts == Part.TRAIN) | (parts == Part.VALIDATION)].tolist())
    held_out = rows[parts == Part.TEST].tolist()
    repeated = sum(row in known for row in held_out)
    if not repeated:
        copies = len(rows) - len(np.unique(rows))
        return [_copies_warning(copies, len(rows))] if copies else []
    return [
        f"{repeated} of {len(held_out)} held-out rows are equal to a row of training or "
        "validation, so the evaluation overestimates the model; remove repeated rows"
    ]


def _unnamed(names: tuple[str, ...]) -> list[str]:
    if not names:
        return []
    return [
        f"the heading has {len(names)} empty names; requests must use {', '.join(names)} instead. "
        "Name the columns, or name an index of the rows in data.drop"
    ]


def _copies_warning(copies: int, rows: int) -> str:
    return (
        f"{copies} of {rows} rows are equal to an earlier row; equal rows are in the same part of "
        "the split. Remove them unless they were observed more than once"
    )


def count_of_warnings(report: dict[str, Any]) -> int:
    """Returns the number of warnings of the table, its target and its columns.

    Args:
        report: result of `data_report`.
    """
    parts = [report, report["target"], *report["columns"]]
    return sum(len(part.get("warnings", ())) for part in parts)


def write_data_report(schema: Schema, report: dict[str, Any], folder: Path) -> None:
    """Writes a report with its page, and prints its warnings.

    Args:
        schema: the fitted preprocessing.
        report: result of `data_report`.
        folder: folder for `data_report.json` and `data_report.html`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(data_page(schema, report), encoding="utf-8")
    text = json.dumps(report, indent=1, ensure_ascii=False)
    (folder / FILE).write_text(text, encoding="utf-8")
    for warning in report["warnings"]:
        print(f"warning: {warning}")
    for warning in report["target"]["warnings"]:
        print(f"warning: target {report['target']['name']!r} {warning}")
    for column in report["columns"]:
        for warning in column.get("warnings", ()):
            print(f"warning: column {column['name']!r} {warning}")
