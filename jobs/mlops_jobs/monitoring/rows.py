"""Cells of requests, by column name."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_jobs.monitoring.capture import CSV, Body

Row = dict[str, Any]


@dataclass(kw_only=True)
class Rows:
    """Requests of a time window.

    Args:
        named: cells of each row. Defaults to none.
        short: number of rows with fewer cells than columns, whose columns are unknown. Defaults to
            0.
        long: number of rows with more cells than columns. Defaults to 0.
        unreadable: number of bodies that are neither CSV nor JSON. Defaults to 0.
    """

    named: list[Row] = field(default_factory=list)
    short: int = 0
    long: int = 0
    unreadable: int = 0


def read_rows(bodies: Iterable[Body], names: Sequence[str]) -> Rows:
    """Reads requests as the endpoint does: CSV with or without a heading, JSON lists or objects.

    Args:
        bodies: bodies of the requests.
        names: columns of a row without names.
    """
    found = Rows()
    for body in bodies:
        try:
            rows = _csv_rows(body, names) if body.kind == CSV else _json_rows(body)
        except (ValueError, RecursionError, csv.Error):  # callers may send any content
            found.unreadable += 1
            continue
        for row in rows:
            if isinstance(row, dict):
                found.named.append(row)
            elif not names:
                found.named.append({f"_c{index}": cell for index, cell in enumerate(row)})
            elif len(row) == len(names):
                found.named.append(dict(zip(names, row, strict=True)))
            elif len(row) < len(names):
                found.short += 1
            else:
                found.long += 1
    return found


def _csv_rows(body: Body, names: Sequence[str]) -> list[Any]:
    text = body.content.decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    heading = [name.strip() for name in rows[0]] if rows else []
    known = Counter(name in set(names) for name in heading)
    # Most names are enough, so that one misspelled name does not make a heading a row.
    if known[True] * 2 > len(heading):
        return [dict(zip(heading, row, strict=False)) for row in rows[1:]]
    return rows


def _json_rows(body: Body) -> list[Any]:
    document = json.loads(body.content)
    rows = document.get("instances", [document]) if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, list | dict) for row in rows):
        raise ValueError("got no list of rows")
    return rows
