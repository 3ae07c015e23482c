"""Metric math over time series.

A value is a number, a series (values by the beginning of their periods) or a list of series.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rehearsal.services.cloudwatch.math_operations import AGGREGATES, EACH, OPERATORS
from rehearsal.services.cloudwatch.math_parser import ExpressionError, Node

Series = dict[float, float]
Value = float | Series | list[Series] | str


FUNCTIONS = frozenset(
    {*AGGREGATES, *EACH, "IF", "FILL", "METRICS", "FIRST", "LAST", "DIFF", "RATE", "PERIOD"}
    | {"METRIC_COUNT", "DATAPOINT_COUNT", "RUNNING_SUM", "TIME_SERIES"}
)


@dataclass(frozen=True)
class Variables:
    """The values that an expression can refer to.

    Args:
        lookup: returns the series of an id.
        metrics: returns the series of all metrics of the request, by id.
        grid: the beginnings of the requested periods, in epoch seconds.
        period: the length of a period, in seconds.
    """

    lookup: Callable[[str], Value]
    metrics: Callable[[], dict[str, Series]]
    grid: Sequence[float]
    period: float


def check(node: Node) -> None:
    """Raises ExpressionError for a function that is not supported."""
    unknown = sorted(node.functions() - FUNCTIONS)
    if unknown:
        raise ExpressionError(
            f"The rehearsal does not compute {', '.join(unknown)} of metric math. It supports "
            f"{', '.join(sorted(FUNCTIONS))}."
        )


def compute(node: Node, known: Variables) -> Value:
    """Returns the value of a tree, without points that have no value, such as x / 0."""
    match node.kind:
        case "number":
            return node.number
        case "text" | "word":
            return node.text
        case "id":
            return known.lookup(node.text)
        case "list":
            return [_series(compute(argument, known), known) for argument in node.arguments]
        case "operator":
            left, right = (compute(argument, known) for argument in node.arguments)
            return _combine(OPERATORS[node.text], left, right)
    return _call(node, known)


def _call(node: Node, known: Variables) -> Value:
    check(node)
    name, given = node.text, [compute(argument, known) for argument in node.arguments]
    if name == "METRICS":
        part = given[0] if given else ""
        return [s for key, s in known.metrics().items() if isinstance(part, str) and part in key]
    if name == "IF" and len(given) in (2, 3):
        return _if(given, known)
    if name == "FILL" and len(given) == 2:
        return _each_series(given[0], lambda series: _fill(series, given[1], known))
    if len(given) != 1:
        raise ExpressionError(f"{name} does not take {len(given)} arguments")
    only = given[0]
    if name in AGGREGATES:
        return _aggregate(AGGREGATES[name], only)
    if name in EACH:
        return _combine(lambda value, _: EACH[name](value), only, 0.0)
    return _of_one(name, only, known)


def _of_one(name: str, only: Value, known: Variables) -> Value:
    match name:
        case "METRIC_COUNT":
            return float(len(only)) if isinstance(only, list) else 1.0
        case "PERIOD":
            return known.period
        case "DATAPOINT_COUNT":
            return _aggregate(lambda values: float(len(values)), only)
        case "TIME_SERIES":
            return _series(only, known)
        case "FIRST" | "LAST" if isinstance(only, list):
            if not only:
                raise ExpressionError(f"{name} of no series")
            return only[0 if name == "FIRST" else -1]
        case "DIFF" | "RATE":
            scale = known.period if name == "RATE" else 1.0
            return _each_series(only, lambda series: _differences(series, scale))
        case "RUNNING_SUM":
            return _each_series(only, _running_sum)
    raise ExpressionError(f"{name} needs a list of series")


def _combine(apply: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        raise ExpressionError(f"A text is no number: {left if isinstance(left, str) else right!r}")
    if isinstance(left, list):
        return [_kept(_combine(apply, one, right)) for one in left]
    if isinstance(right, list):
        return [_kept(_combine(apply, left, one)) for one in right]
    if isinstance(left, float):
        if isinstance(right, float):
            return apply(left, right)
        pairs = {at: apply(left, value) for at, value in right.items()}
    elif isinstance(right, float):
        pairs = {at: apply(value, right) for at, value in left.items()}
    else:
        pairs = {at: apply(left[at], right[at]) for at in left if at in right}
    return {at: value for at, value in pairs.items() if not math.isnan(value)}


def _kept(value: Value) -> Series:
    if not isinstance(value, dict):
        raise ExpressionError("A list holds series only")
    return value


def _aggregate(apply: Callable[[Sequence[float]], float], given: Value) -> Value:
    """Aggregates a series to a number, and several series to one, period by period."""
    if isinstance(given, dict):
        return apply(list(given.values())) if given else {}
    if isinstance(given, list):
        times = sorted({at for series in given for at in series})
        return {at: apply([series[at] for series in given if at in series]) for at in times}
    raise ExpressionError("An aggregate needs a series or a list of series")


def _if(given: Sequence[Value], known: Variables) -> Value:
    condition, chosen = given[0], given[1]
    other: Value = given[2] if len(given) == 3 else {}
    if isinstance(condition, float):
        return chosen if condition else other
    if not isinstance(condition, dict):
        raise ExpressionError("The condition of IF must be a number or one series")
    result: Series = {}
    for at, value in condition.items():
        branch = chosen if value else other
        found = branch.get(at) if isinstance(branch, dict) else branch
        if isinstance(found, float):
            result[at] = found
    return result


def _fill(series: Series, filler: Value, known: Variables) -> Series:
    if filler == "REPEAT":
        result: Series = {}
        for at in known.grid:
            before = [time for time in series if time <= at]
            if before:
                result[at] = series[max(before)]
        return result
    if filler == "LINEAR":
        return {at: value for at in known.grid if (value := _between(series, at)) is not None}
    if isinstance(filler, dict):
        return {at: series.get(at, filler[at]) for at in known.grid if at in {**series, **filler}}
    if isinstance(filler, float):
        return {at: series.get(at, filler) for at in known.grid}
    raise ExpressionError("FILL takes a number, a series, REPEAT or LINEAR")


def _between(series: Series, at: float) -> float | None:
    before = [time for time in series if time <= at]
    after = [time for time in series if time >= at]
    if not before or not after:
        return None
    low, high = max(before), min(after)
    share = (at - low) / (high - low) if high > low else 0.0
    return series[low] + share * (series[high] - series[low])


def _differences(series: Series, scale: float) -> Series:
    times = sorted(series)
    pairs = itertools.pairwise(times)
    return {later: (series[later] - series[earlier]) / scale for earlier, later in pairs}


def _running_sum(series: Series) -> Series:
    total, result = 0.0, {}
    for at in sorted(series):
        total += series[at]
        result[at] = total
    return result


def _each_series(given: Value, apply: Callable[[Series], Series]) -> Value:
    if isinstance(given, list):
        return [apply(series) for series in given]
    if isinstance(given, dict):
        return apply(given)
    raise ExpressionError("A series is needed")


def _series(value: Value, known: Variables) -> Series:
    if isinstance(value, dict):
        return value
    if isinstance(value, float):
        return dict.fromkeys(known.grid, value)
    raise ExpressionError("A series is needed")
