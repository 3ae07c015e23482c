"""Cells of requests, by column name."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jmespath
import orjson

from mlops_jobs.monitoring.traffic.capture import CSV, Body

Row = dict[str, Any]


@dataclass(kw_only=True)
class Rows:
    """Requests of a time window.

    Args:
        named: cells of each row. Defaults to none.
        misfits: rows without names that have another number of cells than there are columns, by
            that number. Defaults to none.
        unreadable: number of bodies that are neither CSV nor JSON. Defaults to 0.
    """

    named: list[Row] = field(default_factory=list)
    misfits: Counter[int] = field(default_factory=Counter)
    unreadable: int = 0


def read_rows(
    bodies: Iterable[Body], names: Sequence[str], *, target: str = "", path: str = ""
) -> Rows:
    """Reads requests as the endpoint does: CSV with or without a heading, JSON lists or objects.

    Args:
        bodies: bodies of the requests.
        names: columns of a row without names.
        target: name of the column that requests may omit. Defaults to "": none.
        path: JMESPath of the rows in a JSON body. Defaults to "": the body is a list of rows, an
            object, or has the rows in its member `instances`.
    """
    found = Rows()
    for body in bodies:
        try:
            rows = _csv_rows(body, names) if body.kind == CSV else _json_rows(body, path)
        except (ValueError, RecursionError, csv.Error):  # callers may send any content
            found.unreadable += 1
            continue
        name_rows(found, rows, names, target)
    return found


def name_rows(found: Rows, rows: Iterable[Any], names: Sequence[str], target: str = "") -> None:
    """Adds rows by column name; those with another number of cells are counted.

    Args:
        found: the rows so far.
        rows: rows, each as a list of cells or by column name.
        names: columns of a row without names.
        target: name of the column that requests may omit. Defaults to "": none.
    """
    widths = layouts(names, target)
    for row in rows:
        if isinstance(row, dict):
            found.named.append(row)
        elif not names:
            found.named.append({f"_c{index}": cell for index, cell in enumerate(row)})
        elif len(row) in widths:
            found.named.append(dict(zip(widths[len(row)], row, strict=True)))
        else:
            found.misfits[len(row)] += 1


def layouts(names: Sequence[str], target: str) -> dict[int, list[str]]:
    """Returns the columns of a row without names, by the number of its cells.

    Args:
        names: all columns.
        target: name of the column that requests may omit; "" if there is no such column.
    """
    found = {len(names): list(names)}
    if target in names:
        without = [name for name in names if name != target]
        found[len(without)] = without
    return found


def load_json(content: bytes | str) -> Any:
    """Parses JSON as Python does, which accepts NaN and Infinity.

    Args:
        content: the document.

    Raises:
        ValueError: the content is not JSON.
        RecursionError: the document is nested too deeply.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return json.loads(content)


def _csv_rows(body: Body, names: Sequence[str]) -> list[Any]:
    text = body.content.decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    heading = [name.strip() for name in rows[0]] if rows else []
    if is_heading(heading, set(names)):
        return [dict(zip(heading, row, strict=False)) for row in rows[1:]]
    return rows


def is_heading(cells: Sequence[str], names: set[str]) -> bool:
    """Returns True if most cells are names of columns.

    Most are enough, so that one misspelled name does not make a heading a row.

    Args:
        cells: cells of the first row of a body.
        names: names of the columns.
    """
    known = Counter(name in names for name in cells)
    return known[True] * 2 > len(cells)


def _json_rows(body: Body, path: str) -> list[Any]:
    document = load_json(body.content)
    if path:
        rows = jmespath.search(path, document)
        if (
            isinstance(rows, list)
            and rows
            and not any(isinstance(row, list | dict) for row in rows)
        ):
            rows = [rows]  # the cells of one row
        if isinstance(rows, dict):
            rows = [rows]
    else:
        rows = document.get("instances", [document]) if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, list | dict) for row in rows):
        raise ValueError("got no list of rows")
    return rows
