"""The metric of the project in parts of the held-out rows."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.evaluation.interval import intervals
from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.evaluation.scored import HeldOut, Scored
from mlops_jobs.failure import InputError
from mlops_jobs.table.raw import is_missing

MIN_ROWS = 20
MAX_CATEGORIES = 8
QUANTILES = 4
MIN_NUMBERS = 0.9  # share of the cells of a column of numbers
DRAWS = 60
Rows = npt.NDArray[np.intp]


def slices(
    scored: Scored, rows: HeldOut, columns: Sequence[str], metric: Metric
) -> list[dict[str, Any]]:
    """Returns the metric of each part with enough rows, the worst first.

    A column of numbers is divided at its quartiles, another one by its most frequent values.

    Args:
        scored: the rows.
        rows: the same rows with their cells.
        columns: the columns.
        metric: metric of the project.

    Raises:
        InputError: a column does not exist.
    """
    found = []
    for column in columns:
        if column not in rows.columns:
            raise InputError(
                f"evaluation.slices: got {column!r}; allowed: {', '.join(rows.columns)}"
            )
        for value, chosen in _parts(rows.columns[column]):
            entry = _measured(scored.drawn(chosen), metric)
            if entry:
                found.append({"column": column, "value": value, "rows": len(chosen), **entry})
    return sorted(found, key=lambda one: one["metric"] if metric.maximize else -one["metric"])


def _measured(part: Scored, metric: Metric) -> dict[str, Any] | None:
    """Returns the metric and its interval; None if the metric is undefined."""
    with np.errstate(all="ignore"):
        value = part.measure(metric)
    if not np.isfinite(value):
        return None
    found = intervals(
        lambda draw: {metric.name: part.drawn(draw).measure(metric)},
        {metric.name: value},
        part.rows,
        count=DRAWS,
    )
    ends = found.get(metric.name)
    return {"metric": value, **(ends.to_json() if ends else {})}


def _parts(cells: Sequence[str]) -> Iterator[tuple[str, Rows]]:
    """Yields the parts of a column with enough rows, and how reports name them."""
    missing = np.array([is_missing(cell) for cell in cells])
    known = np.flatnonzero(~missing)
    texts = [cells[row].strip() for row in known.tolist()]
    numbers = np.array([_number(text) for text in texts])
    if len(known) and np.isfinite(numbers).mean() >= MIN_NUMBERS:
        parts = _quantiles(known[np.isfinite(numbers)], numbers[np.isfinite(numbers)])
    else:
        parts = _categories(known, texts)
    yield from ((name, rows) for name, rows in parts if len(rows) >= MIN_ROWS)
    if missing.sum() >= MIN_ROWS:
        yield "missing", np.flatnonzero(missing)


def _categories(rows: Rows, texts: list[str]) -> Iterator[tuple[str, Rows]]:
    values, codes, counts = np.unique(
        np.array(texts, dtype=object), return_inverse=True, return_counts=True
    )
    for code in np.argsort(-counts, kind="stable")[:MAX_CATEGORIES]:
        yield str(values[code]), rows[codes == code]


def _quantiles(rows: Rows, numbers: npt.NDArray[np.float64]) -> Iterator[tuple[str, Rows]]:
    values = np.unique(numbers)
    if len(values) <= QUANTILES:
        for value in values:
            yield f"{value:g}", rows[numbers == value]
        return
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, QUANTILES + 1)))
    places = np.clip(np.searchsorted(edges, numbers, side="left"), 1, len(edges) - 1)
    for at in range(1, len(edges)):
        first = "[" if at == 1 else "("
        yield f"{first}{edges[at - 1]:g}, {edges[at]:g}]", rows[places == at]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
